"""Losses are small where an answer is right, count what is labelled alone, and are never NaN."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from webapp.core.records import FloatArray
from webapp.core.skeleton import COCO_17, UPPER_BODY_6
from webapp.training.card import card_of_model
from webapp.training.config import LOSSES, RunSettings, run_settings
from webapp.training.losses import heat_of, loss_of, offsets_of
from webapp.vision.poses.own import decoder

SIDE_PX, CELLS, COUNT = 64, 16, len(UPPER_BODY_6.keypoints)
KINDS = [(family, loss) for family, losses in LOSSES.items() for loss in losses]


def settings_of(family: str, loss: str | None = None) -> RunSettings:
    return run_settings({"family": family, "side_px": SIDE_PX, **({"loss": loss} if loss else {})})


def some_targets(pictures: int = 4, seed: int = 1) -> FloatArray:
    """(N, K, 4), well within the picture, all labelled."""
    targets = np.ones((pictures, COUNT, 4), np.float32)
    targets[..., :2] = np.random.default_rng(seed).uniform(0.1, 0.9, (pictures, COUNT, 2))
    targets[..., 3] = 0.4
    return targets


def right_answer(family: str, targets: FloatArray) -> FloatArray:
    """What a network that has learnt everything answers, as heads.joined has it."""
    if family == "regression":
        return targets[..., :2].reshape(len(targets), -1)
    heat = heat_of(tf.constant(targets), CELLS).numpy()
    if family == "heatmap":
        return np.asarray(heat, np.float32)
    return np.concatenate([heat, offsets_of(tf.constant(targets), CELLS, SIDE_PX).numpy()], axis=-1)


def loss_and_slope(settings: RunSettings, targets: FloatArray, answer: FloatArray) -> tuple[FloatArray, FloatArray]:
    given = tf.constant(answer)
    with tf.GradientTape() as tape:
        tape.watch(given)
        losses: Any = loss_of(settings, UPPER_BODY_6)(tf.constant(targets), given)
    return losses.numpy(), tape.gradient(losses, given).numpy()


@pytest.mark.parametrize(("family", "loss"), KINDS)
def test_the_right_answer_costs_nothing_and_a_wrong_one_more(family: str, loss: str) -> None:
    settings, targets = settings_of(family, loss), some_targets()
    moved = targets.copy()
    moved[..., :2] += 0.05
    further = targets.copy()
    further[..., :2] += 0.1

    right, wrong, worse = (
        loss_and_slope(settings, targets, right_answer(family, each))[0] for each in (targets, moved, further)
    )

    assert right.shape == (len(targets),)
    np.testing.assert_allclose(right, 0, atol=1e-5)
    assert (wrong > right + 1e-3).all()
    assert (worse > wrong).all()


@pytest.mark.parametrize(("family", "loss"), KINDS)
def test_what_is_not_labelled_changes_neither_loss_nor_slope(family: str, loss: str) -> None:
    settings, targets = settings_of(family, loss), some_targets()
    answer = right_answer(family, some_targets(seed=2))
    targets[:, 2, 2] = 0
    absent = targets.copy()
    absent[:, 2, :2] = np.nan

    plain, slope = loss_and_slope(settings, targets, answer)
    without, slope_without = loss_and_slope(settings, absent, answer)

    np.testing.assert_allclose(without, plain, rtol=1e-6)
    np.testing.assert_allclose(slope_without, slope, rtol=1e-6)
    of_keypoint = slope.reshape(len(targets), -1, COUNT, 2)[:, :, 2] if family == "regression" else slope[..., 2::COUNT]
    assert not of_keypoint.any()
    assert slope.any()


@pytest.mark.parametrize(("family", "loss"), KINDS)
def test_a_picture_without_any_label_costs_nothing_and_pulls_nowhere(family: str, loss: str) -> None:
    targets = some_targets()
    targets[..., :2], targets[..., 2:] = np.nan, 0

    losses, slope = loss_and_slope(settings_of(family, loss), targets, right_answer(family, some_targets(seed=2)))

    assert not losses.any()
    assert not slope.any()


@pytest.mark.parametrize("family", LOSSES)
def test_what_a_network_is_to_answer_is_decoded_to_the_labels(family: str) -> None:
    settings, targets = settings_of(family), some_targets()
    card = card_of_model("mine", settings, UPPER_BODY_6)
    answer = right_answer(family, targets)
    outputs = [answer] if family != "heatmap_offset" else [answer[..., :COUNT], answer[..., COUNT:]]

    points_px, scores = decoder([(1, *output.shape[1:]) for output in outputs], card)(outputs)

    np.testing.assert_allclose(points_px, targets[..., :2] * SIDE_PX, atol=0.02)
    assert (scores > 0.7).all()


def test_blank_heat_costs_more_than_heat_beside_the_keypoint() -> None:
    targets = some_targets()
    beside = targets.copy()
    beside[..., 0] += 1 / CELLS
    settings = settings_of("heatmap")

    blank, _ = loss_and_slope(settings, targets, np.zeros((len(targets), CELLS, CELLS, COUNT), np.float32))
    near, _ = loss_and_slope(settings, targets, right_answer("heatmap", beside))

    assert (near < 0.5 * blank).all()


def test_an_offset_far_from_the_keypoint_is_not_learnt() -> None:
    targets = some_targets()
    targets[..., :2] = 0.2
    answer = right_answer("heatmap_offset", targets)
    answer[:, CELLS - 1, CELLS - 1, COUNT:] += 5

    losses, _ = loss_and_slope(settings_of("heatmap_offset"), targets, answer)

    np.testing.assert_allclose(losses, 0, atol=1e-5)


@pytest.mark.parametrize("loss", LOSSES["regression"])
def test_a_coordinate_on_the_far_side_of_the_picture_is_still_pulled_back(loss: str) -> None:
    targets = some_targets()
    targets[..., :2] = 0.05
    answer = np.full((len(targets), 2 * COUNT), 0.95, np.float32)

    _, slope = loss_and_slope(settings_of("regression", loss), targets, answer)

    assert (slope > 0.01).all()


def test_the_same_distance_costs_more_at_a_keypoint_that_people_label_alike() -> None:
    count = len(COCO_17.keypoints)
    targets = np.ones((2, count, 4), np.float32)
    targets[..., :2] = np.random.default_rng(1).uniform(0.2, 0.8, (1, count, 2))
    answer = targets[..., :2].copy()
    answer[0, COCO_17.index["left_eye"]] += 0.03
    answer[1, COCO_17.index["left_hip"]] += 0.03

    of_eye, of_hip = loss_of(settings_of("regression", "oks"), COCO_17)(
        tf.constant(targets), tf.constant(answer.reshape(2, -1))
    ).numpy()

    assert of_eye > 2 * of_hip
