"""Jobs: what runs, how far it is, what it found; and starting those of a dataset."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("jobs", __name__)
