"""How a request wants to be answered."""

from __future__ import annotations

from flask import request


def wants_json() -> bool:
    """Whether to answer JSON: asked for by Accept, or the body was JSON, or the method is no form's."""
    if request.is_json or request.method not in {"GET", "HEAD", "POST"}:
        return True
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
