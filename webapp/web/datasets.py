"""Datasets: making them, their people, and who may see them."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("datasets", __name__)
