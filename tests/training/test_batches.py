"""Batches follow from the seed, the epoch and the row alone, whoever asks for them in which order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.training.running import lamps
from webapp.training.batches import Batches
from webapp.training.config import Augmentation

DATA = lamps(train=13)
ROWS = DATA.rows("train")


def shuffled(seed: int = 1) -> Batches:
    return Batches(DATA, ROWS, 4, seed, Augmentation())


def test_an_epoch_shows_every_picture_once_in_batches_of_nearly_one_size() -> None:
    batches = shuffled()

    shown = [batches.rows_of(step) for step in range(batches.per_epoch)]

    assert [epoch for epoch, _ in shown] == [0, 0, 0, 0]
    assert sorted(np.concatenate([rows for _, rows in shown])) == ROWS.tolist()
    assert {len(rows) for _, rows in shown} == {3, 4}


def test_a_batch_is_the_same_whichever_was_asked_for_before() -> None:
    first = shuffled()
    for step in range(9):
        first.batch(step)

    for one, other in zip(first.batch(9), shuffled().batch(9), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("other", [(shuffled(), 4), (shuffled(seed=2), 0)], ids=["epoch", "seed"])
def test_another_epoch_and_another_seed_change_order_and_pictures(other: tuple[Batches, int]) -> None:
    batches, step = other

    assert shuffled().rows_of(0)[1].tolist() != batches.rows_of(step)[1].tolist()
    assert not np.array_equal(shuffled().batch(0)[0], batches.batch(step)[0][: len(shuffled().batch(0)[0])])


def test_without_augmentation_pictures_come_in_order_as_they_are() -> None:
    rows = DATA.rows("validation")

    images, targets = Batches(DATA, rows, 32).batch(0)

    np.testing.assert_array_equal(images, DATA.images[rows])
    there = DATA.visibility[rows] > 0
    np.testing.assert_array_equal(targets[..., 2], there)
    np.testing.assert_array_equal(targets[..., :2][there], DATA.keypoints[rows][there])
    np.testing.assert_array_equal(targets[:, 0, 3], DATA.sizes[rows])


def test_what_is_absent_is_nowhere_whatever_stands_in_the_archive() -> None:
    data = replace(DATA, keypoints=np.where(DATA.visibility[..., None] > 0, DATA.keypoints, np.nan))

    _, targets = Batches(data, ROWS, 32).batch(0)

    assert np.isfinite(targets).all()
    assert (targets[targets[..., 2] == 0][:, :2] == 0).all()


def test_sizes_grow_with_the_pictures() -> None:
    batches = Batches(DATA, ROWS, 32, 1, Augmentation(False, 0, 0.5, 0, 0, 0, 0))

    _, targets = batches.batch(0)

    rows = batches.rows_of(0)[1]
    stayed = ((targets[..., 2] > 0) == (DATA.visibility[rows] > 0)).all(axis=1) & (DATA.sizes[rows] > 0)
    grown = targets[stayed, 0, 3] / DATA.sizes[rows][stayed]
    assert grown.max() > 1.05
    assert grown.min() < 0.95


def test_the_dataset_gives_the_batches_from_a_step_on_in_order() -> None:
    batches = shuffled()

    given = list(batches.dataset(5, 4, threads=2))

    assert len(given) == 4
    for step, (images, targets) in enumerate(given, start=5):
        np.testing.assert_array_equal(images, batches.batch(step)[0])
        np.testing.assert_array_equal(targets, batches.batch(step)[1])
