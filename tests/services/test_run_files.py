"""Of a run's folder nothing stays longer than somebody needs it, and nothing goes that somebody needs."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.conftest import MakeAccount
from tests.dataset_seeding import Seeded, seed_dataset
from tests.run_seeding import seed_run, write_files
from tests.services.datasets import account
from webapp.config import Settings
from webapp.datasets.picture_store import SCRATCH_PREFIX
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.runs import TrainingRun
from webapp.services.picture_files import sweep
from webapp.services.run_files import came_further, forget_data, note_beginning, run_dir, runs_dir, undo_run
from webapp.training.records import ARCHIVE, BEST, EXPORTS, HISTORY, LAST, LOG

HOUR_S = 3600.0


@pytest.fixture
def owner(context: None, make_account: MakeAccount) -> User:
    return account(make_account("anna"))


@pytest.fixture
def arms(owner: User, settings: Settings) -> Seeded:
    return seed_dataset(owner, settings.instance_dir, 4)


def filled(settings: Settings, run_id: str, arms: Seeded) -> Path:
    """The folder of a run, with what only a run that goes on needs."""
    folder = run_dir(settings, run_id)
    write_files(folder, arms)
    (folder / ARCHIVE).write_bytes(b"pictures")
    (folder / f"{SCRATCH_PREFIX}half").write_bytes(b"pict")
    (folder / f".new-{BEST}").write_bytes(b"half a network")
    (folder / EXPORTS / ".export-half").mkdir()
    (folder / EXPORTS / ".export-half" / "int8.tflite").write_bytes(b"half a form")
    (folder / LAST).mkdir()
    (folder / LAST / "checkpoint").write_bytes(b"weights")
    return folder


def job_of(run_id: str) -> str:
    return db.session.get_one(TrainingRun, run_id).job_id


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_run_that_has_ended_keeps_what_it_reached_and_no_pictures(
    owner: User, arms: Seeded, settings: Settings
) -> None:
    run_id = seed_run(arms, owner.id, state="failed")
    folder = filled(settings, run_id, arms)

    forget_data(job_of(run_id))
    forget_data(job_of(run_id))

    assert names(folder) == {BEST, EXPORTS, "history.csv", "log.txt", "predictions.json"}
    assert not any(name.startswith(".") for name in names(folder / EXPORTS))


def test_the_log_of_a_run_that_was_cancelled_says_so_once_and_that_of_a_failed_one_does_not(
    owner: User, arms: Seeded, settings: Settings
) -> None:
    for cancelled in (True, False):
        run_id = seed_run(arms, owner.id, state="running", cancel_asked=cancelled)
        folder = filled(settings, run_id, arms)

        undo_run(job_of(run_id))
        undo_run(job_of(run_id))

        last = (folder / LOG).read_text().splitlines()[-1]
        assert last.endswith("  the run was cancelled") == cancelled
        assert (folder / LOG).read_text().count("the run was cancelled") == cancelled
        assert ARCHIVE not in names(folder)


def test_a_run_that_is_cancelled_before_it_has_a_folder_gets_none(
    owner: User, arms: Seeded, settings: Settings
) -> None:
    run_id = seed_run(arms, owner.id, state="running", epochs=0, cancel_asked=True)

    undo_run(job_of(run_id))

    assert not run_dir(settings, run_id).exists()


def test_pictures_that_a_crash_left_of_an_ended_run_are_swept_and_those_of_a_running_one_stay(
    owner: User, arms: Seeded, settings: Settings
) -> None:
    ended, running, waiting = (
        filled(settings, seed_run(arms, owner.id, state=state), arms) for state in ("succeeded", "running", "queued")
    )

    sweep()

    assert ARCHIVE not in names(ended)
    assert BEST in names(ended)
    assert names(running) == names(waiting) >= {ARCHIVE, LAST}


def test_a_folder_without_a_row_is_swept_after_an_hour(context: None, settings: Settings) -> None:
    old, young = (runs_dir(settings) / name for name in ("old", "young"))
    for folder, age_s in ((old, HOUR_S + 1), (young, HOUR_S - 60)):
        folder.mkdir(parents=True)
        os.utime(folder, (time.time() - age_s,) * 2)

    sweep()

    assert (old.exists(), young.exists()) == (False, True)


def test_an_attempt_came_further_with_an_epoch_with_its_archive_or_with_a_form_and_not_otherwise(
    owner: User, arms: Seeded, settings: Settings
) -> None:
    run_id = seed_run(arms, owner.id, state="running", epochs=2)
    folder, job_id = run_dir(settings, run_id), job_of(run_id)
    assert not came_further(job_id), "it died before it had begun"

    def begins_and(written: str = "", content: str = "") -> bool:
        note_beginning(folder)
        if written:
            (folder / written).parent.mkdir(exist_ok=True)
            (folder / written).write_text(content, encoding="utf-8")
        return came_further(job_id)

    assert not begins_and()
    assert begins_and(ARCHIVE, "pictures")
    assert not begins_and()
    assert begins_and(HISTORY, "epoch,loss\n1,0.5\n")
    assert begins_and(HISTORY, "epoch,loss\n1,0.5\n2,0.4\n")
    assert not begins_and(HISTORY, "epoch,loss\n1,0.5\n2,0.4\n")
    assert begins_and(f"{EXPORTS}/small.tflite", "model")
    assert not begins_and()
    note_beginning(folder)
    (folder / EXPORTS / "small.tflite").unlink()
    assert not came_further(job_id), "it fell behind, and could do so for ever"
