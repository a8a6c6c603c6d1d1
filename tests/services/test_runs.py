"""Training runs are asked for by who may edit, seen by who may look, and end without a trace where that is wanted."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace

import pytest
from flask import Flask

from tests.conftest import MakeAccount
from tests.dataset_seeding import Seeded, seed_dataset
from tests.run_seeding import evaluation, seed_run, write_files
from tests.services.datasets import account
from webapp.config import Settings
from webapp.core.errors import InvalidInputError, NotAllowedError, NotFoundError
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.jobs import Job
from webapp.db.runs import RunEpoch, TrainingRun
from webapp.services import runs
from webapp.services.erasing import delete_dataset
from webapp.services.jobs import EXTENSION
from webapp.services.run_files import run_dir
from webapp.training.config import RunSettings, run_settings
from webapp.training.records import ARCHIVE, BEST, HISTORY, TENSORBOARD

WANTED = run_settings({"epochs": 3, "network": "resnet50", "family": "regression"})


class Bell:
    """Keeps for which jobs it was rung."""

    def __init__(self) -> None:
        self.rung: list[str] = []

    def enqueue(self, job_id: str, kind: str) -> None:
        assert kind == "train"
        self.rung.append(job_id)


@pytest.fixture
def owner(context: None, make_account: MakeAccount) -> User:
    return account(make_account("anna"))


@pytest.fixture
def viewer(context: None, make_account: MakeAccount) -> User:
    return account(make_account("vera"))


@pytest.fixture
def stranger(context: None, make_account: MakeAccount) -> User:
    return account(make_account("stella"))


@pytest.fixture
def arms(owner: User, viewer: User, settings: Settings) -> Seeded:
    return seed_dataset(owner, settings.instance_dir, 8, members={viewer.id: "viewer"})


@pytest.fixture
def bell(app: Flask) -> Bell:
    bell = app.extensions[EXTENSION] = Bell()
    return bell


def test_a_run_is_asked_for_with_its_job_and_rung_for(owner: User, arms: Seeded, bell: Bell) -> None:
    run = runs.ask_run(owner, arms.dataset_id, "  First   try ", WANTED)

    assert (run.name, run.job.state, run.job.kind, run.epoch) == ("First try", "queued", "train", 0)
    assert json.loads(run.job.parameters) == {"run_id": run.id}
    assert bell.rung == [run.job_id]
    assert runs.settings_of(run) == WANTED
    assert run.code_version.startswith("0.")


def test_who_may_only_look_can_see_a_run_and_not_ask_for_cancel_or_delete_one(
    owner: User, viewer: User, stranger: User, arms: Seeded
) -> None:
    run_id = seed_run(arms, owner.id)

    assert [run.id for run in runs.runs_of(viewer, None)] == [run_id]
    assert runs.run_for(viewer, run_id).id == run_id
    for refused in (
        lambda: runs.ask_run(viewer, arms.dataset_id, "Mine", WANTED),
        lambda: runs.cancel_run(viewer, run_id),
        lambda: runs.delete_run(viewer, run_id),
    ):
        with pytest.raises(NotAllowedError):
            refused()
    assert runs.runs_of(stranger, None) == []
    with pytest.raises(NotFoundError):
        runs.run_for(stranger, run_id)
    with pytest.raises(NotFoundError):
        runs.runs_of(stranger, arms.dataset_id)


@pytest.mark.parametrize("name", ["", "   ", "a" * 81])
def test_a_run_wants_a_name_and_leaves_nothing_without_one(owner: User, arms: Seeded, name: str) -> None:
    with pytest.raises(InvalidInputError):
        runs.ask_run(owner, arms.dataset_id, name, WANTED)

    assert db.session.query(Job).count() == 0


def test_a_teacher_that_is_not_here_is_refused_before_the_run_begins(owner: User, arms: Seeded) -> None:
    with pytest.raises(InvalidInputError, match="there is no pose model 'nobody'"):
        runs.ask_run(owner, arms.dataset_id, "Try", replace(WANTED, teacher="nobody"))

    assert db.session.query(TrainingRun).count() == 0


def test_runs_are_listed_the_newest_first_and_without_drafts(owner: User, arms: Seeded) -> None:
    first, second = seed_run(arms, owner.id), seed_run(arms, owner.id, name="Second")
    runs.ask_run(owner, arms.dataset_id, "Being begun by a command", WANTED, draft=True)

    assert [run.id for run in runs.runs_of(owner, arms.dataset_id)] == [second, first]


def test_a_run_without_a_name_gets_the_next_that_is_free(owner: User, arms: Seeded) -> None:
    assert runs.free_name(arms.dataset_id) == "Run 1"
    seed_run(arms, owner.id, name="Run 2", facts=False)
    assert runs.free_name(arms.dataset_id) == "Run 3"
    seed_run(arms, owner.id, name="Wide", facts=False)
    assert runs.free_name(arms.dataset_id) == "Run 3"


def test_epochs_come_in_order_from_the_one_asked_for_on(owner: User, arms: Seeded) -> None:
    run_id = seed_run(arms, owner.id, epochs=5)

    assert [each.epoch for each in runs.epochs_of(run_id)] == [1, 2, 3, 4, 5]
    assert [each.epoch for each in runs.epochs_of(run_id, after=3)] == [4, 5]


def test_the_time_left_is_that_of_all_epochs_unless_the_minutes_end_first(owner: User, arms: Seeded) -> None:
    def time_left_s(state: str = "running", **said: object) -> float | None:
        return runs.time_left_s(runs.run_for(owner, seed_run(arms, owner.id, state=state, epochs=4, settings=said)))

    assert time_left_s(epochs=10) == pytest.approx(6 * 2.5)
    assert time_left_s(epochs=10, max_minutes=0.2) == pytest.approx(12 - 4 * 2.5)
    assert time_left_s(epochs=10, max_minutes=0.1) == 0.0
    assert time_left_s("succeeded", epochs=10) is None


def test_a_run_that_waits_is_cancelled_at_once(owner: User, arms: Seeded) -> None:
    run_id = seed_run(arms, owner.id, state="queued", epochs=0, attempts=0, started_at=None)

    assert runs.cancel_run(owner, run_id).job.state == "cancelled"


def test_a_run_that_waits_to_go_on_is_asked_to_end_since_it_has_pictures(owner: User, arms: Seeded) -> None:
    run = runs.cancel_run(owner, seed_run(arms, owner.id, state="queued", attempts=0))

    assert (run.job.state, run.job.cancel_asked) == ("queued", True)


def test_a_run_that_goes_on_is_asked_to_end(owner: User, arms: Seeded) -> None:
    run = runs.cancel_run(owner, seed_run(arms, owner.id, state="running"))

    assert (run.job.state, run.job.cancel_asked) == ("running", True)


def test_a_run_that_goes_on_is_not_deleted(owner: User, arms: Seeded) -> None:
    run_id = seed_run(arms, owner.id, state="running")

    with pytest.raises(InvalidInputError, match="First try has not ended; cancel it first"):
        runs.delete_run(owner, run_id)


def test_a_deleted_run_leaves_neither_rows_nor_files(owner: User, arms: Seeded, settings: Settings) -> None:
    run_id = seed_run(arms, owner.id)
    write_files(run_dir(settings, run_id), arms)

    runs.delete_run(owner, run_id)

    assert [db.session.query(table).count() for table in (TrainingRun, RunEpoch, Job)] == [0, 0, 0]
    assert not run_dir(settings, run_id).exists()


def test_a_deleted_dataset_takes_its_runs_and_their_files_along(owner: User, arms: Seeded, settings: Settings) -> None:
    run_id = seed_run(arms, owner.id)
    write_files(run_dir(settings, run_id), arms)

    delete_dataset(owner, arms.dataset_id, "Arms")

    assert db.session.query(TrainingRun).count() == 0
    assert not run_dir(settings, run_id).exists()


def test_who_may_look_gets_history_and_log_and_who_may_edit_the_networks_too(
    owner: User, viewer: User, arms: Seeded, settings: Settings
) -> None:
    run_id = seed_run(arms, owner.id)
    folder = run_dir(settings, run_id)
    write_files(folder, arms)

    assert runs.run_file(viewer, run_id, HISTORY) == folder / HISTORY
    for name in (BEST, "exports/arms.int8.tflite"):
        assert runs.run_file(owner, run_id, name) == folder / name
        with pytest.raises(NotAllowedError):
            runs.run_file(viewer, run_id, name)


@pytest.mark.parametrize(
    "name", ["dataset.npz", "../x/history.csv", "exports/../best.keras", "exports/", "exports", "", "last/checkpoint"]
)
def test_no_other_file_of_a_run_is_handed_out(owner: User, arms: Seeded, settings: Settings, name: str) -> None:
    run_id = seed_run(arms, owner.id)
    folder = run_dir(settings, run_id)
    write_files(folder, arms)
    (folder / ARCHIVE).write_bytes(b"pictures")

    with pytest.raises(NotFoundError):
        runs.run_file(owner, run_id, name)


def test_what_tensorboard_reads_comes_as_one_archive_and_never_an_old_one(
    owner: User, arms: Seeded, settings: Settings
) -> None:
    run_id = seed_run(arms, owner.id)
    with pytest.raises(NotFoundError, match="nothing for TensorBoard yet"):
        runs.run_file(owner, run_id, "tensorboard.zip")
    events = run_dir(settings, run_id) / TENSORBOARD / "train" / "events.1"
    events.parent.mkdir(parents=True)

    for content in (b"one epoch", b"two epochs"):
        events.write_bytes(content)
        with zipfile.ZipFile(runs.run_file(owner, run_id, "tensorboard.zip")) as archive:
            assert archive.read("tensorboard/train/events.1") == content


def test_a_form_that_could_not_be_made_is_refused_with_the_reason(
    owner: User, arms: Seeded, settings: Settings
) -> None:
    run_id = seed_run(arms, owner.id, metrics=evaluation(arms))
    write_files(run_dir(settings, run_id), arms)
    run = runs.run_for(owner, run_id)

    assert runs.form_file(run, "int8").read_bytes() == b"model of int8"
    with pytest.raises(InvalidInputError, match="has no onnx form: ONNX has no such operator"):
        runs.form_file(run, "onnx")
    with pytest.raises(InvalidInputError, match=r"has no dynamic form$"):
        runs.form_file(run, "dynamic")


def test_settings_of_a_run_are_those_it_was_asked_with(owner: User, arms: Seeded) -> None:
    run = runs.ask_run(owner, arms.dataset_id, "Defaults", RunSettings())

    assert runs.settings_of(runs.run_for(owner, run.id)) == RunSettings()
