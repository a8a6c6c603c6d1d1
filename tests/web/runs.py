"""Training runs of a dataset's owner, as pages and requests meet them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.conftest import Browser
from tests.dataset_seeding import Seeded
from tests.run_seeding import evaluation, seed_run, write_files
from webapp.config import Settings
from webapp.services.run_files import run_dir


@pytest.fixture
def done(app: Flask, settings: Settings, people: dict[str, Browser], arms: Seeded) -> str:
    """A run of the owner's that has ended well."""
    with app.app_context():
        run_id = seed_run(arms, people["owner"].user_id, metrics=evaluation(arms))
    write_files(run_dir(settings, run_id), arms)
    return run_id


def seeded(app: Flask, people: dict[str, Browser], arms: Seeded, **options: Any) -> str:
    with app.app_context():
        return seed_run(arms, people["owner"].user_id, **options)
