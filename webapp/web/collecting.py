"""Filling a dataset: webcam, videos, picture files and archives."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("collecting", __name__)
