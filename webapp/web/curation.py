"""Looking over a dataset: the grid, the statistics, its versions."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("curation", __name__)
