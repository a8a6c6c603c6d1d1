"""Security and caching headers of every answer."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from flask import Flask, request
from werkzeug.wrappers import Response

_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost"})
YEAR_S = 365 * 24 * 3600


def init_headers(app: Flask) -> None:
    app.after_request(_add_security_headers)
    app.after_request(_add_caching_headers)
    versions: dict[str, str] = {}

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        """A static file's address changes with its content, so that it may be kept for a year."""
        if endpoint != "static" or "v" in values or not app.static_folder:
            return
        filename = values.get("filename", "")
        if filename not in versions or app.debug:
            versions[filename] = _version(app, filename)
        if versions[filename]:
            values["v"] = versions[filename]


def _version(app: Flask, filename: str) -> str:
    try:
        return hashlib.sha256((Path(str(app.static_folder)) / filename).read_bytes()).hexdigest()[:12]
    except (FileNotFoundError, IsADirectoryError):
        return ""  # its address will answer 404, which says more than a broken page


def _add_security_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", content_security_policy(request.host))
    headers.setdefault("Permissions-Policy", "camera=(self), microphone=(), geolocation=(), payment=(), usb=()")
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    if request.is_secure or request.host.split(":")[0] in LOCAL_HOSTS:  # elsewhere browsers only complain about it
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    return response


def content_security_policy(host: str) -> str:
    """Own files only. Not every browser counts a WebSocket of the own host as 'self', so it is named."""
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            "img-src 'self' blob: data:",
            "media-src 'self' blob:",
            f"connect-src 'self'{sockets}",
            "worker-src 'self' blob:",
            "frame-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def let_frame_run_mediapipe(response: Response) -> None:
    """For the one page in which MediaPipe runs, in a frame of ours: its WebAssembly build makes functions out of text.

    It may load and reach own files only, and shows nothing.
    """
    policy = (
        "default-src 'none'; script-src 'self' 'unsafe-eval'; connect-src 'self'; form-action 'none'; base-uri 'none'"
    )
    response.headers["Content-Security-Policy"] = f"{policy}; frame-ancestors 'self'"
    response.headers["X-Frame-Options"] = "SAMEORIGIN"


def _add_caching_headers(response: Response) -> Response:
    if request.endpoint == "static":
        fingerprinted = "v" in request.args and response.status_code in {200, 304}
        # modules import each other without the version, so those are asked for again and mostly answered 304
        response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable" if fingerprinted else "no-cache"
    else:
        # pages show what belongs to one person
        response.headers.setdefault("Cache-Control", "private, no-store")
    return response
