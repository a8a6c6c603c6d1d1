"""A training run comes to its end whatever its process meets, says how, and keeps what it reached."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import PASSWORD
from tests.dataset_seeding import Seeded, seed_dataset
from webapp.app import create_app
from webapp.config import ROOT, Settings
from webapp.datasets.label_bytes import from_bytes, to_bytes
from webapp.datasets.records import ABSENT, Label
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import LabelRevision
from webapp.db.engine import transaction
from webapp.db.jobs import Job
from webapp.db.runs import TrainingRun
from webapp.jobs import claims
from webapp.services import model_versions, runs
from webapp.services.accounts import create_account
from webapp.services.run_files import run_dir
from webapp.training.config import run_settings
from webapp.vision.own_card import FORMS, card_of

pytestmark = pytest.mark.skipif(os.name != "posix", reason="forks and signals of POSIX")

PEOPLE = ("Anna", "Ben", "Cleo", "Dora")
SMALL = {
    "network": "small",
    "family": "regression",
    "loss": "mse",
    "side_px": 32,
    "epochs": 3,
    "batch_size": 8,
    "pretrained": False,
    "predictions_every": 1,
}
KEPT = {"best.keras", "evaluation.json", "exports", "history.csv", "log.txt", "predictions.json", "tensorboard"}
LARGEST_BYTES = 5 * 2**20
"""Above the network's 3 MB, below the 9 MB of its checkpoint."""


class Trainer:
    """Does runs in processes of their own."""

    def __init__(self, settings: Settings, process: subprocess.Popen[str]) -> None:
        self._instance_dir, self._process = settings.instance_dir, process

    def begin(self, job_id: str, dies_at: str = "", largest: int = 0) -> int:
        """The number of the process that is at it from now on."""
        wanted = {"instance_dir": str(self._instance_dir), "job_id": job_id, "dies_at": dies_at, "largest": largest}
        assert self._process.stdin is not None
        print(json.dumps(wanted), file=self._process.stdin, flush=True)
        return self._answer()

    def end(self) -> int:
        """How that process ended: 0, or the signal that killed it."""
        return os.WTERMSIG(self._answer())

    def run(self, job_id: str, dies_at: str = "", largest: int = 0) -> int:
        self.begin(job_id, dies_at, largest)
        return self.end()

    def _answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """TensorFlow takes long to load, and is loaded once."""
    log = tmp_path_factory.mktemp("training") / "stderr.txt"
    command = [sys.executable, "-m", "tests.jobs.train_process"]
    with log.open("w") as errors:
        started = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    with started:
        yield started
        assert started.stdin is not None
        started.stdin.close()
    print(log.read_text())


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, migrated_database: Path) -> Settings:
    """One installation for all tests of this file: what a run comes to is looked at by more than one."""
    folder = tmp_path_factory.mktemp("instance")
    shutil.copy(migrated_database, folder / "moveprint.sqlite3")
    return Settings(instance_dir=folder, weights_dir=folder / "weights", async_mode="threading")


@pytest.fixture(scope="module")
def trainer(settings: Settings, process: subprocess.Popen[str]) -> Trainer:
    return Trainer(settings, process)


@pytest.fixture(scope="module")
def owner(settings: Settings) -> Iterator[User]:
    """An account, in an app context that lasts."""
    app = create_app(settings)
    with app.app_context():
        yield create_account("anna", PASSWORD, role="admin")
        db.session.remove()
        db.engine.dispose()


@dataclass
class Asked:
    """A run that was asked for."""

    settings: Settings
    owner: User
    run_id: str

    @property
    def run(self) -> TrainingRun:
        db.session.expire_all()
        return runs.run_for(self.owner, self.run_id)

    @property
    def job(self) -> Job:
        return self.run.job

    @property
    def folder(self) -> Path:
        return run_dir(self.settings, self.run_id)

    @property
    def epochs(self) -> list[list[float]]:
        """By epoch: number, losses and PCK."""
        return [[each.epoch, each.train_loss, each.val_loss, each.pck] for each in runs.epochs_of(self.run_id)]

    @property
    def files(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}


@pytest.fixture(scope="module")
def arms(owner: User, settings: Settings) -> Seeded:
    return seed_dataset(owner, settings.instance_dir, 40, states=("reviewed",), people=PEOPLE)


def ask(owner: User, settings: Settings, dataset_id: str, **said: object) -> Asked:
    wanted = run_settings({**SMALL, **said})
    return Asked(settings, owner, runs.ask_run(owner, dataset_id, "First try", wanted).id)


def begin_again() -> None:
    """As the consumer does when a process has died."""
    for held in claims.lost(claims.lives):
        assert claims.give_back(held)


def wait_for(happened: Any, what: str, timeout_s: float = 120) -> None:
    until_s = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < until_s, f"{what} did not happen"
        db.session.rollback()
        time.sleep(0.02)


@pytest.fixture(scope="module")
def undisturbed(owner: User, settings: Settings, arms: Seeded, trainer: Trainer) -> Asked:
    asked = ask(owner, settings, arms.dataset_id)
    assert trainer.run(asked.job.id) == 0
    return asked


def test_what_came_of_a_run_stands_in_its_row_and_can_be_registered(undisturbed: Asked, owner: User) -> None:
    run = undisturbed.run
    metrics, usage, data = runs.metrics_of(run), runs.usage_of(run), runs.data_of(run)
    assert metrics is not None
    assert usage is not None
    assert data is not None
    assert (run.job.state, run.epoch) == ("succeeded", 3)
    assert run.job.message is not None
    assert "where the mean pose has" in run.job.message
    assert data["samples"] == {"train": 20, "validation": 10, "test": 10}
    assert data["people"] == {"train": 2, "validation": 1, "test": 1}
    assert json.loads((undisturbed.folder / "evaluation.json").read_bytes()) == metrics
    assert usage["peak_memory_mb"] > 100
    assert usage["because"] == "3 epochs done"
    assert [form["form"] for form in metrics["forms"]] == ["keras", *FORMS, "onnx"]
    assert [form["problem"] for form in metrics["forms"]] == [None] * 6
    registered = model_versions.register(owner, run.id, "arms", "int8")
    assert card_of(undisturbed.settings.weights_dir / "own" / registered.pose_model).family == "regression"


@pytest.mark.timeout(900)  # it trains eight times over, which on a busy machine takes its time
def test_a_run_killed_at_every_point_of_its_way_ends_as_one_that_was_never_disturbed(
    owner: User, settings: Settings, arms: Seeded, trainer: Trainer, undisturbed: Asked
) -> None:
    killed = ask(owner, settings, arms.dataset_id)
    deaths = (
        "the version is frozen",
        "the pictures are packed",
        "an epoch is kept and not told",
        "an epoch is half done",
        "a form is exported",
        "the outcome is kept",
        "only the rows are missing",
    )

    for death in deaths:
        assert trainer.run(killed.job.id, dies_at=death) == signal.SIGKILL, death
        assert killed.job.state == "running"
        begin_again()
    assert trainer.run(killed.job.id) == 0

    assert killed.job.state == "succeeded"
    assert np.array(killed.epochs) == pytest.approx(np.array(undisturbed.epochs), abs=1e-3)
    assert (killed.run.epoch, killed.run.best_epoch) == (3, undisturbed.run.best_epoch)
    assert killed.run.metrics is not None
    assert killed.files == undisturbed.files == KEPT
    assert killed.run.version_id == undisturbed.run.version_id
    predicted = json.loads((killed.folder / "predictions.json").read_bytes())
    assert [each["epoch"] for each in predicted["epochs"]] == [2, 3], "those of the first had not been asked for"


def test_a_run_whose_loss_is_no_number_any_more_fails_with_the_reason_and_keeps_its_best_network(
    owner: User, settings: Settings, arms: Seeded, trainer: Trainer
) -> None:
    asked = ask(owner, settings, arms.dataset_id, epochs=60)

    assert trainer.run(asked.job.id, dies_at="never, but its pictures are spoiled") == 0

    assert asked.job.state == "failed"
    assert asked.job.message is not None
    assert "is no number any more (nan)" in asked.job.message
    assert asked.files == KEPT
    assert runs.metrics_of(asked.run) is not None
    assert 1 <= asked.run.epoch < 60
    usage = runs.usage_of(asked.run)
    assert usage is not None
    assert min(usage[name] for name in ("seconds", "pictures_per_s", "data_share", "peak_memory_mb")) > 0


def test_a_training_that_fails_is_told_by_its_reason_also_where_nothing_can_be_judged_afterwards(
    owner: User, settings: Settings, arms: Seeded, trainer: Trainer
) -> None:
    asked = ask(owner, settings, arms.dataset_id, epochs=60)

    trainer.run(asked.job.id, dies_at="never, but nothing can be judged either")

    assert asked.job.state == "failed"
    assert asked.job.message is not None
    assert "is no number any more (nan)" in asked.job.message
    assert "judged" not in asked.job.message
    assert runs.usage_of(asked.run) is not None
    assert "best.keras" in asked.files


def test_a_run_whose_disk_is_full_fails_with_the_reason_and_keeps_its_best_network(
    owner: User, settings: Settings, arms: Seeded, trainer: Trainer
) -> None:
    asked = ask(owner, settings, arms.dataset_id)

    trainer.run(asked.job.id, largest=LARGEST_BYTES)

    assert asked.job.state == "failed"
    assert asked.job.message is not None
    assert asked.job.message.startswith("The disk is full: ")
    assert asked.job.message.endswith("Its best network until then was judged and exported all the same.")
    assert {"best.keras", "evaluation.json", "exports"} <= asked.files <= KEPT
    assert runs.metrics_of(asked.run) is not None


def test_a_cancelled_run_ends_within_a_batch_keeps_what_it_reached_and_its_log_says_how_it_went(
    owner: User, settings: Settings, arms: Seeded, trainer: Trainer
) -> None:
    asked = ask(owner, settings, arms.dataset_id, epochs=10_000, patience=10_000)
    assert trainer.run(asked.job.id, dies_at="the pictures are packed") == signal.SIGKILL
    begin_again()
    trainer.begin(asked.job.id)
    wait_for(lambda: len(runs.epochs_of(asked.run_id)) >= 2, "two epochs")

    runs.cancel_run(owner, asked.run_id)
    trainer.end()

    assert (asked.job.state, asked.job.message) == ("cancelled", "It was cancelled.")
    assert {"best.keras", "history.csv", "log.txt"} <= asked.files <= KEPT
    assert asked.run.epoch == len(asked.epochs) >= 2
    usage = runs.usage_of(asked.run)
    assert usage is not None
    assert usage["seconds"] > 0
    log = (asked.folder / "log.txt").read_text().splitlines()
    assert log[0].endswith("  begun again: its process ended before the run did")
    assert log[-1].endswith("  the run was cancelled")


def test_a_run_that_dies_again_and_again_at_the_same_place_fails(
    owner: User, settings: Settings, arms: Seeded, trainer: Trainer
) -> None:
    asked = ask(owner, settings, arms.dataset_id)

    for _ in range(claims.MAX_ATTEMPTS):
        trainer.run(asked.job.id, dies_at="the version is frozen")
        begin_again()
    trainer.run(asked.job.id)

    assert asked.job.state == "failed"
    assert asked.job.message is not None
    assert asked.job.message.startswith("Its process ended 3 times without a word")


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("empty", "No sample of this dataset is labelled and reviewed; a run needs at least 8"),
        ("one person", "person"),
        ("a keypoint lacks", "left_wrist is not labelled in any sample that could be trained on"),
    ],
    ids=["empty", "one-person", "lacking-keypoint"],
)
def test_a_dataset_that_cannot_be_trained_on_is_told_at_once(
    owner: User, settings: Settings, trainer: Trainer, case: str, sentence: str
) -> None:
    people = ("Anna",) if case == "one person" else PEOPLE
    states = ("unlabelled",) if case == "empty" else ("reviewed",)
    seeded = seed_dataset(owner, settings.instance_dir, 16, name=case, states=states, people=people)
    if case == "a keypoint lacks":
        with transaction() as session:
            for revision in session.query(LabelRevision).where(LabelRevision.sample_id.in_(seeded.sample_ids)):
                box, label = from_bytes(revision.label)
                assert label is not None
                visibility, keypoints = label.visibility.copy(), label.keypoints_px.copy()
                visibility[4], keypoints[4] = ABSENT, np.nan
                revision.label = to_bytes(box, Label(keypoints, visibility, label.confidence))
    asked = ask(owner, settings, seeded.dataset_id)

    trainer.run(asked.job.id)

    assert asked.job.state == "failed"
    assert asked.job.message is not None
    assert sentence in asked.job.message
    assert asked.epochs == []
    assert not asked.folder.exists() or asked.files <= KEPT
