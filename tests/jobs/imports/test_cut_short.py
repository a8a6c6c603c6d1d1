"""Imports that fail, are cancelled or killed lose nothing, double nothing and leave nothing behind."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select

from tests.dataset_seeding import drawn_picture
from tests.datasets.hostile import saved
from tests.jobs.conftest import Desk
from tests.jobs.importing import (
    add_job,
    add_uploads,
    coco_folder,
    counts,
    do_job,
    figures,
    findings,
    imported,
    stored_files,
)
from webapp.config import ROOT, Settings
from webapp.datasets.picture_store import SCRATCH_PREFIX
from webapp.datasets.uploads import uploads_dir
from webapp.db.base import db
from webapp.db.datasets import Dataset, Picture, Sample
from webapp.db.engine import transaction
from webapp.jobs import imports
from webapp.jobs.claims import Claim, give_back
from webapp.services.picture_files import delete_unused


def test_a_failed_import_leaves_nothing_behind(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    imported(desk, settings, **{"from": str(coco_folder(tmp_path / "bare", range(3), labelled=False))})
    before, files = counts(desk.app), stored_files(settings)
    folder = coco_folder(tmp_path / "more", range(40))
    job_id, state = imported(desk, replace(settings, max_import_pictures=30), **{"from": str(folder)})
    assert state == "failed"
    assert "30 pictures" in (desk.row(job_id).message or "")
    assert counts(desk.app) == before
    assert stored_files(settings) == files
    with desk.app.app_context():
        assert {(sample.state, sample.revision, sample.extra) for sample in db.session.scalars(select(Sample))} == {
            ("unlabelled", 0, "{}")
        }


def test_labels_that_are_taken_back_are_a_change_of_the_dataset(
    desk: Desk, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(desk, settings, **{"from": str(coco_folder(tmp_path / "bare", range(3), labelled=False))})
    monkeypatch.setattr(imports, "unmark", lambda *_: 1 / 0)
    assert imported(desk, settings, **{"from": str(coco_folder(tmp_path / "coco", range(3)))})[1] == "failed"
    assert counts(desk.app)[:3] == (3, 3, 0)
    with desk.app.app_context():
        assert db.session.get_one(Dataset, desk.dataset_id).change_number == 3


def test_a_cancelled_import_leaves_nothing_behind(desk: Desk, settings: Settings) -> None:
    job_id = add_job(desk.app, desk.owner_id, desk.dataset_id)
    add_uploads(desk.app, settings, job_id, [(f"{number}.jpg", drawn_picture(number).jpeg) for number in range(150)])
    process = start_import(settings, job_id, batch=20)
    desk.wait(job_id, lambda job: job.done >= 40, "a part of the import")
    desk.set(job_id, cancel_asked=True)
    process.wait(60)
    assert desk.row(job_id).state == "cancelled"
    assert counts(desk.app) == (0, 0, 0, 0)
    assert stored_files(settings) == []
    assert not uploads_dir(settings.instance_dir, job_id).exists()


def start_import(settings: Settings, job_id: str, batch: int, largest: int = 0) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.jobs.import_process", str(settings.instance_dir), job_id, str(batch)]
    return subprocess.Popen([*command, str(largest)], cwd=ROOT)


def test_killed_at_any_point_an_import_goes_on_and_loses_and_doubles_nothing(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    count = 240
    folder = coco_folder(tmp_path / "coco", range(count))
    (folder / "broken.zip").write_bytes(b"PK broken")
    job_id = add_job(desk.app, desk.owner_id, desk.dataset_id, **{"from": str(folder)})
    draws = random.Random(3)
    for target in (1, 80, 160):
        process = start_import(settings, job_id, batch=10)
        desk.wait(job_id, lambda job, target=target: job.done >= target, "a part of the import")  # type: ignore[misc]
        time.sleep(draws.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.wait()
        with desk.app.app_context():
            assert give_back(Claim.of(desk.row(job_id)))
        desk.set(job_id, attempts=0)
    job = do_job(desk.app, settings, job_id)
    assert (job.state, job.done) == ("succeeded", count + 1)
    assert counts(desk.app) == (count, count, count, 2)
    assert [name for _, name, _ in findings(desk.app, job_id)] == ["broken.zip"]
    with desk.app.app_context():
        positions = list(db.session.scalars(select(Sample.position).order_by(Sample.position)))
        names = list(db.session.scalars(select(Picture.file_name).join(Sample).order_by(Sample.position)))
    assert positions == list(range(count))
    assert names == [f"images/{number:05}.jpg" for number in range(count)]
    assert len(stored_files(settings)) == count + len(list((settings.instance_dir / "datasets").glob("*/??/.part*")))


def test_killed_and_then_cancelled_an_import_leaves_no_file_that_was_ahead_of_its_row(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    folder = coco_folder(tmp_path / "coco", range(100))
    job_id = add_job(desk.app, desk.owner_id, desk.dataset_id, **{"from": str(folder)})
    process = start_import(settings, job_id, batch=1000)
    desk.wait(job_id, lambda _: len(stored_files(settings)) > 20, "files without rows")
    process.send_signal(signal.SIGKILL)
    process.wait()
    with desk.app.app_context():
        assert give_back(Claim.of(desk.row(job_id)))
    desk.set(job_id, cancel_asked=True)
    assert do_job(desk.app, settings, job_id).state == "cancelled"
    # what was half written in the moment of the kill may be anybody's, and goes with the sweep an hour later
    assert [name for name in stored_files(settings) if not name.startswith(SCRATCH_PREFIX)] == []


def test_a_full_disk_ends_the_import_with_the_reason_and_leaves_nothing_behind(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    folder = figures(tmp_path / "f", *(f"{number}.jpg" for number in range(30)))
    large = Image.fromarray(np.random.default_rng(1).integers(0, 256, (1500, 1500, 3), np.uint8))
    (folder / "z.png").write_bytes(saved(large, "PNG"))
    job_id = add_job(desk.app, desk.owner_id, desk.dataset_id, **{"from": str(folder)})
    assert start_import(settings, job_id, batch=10, largest=5_000_000).wait(60) == 0
    job = desk.row(job_id)
    assert job.state == "failed"
    assert "could not be read or written: File too large" in (job.message or "")
    assert counts(desk.app)[:2] == (0, 0)
    assert stored_files(settings) == []


def test_other_datasets_keep_their_files_when_an_import_is_taken_back(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    folder = figures(tmp_path / "f", "a.jpg", "b.jpg")
    imported(desk, settings, **{"from": str(folder)})
    files = stored_files(settings)
    with desk.app.app_context(), transaction() as session:
        other = Dataset(owner_id=desk.owner_id, name="Other", name_key="other", skeleton='"coco_17"')
        session.add(other)
        session.flush()
        other_id = other.id
    figures(folder, "c.jpg", first=7)
    job_id = add_job(desk.app, desk.owner_id, other_id, **{"from": str(folder)})
    assert do_job(desk.app, replace(settings, max_import_pictures=2), job_id).state == "failed"
    assert stored_files(settings) == files
    with desk.app.app_context():
        assert delete_unused([name[:64] for name in files]) == 0
