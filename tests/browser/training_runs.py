"""Training runs of an administrator's dataset on a server, as their pages show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.browser import seeding
from tests.browser.running import RunningServer
from tests.dataset_seeding import Seeded
from tests.run_seeding import seed_run, write_files
from webapp.config import Settings
from webapp.db.base import new_id
from webapp.db.engine import transaction
from webapp.db.jobs import Job
from webapp.db.runs import TrainingRun
from webapp.services.accounts import get_account
from webapp.services.run_files import run_dir

Seed = Callable[..., str]


@pytest.fixture
def app(server: RunningServer) -> Flask:
    return seeding.app_of(server)


@pytest.fixture
def arms(server: RunningServer) -> Seeded:
    people = [f"{name} {new_id()}" for name in ("Anna", "Ben", "Cleo", "Dora")]
    return seeding.dataset(server, "chief", 16, name=f"Arms {new_id()}", people=people, states=("reviewed",))


@pytest.fixture
def seed(app: Flask, server: RunningServer, arms: Seeded) -> Seed:
    """What makes a run of the dataset as if it had been trained; options as of tests.run_seeding."""

    def seeded(files: bool = True, **options: Any) -> str:
        with app.app_context():
            run_id = seed_run(arms, get_account("chief").id, **options)
        if files:
            write_files(run_dir(Settings(instance_dir=server.instance.folder), run_id), arms)
        return run_id

    return seeded


def change_job(app: Flask, run_id: str, **values: object) -> None:
    with app.app_context(), transaction() as session:
        job = session.get_one(Job, session.get_one(TrainingRun, run_id).job_id)
        for name, value in values.items():
            setattr(job, name, value)
