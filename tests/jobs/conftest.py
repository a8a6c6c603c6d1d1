"""An app with an owner and a dataset, and real consumers on its instance directory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import MakeAccount
from webapp.bench.instance import end
from webapp.config import ROOT, Settings
from webapp.core.skeleton import UPPER_BODY_6
from webapp.core.skeleton_json import skeleton_reference
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Dataset
from webapp.db.engine import transaction
from webapp.db.jobs import Job, JobFinding
from webapp.services.jobs import create_job

MakeConsumer = Callable[..., "subprocess.Popen[bytes]"]


@dataclass
class Desk:
    """Where jobs are asked for and looked at, in an app context of its own each time."""

    app: Flask
    owner_id: int
    dataset_id: str
    asked: list[str] = field(default_factory=list)

    @property
    def owner(self) -> User:
        owner = db.session.get(User, self.owner_id)
        assert owner is not None
        return owner

    def ask(self, does: str = "count", kind: str = "curate", total: int = 5, pause_s: float = 0.0) -> str:
        with self.app.app_context():
            job = create_job(self.owner, kind, self.dataset_id, {"does": does, "total": total, "pause_s": pause_s})
            self.asked.append(job.id)
            return job.id

    def row(self, job_id: str) -> Job:
        with self.app.app_context():
            job = db.session.get(Job, job_id)
            assert job is not None
            db.session.expunge(job)
            return job

    def set(self, job_id: str, **values: object) -> None:
        with self.app.app_context(), transaction() as session:
            job = session.get(Job, job_id)
            for name, value in values.items():
                setattr(job, name, value)

    def found(self, job_id: str) -> list[str]:
        with self.app.app_context():
            findings = db.session.query(JobFinding).filter_by(job_id=job_id).order_by(JobFinding.id)
            return [finding.file_name for finding in findings]

    def wait(self, job_id: str, happened: Callable[[Job], bool], what: str, timeout_s: float = 40) -> Job:
        until_s = time.monotonic() + timeout_s
        while not happened(job := self.row(job_id)):
            assert time.monotonic() < until_s, f"{what} did not happen; {job.state} {job.step} {job.done} {job.message}"
            time.sleep(0.05)
        return job

    def wait_for_end(self, job_id: str) -> Job:
        return self.wait(job_id, lambda job: job.ended_at is not None, "its end")


def numbers(total: int) -> list[str]:
    return [f"{number}.jpg" for number in range(total)]


@pytest.fixture
def desk(app: Flask, make_account: MakeAccount) -> Desk:
    owner_id = make_account("anna")
    with app.app_context(), transaction() as session:
        skeleton = json.dumps(skeleton_reference(UPPER_BODY_6))
        dataset = Dataset(owner_id=owner_id, name="Arms", name_key="arms", skeleton=skeleton)
        session.add(dataset)
        session.flush()
        return Desk(app, owner_id, dataset.id)


@pytest.fixture
def consumer(settings: Settings, tmp_path: Path) -> Iterator[MakeConsumer]:
    """What starts another consumer; all are ended after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(
        sweep_every_s: float = 0.3,
        child: str = "tests.jobs.child_process",
        starter: str = "tests.jobs.consumer_process",
        workers: tuple[int, int] = (2, 1),
    ) -> subprocess.Popen[bytes]:
        own = {
            "MOVEPRINT_INSTANCE_DIR": str(settings.instance_dir),
            "MOVEPRINT_QUEUE_URL": settings.queue_url,
            "MOVEPRINT_JOB_WORKERS": str(workers[0]),
            "MOVEPRINT_TRAINING_WORKERS": str(workers[1]),
        }
        with (tmp_path / "consumer.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", starter, str(sweep_every_s), child],
                cwd=ROOT,
                env={**os.environ, **own},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        end(process)  # type: ignore[arg-type]
    print((tmp_path / "consumer.log").read_text() if started else "")
