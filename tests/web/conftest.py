"""A person with one action, recognised once, and a worker that can be asked."""

from __future__ import annotations

from functools import partial

import pytest
from flask import Flask

from tests.conftest import Browser, LogIn
from tests.web.teaching import learned, recognised
from webapp.config import Settings
from webapp.pipeline.analyses import analysed
from webapp.services.analysis import EXTENSION, Analysis


@pytest.fixture
def working(app: Flask, settings: Settings) -> None:
    """The app, as if a worker were connected."""
    app.extensions[EXTENSION] = Analysis(partial(analysed, settings=settings))


@pytest.fixture
def anna(log_in: LogIn) -> Browser:
    return log_in("anna")


@pytest.fixture
def action_id(anna: Browser) -> str:
    return learned(anna, "Arm raise", 0.4)


@pytest.fixture
def event_id(app: Flask, anna: Browser, action_id: str) -> str:
    return recognised(app, anna, action_id, "one")
