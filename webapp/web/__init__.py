"""Thin blueprints, one file per noun."""
