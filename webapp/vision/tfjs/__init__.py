"""TensorFlow.js graph models made into TFLite files: graph_model reads, unfusing and conversion convert."""
