"""Accuracy of found keypoints: against values worked out by hand, and COCO's own code."""

from __future__ import annotations

import contextlib
import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from tests.training.data import labelled
from webapp.core.metrics import keypoint_spreads
from webapp.core.records import FloatArray
from webapp.core.skeleton import COCO_17, UPPER_BODY_6, Skeleton
from webapp.training.archive import TrainingData
from webapp.training.evaluate import (
    OUTLINE_SHARE,
    Found,
    always,
    box_areas,
    evaluate,
    mean_pose,
    worst,
)

TWO = Skeleton("two", ("left_wrist", "tail"), ())
CORNERS = np.array([[0.3, 0.4], [0.7, 0.4]], np.float32)
"""Of which the longer side is 0.4."""


def two(*visibility: tuple[int, int], split: str = "test") -> TrainingData:
    """A sample for each, all with keypoints at CORNERS."""
    return labelled(TWO, np.repeat(CORNERS[None], len(visibility), axis=0), np.array(visibility, np.uint8), split)


def moved(data: TrainingData, *sizes: float) -> Found:
    """In each sample all keypoints so many sizes, of 0.4, to the right."""
    offset = np.stack([np.array(sizes) * 0.4, np.zeros(len(sizes))], axis=1)[:, None]
    return Found((CORNERS[None] + offset).astype(np.float32), np.ones(len(data), np.float32))


def everything(data: TrainingData) -> NDArray[np.intp]:
    return np.arange(len(data))


def test_what_is_found_at_the_labels_is_right_in_every_way() -> None:
    data = two((2, 2), (2, 1))

    accuracy = evaluate(moved(data, 0, 0), data, everything(data))

    assert (accuracy.pck01, accuracy.pck02, accuracy.error) == pytest.approx((1, 1, 0), abs=1e-6)
    assert accuracy.oks_ap == pytest.approx(1)
    assert [keypoint.oks for keypoint in accuracy.keypoints] == pytest.approx([1, 1])


def test_errors_are_told_by_keypoint_and_by_visibility() -> None:
    data = two((2, 1), (2, 2), (1, 1))
    found = moved(data, 0.15, 0.0, 0.5)

    accuracy = evaluate(found, data, everything(data))

    assert accuracy.pck02 == pytest.approx(4 / 6)
    assert accuracy.pck01 == pytest.approx(2 / 6)
    assert accuracy.error == pytest.approx((0.15 + 0.5) / 3)
    assert [keypoint.labelled for keypoint in accuracy.keypoints] == [3, 3]
    assert (accuracy.visible.labelled, accuracy.visible.pck02) == (3, 1.0)
    assert accuracy.hidden.labelled == 3
    assert accuracy.hidden.pck02 == pytest.approx(1 / 3)
    assert accuracy.hidden.error == pytest.approx((0.15 + 0.5 + 0.5) / 3)


def test_only_the_judged_keypoints_count_and_by_the_whole_bodys_size() -> None:
    data = two((2, 2))
    found = moved(data, 0.1)
    found.keypoints[0, 1] += 10

    accuracy = evaluate(found, data, everything(data), np.array([True, False]))

    assert accuracy.pck02 == 1.0
    assert accuracy.error == pytest.approx(0.1, abs=1e-6)
    assert accuracy.keypoints[1].labelled == 0


def test_what_was_not_found_is_wrong_and_counts_as_one_size() -> None:
    data = two((2, 2), (2, 2))
    found = moved(data, 0, 0)
    found.keypoints[1] = np.nan

    accuracy = evaluate(found, data, everything(data))

    assert (accuracy.pck02, accuracy.error) == pytest.approx((0.5, 0.5))
    assert accuracy.oks_ap == pytest.approx(51 / 101)


def test_of_nothing_labelled_nothing_is_said() -> None:
    data = two((0, 0))

    said = evaluate(moved(data, 0), data, everything(data)).as_json()

    assert {said["pck02"], said["oks_ap"], said["error"]} == {None}
    assert json.loads(json.dumps(said)) == said


def test_the_narrow_side_of_a_box_reaches_as_far_as_the_labels() -> None:
    keypoints = np.array([[[0.5, 0.9], [0.7, 0.5]], [[0.5, 0.9], [0.5, 0.5]], [[0.0, 0.0], [1.0, 1.0]]], np.float32)
    visibility = np.full((3, 2), 2, np.uint8)

    np.testing.assert_allclose(box_areas(keypoints, visibility), [0.8 * 0.4, 0.8 * 0.2, 0.8 * 0.8], rtol=1e-6)


def test_the_mean_pose_is_that_of_labelled_keypoints() -> None:
    data = labelled(
        TWO, np.array([[[0, 0], [1, 1]], [[0.5, 1], [9, 9]]], np.float32), np.array([[2, 1], [1, 0]], np.uint8)
    )

    expected = np.array([[0.25, 0.5], [1, 1]], np.float32)
    np.testing.assert_allclose(mean_pose(data, everything(data)), expected)
    assert np.isnan(mean_pose(two((2, 0)), np.array([0]))[:, 0]).tolist() == [False, True]
    assert always(CORNERS, 3).keypoints.shape == (3, 2, 2)


def test_the_worst_come_first_and_those_without_labels_not_at_all() -> None:
    data = two((2, 2), (0, 0), (2, 0), (2, 2))
    found = moved(data, 0.1, 5.0, 0.3, 0.2)

    listed = worst(found, data, everything(data), most=2)

    assert [one["sample_id"] for one in listed] == ["3", "0"]
    assert listed[0]["error"] == pytest.approx(0.2, abs=1e-5)
    assert listed[0]["labelled"] == [[0.3, 0.4], [0.7, 0.4]]
    found.keypoints[3, 1] = np.nan
    assert worst(found, data, everything(data))[0]["keypoints"] == [[0.38, 0.4], None]


def people(samples: int) -> tuple[TrainingData, Found]:
    """Labels and what was found, from nearly right to far off; some keypoints unlabelled, one sample wholly."""
    random = np.random.default_rng(5)
    keypoints = random.uniform(0.1, 0.9, (samples, 17, 2)).astype(np.float32)
    visibility = random.choice(np.array([0, 1, 2], np.uint8), (samples, 17))
    visibility[3] = 0
    spread = random.uniform(0.001, 0.1, (samples, 1, 1))
    found = keypoints + (random.normal(size=keypoints.shape) * spread).astype(np.float32)
    found[4] = np.nan
    scores = random.permutation(samples).astype(np.float32) / samples
    return labelled(COCO_17, keypoints, visibility), Found(found.astype(np.float32), np.asarray(scores, np.float32))


def coco_ap(data: TrainingData, found: Found, scale: float = 1000.0) -> float:
    """COCO's own, of a picture for each sample."""
    areas = OUTLINE_SHARE * box_areas(data.keypoints, data.visibility) * scale**2
    truth, given = COCO(), []
    truth.dataset = {"info": {}, "images": [{"id": row + 1} for row in range(len(data))], "categories": [{"id": 1}]}
    truth.dataset["annotations"] = [
        {
            "id": row + 1,
            "image_id": row + 1,
            "category_id": 1,
            "iscrowd": 0,
            "area": float(areas[row]),
            "bbox": [0, 0, scale, scale],
            "num_keypoints": int((data.visibility[row] > 0).sum()),
            "keypoints": _rows(data.keypoints[row] * scale, data.visibility[row]),
        }
        for row in range(len(data))
    ]
    for row, score in enumerate(found.scores):
        if not np.isnan(found.keypoints[row]).all():
            points = _rows(found.keypoints[row] * scale, np.ones(17, np.uint8))
            given.append({"image_id": row + 1, "category_id": 1, "keypoints": points, "score": float(score)})
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes(given), "keypoints")
        judge.params.kpt_oks_sigmas = keypoint_spreads(COCO_17.keypoints)
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return float(judge.stats[0])


def _rows(points: FloatArray, visibility: NDArray[np.uint8]) -> list[float]:
    return [float(value) for row in np.column_stack([points, visibility]) for value in row]


def test_ap_is_what_cocos_own_code_says() -> None:
    data, found = people(60)

    accuracy = evaluate(found, data, everything(data))

    assert 0.1 < accuracy.oks_ap < 0.9
    assert accuracy.oks_ap == pytest.approx(coco_ap(data, found), abs=1e-6)


def test_ap_falls_when_the_wrong_ones_are_the_surest() -> None:
    data, found = people(60)
    errors = np.abs(found.keypoints - data.keypoints).mean(axis=(1, 2))
    errors[4] = 0  # nothing was found there

    surest_right = evaluate(replace(found, scores=(-errors).astype(np.float32)), data, everything(data))
    surest_wrong = evaluate(replace(found, scores=errors.astype(np.float32)), data, everything(data))

    assert surest_right.oks_ap > surest_wrong.oks_ap + 0.02


def test_without_a_torso_there_is_similarity_and_no_pck() -> None:
    visibility = np.full((1, 17), 2, np.uint8)
    visibility[0, COCO_17.index["left_hip"]] = 0
    data = labelled(COCO_17, np.full((1, 17, 2), 0.5, np.float32), visibility)

    accuracy = evaluate(Found(data.keypoints, np.ones(1, np.float32)), data, everything(data))

    assert math.isnan(accuracy.pck02)
    assert accuracy.oks_ap == pytest.approx(1)


def test_upper_bodies_are_judged_by_their_box() -> None:
    places = np.array([[[0.6, 0.3], [0.4, 0.3], [0.7, 0.5], [0.3, 0.5], [0.7, 0.7], [0.3, 0.7]]], np.float32)
    data = labelled(UPPER_BODY_6, places)

    accuracy = evaluate(Found(places + np.float32(0.05), np.ones(1, np.float32)), data, everything(data))

    assert accuracy.pck02 == 1.0
    assert accuracy.error == pytest.approx(math.hypot(0.05, 0.05) / 0.4, rel=1e-3)
