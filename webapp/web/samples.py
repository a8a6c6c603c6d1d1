"""Samples of a dataset: the pictures themselves, their labels, the queue of what is to be reviewed."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("samples", __name__)
