"""What is done with networks beside running them: export. The only layer that may import TensorFlow at will."""
