"""Pose estimators, one file per model family."""
