"""PCK within the graph is that of the decoders of the live path."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from webapp.core.metrics import keypoint_errors, pck
from webapp.core.records import FloatArray
from webapp.core.skeleton import UPPER_BODY_6
from webapp.training.card import card_of_model
from webapp.training.config import run_settings
from webapp.training.keypoint_metric import PckMetric, decoded
from webapp.vision.own_card import FAMILIES
from webapp.vision.poses.own import decoder

SIDE_PX, CELLS, COUNT = 64, 16, len(UPPER_BODY_6.keypoints)
PICTURES = 40


def some_answer(family: str) -> FloatArray:
    """Of no meaning, with warmest cells everywhere, at the edges and in the corners too."""
    rng = np.random.default_rng(1)
    if family == "regression":
        return rng.uniform(0, 1, (PICTURES, 2 * COUNT)).astype(np.float32)
    heat = rng.uniform(0, 1, (PICTURES, CELLS, CELLS, COUNT)).astype(np.float32)
    if family == "heatmap":
        return heat
    return np.concatenate([heat, rng.normal(0, 5, (PICTURES, CELLS, CELLS, 2 * COUNT)).astype(np.float32)], axis=-1)


def as_live(family: str, answer: FloatArray) -> FloatArray:
    outputs = [answer] if family != "heatmap_offset" else [answer[..., :COUNT], answer[..., COUNT:]]
    card = card_of_model("mine", run_settings({"family": family, "side_px": SIDE_PX}), UPPER_BODY_6)
    return np.asarray(decoder([(1, *output.shape[1:]) for output in outputs], card)(outputs)[0] / SIDE_PX, np.float32)


@pytest.mark.parametrize("family", FAMILIES)
def test_keypoints_are_where_the_live_path_finds_them(family: str) -> None:
    answer = some_answer(family)

    np.testing.assert_allclose(decoded(tf.constant(answer), family, SIDE_PX), as_live(family, answer), atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_share_is_that_of_the_evaluation_batch_by_batch(family: str) -> None:
    rng = np.random.default_rng(2)
    answer = some_answer(family)
    keypoints = (as_live(family, answer) + rng.normal(0, 0.1, (PICTURES, COUNT, 2))).astype(np.float32)
    labelled = rng.uniform(size=(PICTURES, COUNT)) < 0.7
    sizes = np.where(rng.uniform(size=PICTURES) < 0.8, rng.uniform(0.2, 0.6, PICTURES), 0).astype(np.float32)
    targets = np.empty((PICTURES, COUNT, 4), np.float32)
    targets[..., :2] = np.where(labelled[..., None], keypoints, np.nan)
    targets[..., 2], targets[..., 3] = labelled, sizes[:, None]
    metric = PckMetric(run_settings({"family": family, "side_px": SIDE_PX}))

    for rows in (slice(0, 25), slice(25, PICTURES)):
        metric.update_state(tf.constant(targets[rows]), tf.constant(answer[rows]))

    errors = keypoint_errors(as_live(family, answer), keypoints, labelled.astype(np.uint8), sizes)
    assert 0.2 < pck(errors, 0.2) < 0.8
    assert float(metric.result()) == pytest.approx(pck(errors, 0.2), abs=0.003)


def test_nobody_to_judge_by_is_no_success_and_no_error() -> None:
    metric = PckMetric(run_settings({"family": "regression", "side_px": SIDE_PX}))

    metric.update_state(tf.zeros((2, COUNT, 4)), tf.zeros((2, 2 * COUNT)))

    assert float(metric.result()) == 0
