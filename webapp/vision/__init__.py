"""Detectors and pose models: the only home of inference frameworks."""
