"""Files that nobody needs any more go; files that somebody needs stay, however close the race."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from flask import Flask, current_app
from sqlalchemy import delete

from tests.conftest import MakeAccount
from tests.dataset_seeding import Seeded, seed_dataset
from webapp.config import Settings
from webapp.core.records import Box
from webapp.datasets.picture_store import SCRATCH_PREFIX, store_of
from webapp.datasets.thumbnails import thumbnails_beside
from webapp.datasets.uploads import uploads_dir
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Picture
from webapp.db.engine import transaction
from webapp.db.jobs import Job
from webapp.services.picture_files import delete_unused, exports_dir, sweep

HOUR_S = 3600.0
BOX = Box(10, 10, 60, 90)


@pytest.fixture
def owner(context: None, make_account: MakeAccount) -> User:
    return db.session.get_one(User, make_account("anna"))


def shas(seeded: Seeded) -> list[str]:
    return [db.session.get_one(Picture, picture_id).sha256 for picture_id in seeded.picture_ids]


def aged(path: Path, seconds: float) -> Path:
    at_s = time.time() - seconds
    os.utime(path, (at_s, at_s))
    return path


def made(path: Path, age_s: float = 0.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return aged(path, age_s)


def test_a_picture_that_another_dataset_names_stays(owner: User, settings: Settings) -> None:
    store = store_of(settings)
    first = seed_dataset(owner, settings.instance_dir, 3, name="One", people=[None])
    seed_dataset(owner, settings.instance_dir, 2, name="Two", people=[None])
    known = shas(first)
    thumbnails = thumbnails_beside(store)
    made_now = [thumbnails.ready(sha256, "jpg", BOX) for sha256 in known]
    with transaction() as session:
        session.execute(delete(Picture).where(Picture.dataset_id == first.dataset_id))
    assert delete_unused(known) == 1
    assert [store.has(sha256, "jpg") for sha256 in known] == [True, True, False]
    assert [path.exists() for path in made_now] == [True, True, False]
    assert delete_unused(known) == 0


def test_deleting_waits_for_rows_that_are_being_stored(owner: User, settings: Settings) -> None:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    store = store_of(settings)
    seeded = seed_dataset(owner, settings.instance_dir, 1, people=[None])
    sha256 = shas(seeded)[0]
    row = db.session.get_one(Picture, seeded.picture_ids[0])
    kept = {column.name: getattr(row, column.name) for column in Picture.__table__.columns}
    with transaction() as session:
        session.execute(delete(Picture))

    def remove() -> None:
        with app.app_context():
            delete_unused([sha256])

    with store.kept():
        remover = threading.Thread(target=remove)
        remover.start()
        time.sleep(0.1)
        with transaction() as session:
            session.add(Picture(**kept))
    remover.join()
    assert store.has(sha256, "jpg")


def test_the_sweep_takes_what_no_row_names_and_is_old(owner: User, settings: Settings) -> None:
    store = store_of(settings)
    seeded = seed_dataset(owner, settings.instance_dir, 2, people=[None])
    named = [aged(store.path(sha256, "jpg"), 9 * HOUR_S) for sha256 in shas(seeded)]
    stray_thumbnail = made(thumbnails_beside(store).path("f" * 64, BOX), 2 * HOUR_S)
    old, young = made(store.path("a" * 64, "jpg"), 2 * HOUR_S), made(store.path("b" * 64, "png"))
    half = made(store.root / "ab" / f"{SCRATCH_PREFIX}x", 2 * HOUR_S)
    being_written = made(store.root / "ab" / f"{SCRATCH_PREFIX}y")
    sweep()
    assert all(path.exists() for path in (*named, young, being_written))
    assert not any(path.exists() for path in (old, half, stray_thumbnail))


def test_the_sweep_takes_uploads_of_ended_jobs_and_exports_of_last_week(owner: User, settings: Settings) -> None:
    seeded = seed_dataset(owner, settings.instance_dir, 1, people=[None])
    jobs = {}
    with transaction() as session:
        for state in ("draft", "running", "failed", "succeeded"):
            job = Job(kind="import", dataset_id=seeded.dataset_id, created_by=owner.id, state=state, parameters="{}")
            session.add(job)
            session.flush()
            jobs[state] = job.id
    uploads = {
        state: uploads_dir(settings.instance_dir, job_id) for state, job_id in (*jobs.items(), ("gone", "0" * 32))
    }
    for folder in uploads.values():
        made(folder / "1.part")
        aged(folder, 2 * HOUR_S)
    recent, old = exports_dir(settings, jobs["succeeded"]), exports_dir(settings, jobs["failed"])
    for folder, age_s in ((recent, 6 * 24 * HOUR_S), (old, 8 * 24 * HOUR_S)):
        made(folder / "arms.zip")
        aged(folder, age_s)
    sweep()
    assert {state for state, folder in uploads.items() if folder.exists()} == {"draft", "running"}
    assert (recent.exists(), old.exists()) == (True, False)


def test_the_sweep_of_nothing_is_nothing(owner: User, settings: Settings) -> None:
    sweep()
    assert delete_unused([]) == 0
