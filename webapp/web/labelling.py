"""The page on which pictures are labelled."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("labelling", __name__)
