"""Labelled keypoint datasets: records, exchange formats, the picture store, and what is worked out of labels."""
