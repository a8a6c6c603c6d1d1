"""Imports that need no model files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from webapp.config import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Whoever is in a picture fills it: no model files are needed."""
    return replace(settings, detector="whole_frame")
