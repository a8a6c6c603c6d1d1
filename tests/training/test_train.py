"""A run of seconds: what it tells while it goes on, what it leaves, and how it ends early."""

from __future__ import annotations

import csv
import math
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.training.running import SIDE_PX, Told, lamps, settings_of
from webapp.core.errors import MoveprintError
from webapp.training.archive import TrainingData
from webapp.training.card import card_of_model
from webapp.training.checkpoints import read_state
from webapp.training.config import RunSettings
from webapp.training.examples import Examples
from webapp.training.records import BEST, HISTORY, LOG, TENSORBOARD, EpochResult, Trained, TrainingFailedError
from webapp.training.train import train
from webapp.vision.keras_network import load_keras_network
from webapp.vision.poses.own import decoder

DATA = lamps()
SETTINGS = settings_of(epochs=4, predictions_every=3, learning_rate=0.003)
RESTLESS = settings_of(epochs=40, patience=3, plateau_patience=1, learning_rate=0.5, family="regression")


@dataclass(frozen=True)
class Run:
    """What came of one."""

    folder: Path
    told: Told
    trained: Trained


class StoppedError(MoveprintError):
    """What a watch may raise."""


def trained_in(
    folder: Path, settings: RunSettings, data: TrainingData = DATA, told: Told | None = None
) -> tuple[Told, Trained]:
    told = told or Told()
    return told, train(data, settings, folder, folder, told, threads=2)


def stop_at(epoch: int, batch: int) -> Told:
    """A watch that ends the run there."""

    def stop(at_epoch: int, at_batch: int) -> None:
        if (at_epoch, at_batch) == (epoch, batch):
            raise StoppedError("asked for")

    return Told(on_batch=stop)


def curve(epochs: list[EpochResult]) -> list[tuple[float, ...]]:
    return [(each.epoch, each.train_loss, each.val_loss, each.pck, each.learning_rate) for each in epochs]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    return Run(folder, *trained_in(folder, SETTINGS))


def test_a_run_tells_of_every_batch_and_every_epoch(run: Run) -> None:
    batches = [each for number, each in enumerate(run.told.batches) if each not in run.told.batches[:number]]

    assert batches == [(epoch, batch, 3) for epoch in (1, 2, 3, 4) for batch in (1, 2, 3)]
    assert [each.epoch for each in run.told.epochs] == [1, 2, 3, 4]
    assert run.trained.because == "4 epochs done"
    assert run.trained.epochs == 4


def test_a_network_learns(run: Run) -> None:
    losses = [each.train_loss for each in run.told.epochs]

    assert losses == sorted(losses, reverse=True)


def test_the_best_epoch_is_that_of_the_lowest_validation_loss(run: Run) -> None:
    losses = [each.val_loss for each in run.told.epochs]

    assert run.trained.best_epoch == 1 + int(np.argmin(losses))
    assert run.trained.best_pck == run.told.epochs[run.trained.best_epoch - 1].pck
    assert [each.best for each in run.told.epochs] == [
        loss < min(losses[:number], default=math.inf) for number, loss in enumerate(losses)
    ]


def test_what_an_epoch_took_is_said_in_shares_and_megabytes(run: Run) -> None:
    usage = run.trained.usage

    assert all(0 <= each.data_share <= 1 for each in run.told.epochs)
    assert usage.data_share is not None
    assert 0 <= usage.data_share < 0.5
    assert usage.pictures_per_s > 0
    assert usage.peak_memory_mb >= run.told.epochs[-1].memory_mb > 100
    assert usage.device == "processor"


def test_examples_are_shown_at_the_first_each_few_and_the_best_epochs(run: Run) -> None:
    best = {each.epoch for each in run.told.epochs if each.best}

    assert set(run.told.shown) == {1, 3} | best
    shown = run.told.shown[1]
    assert [each.sample_id for each in shown] == [DATA.sample_ids[row] for row in DATA.rows("validation")]
    assert {each.keypoints.shape for each in shown} == {(3, 2)}
    assert all(each.keypoints.min() > -0.2 and each.keypoints.max() < 1.2 for each in shown)


def test_the_best_network_answers_what_its_epoch_showed(run: Run) -> None:
    network = load_keras_network(run.folder / BEST, threads=2)
    outputs = network.run(DATA.images[DATA.rows("validation")])

    points_px, _ = decoder([each.shape for each in outputs], card_of_model("lamps", SETTINGS, DATA.skeleton))(outputs)

    shown = np.stack([each.keypoints for each in run.told.shown[run.trained.best_epoch]])
    np.testing.assert_allclose(points_px / SIDE_PX, shown, atol=1e-4)


def test_at_most_twelve_examples_are_spread_over_the_validation_split() -> None:
    data = lamps(validation=40)
    model = tf.keras.Sequential([tf.keras.layers.Input((SIDE_PX, SIDE_PX, 1)), tf.keras.layers.Flatten()])
    model.add(tf.keras.layers.Dense(6, activation="sigmoid"))

    shown = Examples(model, data, settings_of(family="regression")).predictions()

    rows = [data.sample_ids.index(each.sample_id) for each in shown]
    assert len(shown) == 12
    assert (rows[0], rows[-1]) == tuple(data.rows("validation")[[0, -1]])


def test_the_history_is_a_table_of_the_epochs(run: Run) -> None:
    with (run.folder / HISTORY).open() as file:
        rows = list(csv.DictReader(file))

    assert [{key: str(value) for key, value in asdict(each).items()} for each in run.told.epochs] == rows


def test_the_log_says_what_was_trained_and_why_it_ended(run: Run) -> None:
    log = (run.folder / LOG).read_text()

    for said in ("2 threads", "small network, heatmap_offset", "weights are random", "24 train, 8 validation, 4 test"):
        assert said in log
    assert log.count("PCK@0.2") == 4
    assert "it ended: 4 epochs done" in log


def test_curves_are_kept_for_tensorboard(run: Run) -> None:
    for name in ("train", "validation"):
        events = [
            tf.compat.v1.Event.FromString(record.numpy())
            for path in (run.folder / TENSORBOARD / name).iterdir()
            for record in tf.data.TFRecordDataset(str(path))
        ]
        losses = [
            (event.step, float(tf.make_ndarray(value.tensor)))
            for event in events
            for value in event.summary.value
            if value.tag == "epoch_loss"
        ]
        wanted = [each.train_loss if name == "train" else each.val_loss for each in run.told.epochs]
        assert [step for step, _ in losses] == [0, 1, 2, 3]
        assert [loss for _, loss in losses] == pytest.approx(wanted)


def test_a_run_that_has_ended_is_not_trained_again(run: Run) -> None:
    told, trained = trained_in(run.folder, SETTINGS)

    assert told == Told()
    assert replace(trained, usage=run.trained.usage) == run.trained


@pytest.fixture(scope="module")
def restless(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One that finds nothing better for a while."""
    folder = tmp_path_factory.mktemp("restless")
    return Run(folder, *trained_in(folder, RESTLESS))


@pytest.fixture(scope="module")
def stopped(restless: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Told]:
    """The same, ended by its watch in the second batch of the last epoch but one."""
    folder = tmp_path_factory.mktemp("stopped")
    told = stop_at(restless.trained.epochs - 1, 2)
    with pytest.raises(StoppedError):
        trained_in(folder, RESTLESS, told=told)
    return folder, told


def test_without_progress_the_learning_rate_falls_and_the_run_ends(restless: Run) -> None:
    assert restless.trained.because == "no better validation loss for 3 epochs"
    assert restless.trained.epochs == restless.trained.best_epoch + 3
    assert restless.told.epochs[-1].learning_rate < RESTLESS.learning_rate


def test_what_the_watch_raises_ends_it_within_the_batch(restless: Run, stopped: tuple[Path, Told]) -> None:
    folder, told = stopped

    assert told.batches[-1] == (restless.trained.epochs - 1, 2, 3)
    assert (folder / BEST).read_bytes()
    assert "ended by StoppedError" in (folder / LOG).read_text()


def test_what_training_took_is_told_after_each_epoch_and_however_it_ends(
    restless: Run, stopped: tuple[Path, Told]
) -> None:
    _, told = stopped

    assert [usage.data_share is None for usage in told.usages] == [False] * (len(told.epochs) + 1)
    seconds = [usage.seconds for usage in told.usages]
    assert seconds == sorted(set(seconds))
    assert replace(restless.told.usages[-1], peak_memory_mb=0) == replace(restless.trained.usage, peak_memory_mb=0)


def test_a_training_that_ends_in_its_first_epoch_tells_what_it_took(tmp_path: Path) -> None:
    told = stop_at(1, 3)

    with pytest.raises(StoppedError):
        trained_in(tmp_path, RESTLESS, told=told)

    (usage,) = told.usages
    assert usage.data_share is None
    assert min(usage.seconds, usage.pictures_per_s, usage.peak_memory_mb) > 0


def test_a_run_goes_on_as_if_it_had_not_been_ended(restless: Run, stopped: tuple[Path, Told], tmp_path: Path) -> None:
    folder, first = stopped
    shutil.copytree(folder, tmp_path / "again")

    second, trained = trained_in(tmp_path / "again", RESTLESS)

    assert curve(first.epochs + second.epochs) == curve(restless.told.epochs)
    assert trained.because == restless.trained.because


def test_a_loss_that_is_no_number_fails_with_the_remedy_and_keeps_the_best(
    stopped: tuple[Path, Told], tmp_path: Path
) -> None:
    folder, told = stopped
    shutil.copytree(folder, tmp_path / "again")
    blinding = replace(DATA, images=np.full_like(DATA.images, np.nan))

    with pytest.raises(
        TrainingFailedError, match=rf"epoch {len(told.epochs) + 1}, batch 1 of 3, .* lower learning rate"
    ):
        trained_in(tmp_path / "again", RESTLESS, data=blinding)

    assert (tmp_path / "again" / BEST).read_bytes() == (folder / BEST).read_bytes()
    assert read_state(tmp_path / "again") == read_state(folder)


def test_a_run_ends_within_its_time_limit(tmp_path: Path) -> None:
    told, trained = trained_in(tmp_path, settings_of(epochs=10_000, max_minutes=0.05, family="regression"))

    assert trained.because == "the time limit of 0.05 minutes was reached"
    assert len(told.epochs) == trained.epochs < 10_000


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_split_without_samples_is_said(tmp_path: Path, split: str) -> None:
    empty = replace(DATA, split=np.where(DATA.split == split, "test", DATA.split))

    with pytest.raises(TrainingFailedError, match=f"no sample is in the {split} split"):
        trained_in(tmp_path, SETTINGS, data=empty)
