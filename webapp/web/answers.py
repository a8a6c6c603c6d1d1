"""How a request wants to be answered, and what works the answer out."""

from __future__ import annotations

from typing import cast

from flask import current_app, request

from webapp.services.analysis import EXTENSION, Analysis


def wants_json() -> bool:
    """Whether to answer JSON: asked for by Accept, or the body was JSON, or the method is no form's."""
    if request.is_json or request.method not in {"GET", "HEAD", "POST"}:
        return True
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def analysis() -> Analysis:
    """What asks this app's workers."""
    return cast(Analysis, current_app.extensions[EXTENSION])
