"""Which Chromium, and the flags that keep it from calling home."""

from __future__ import annotations

import shutil

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
WEBGL = ("--enable-unsafe-swiftshader",)
"""The graphics that MediaPipe asks for, drawn by the processor."""
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """The installed browser's path."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)
