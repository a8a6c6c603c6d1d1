"""The palm detector on a real hand: where it is, how it is turned, and nothing where there is none."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from tests.vision.hands import TRUE_PX, walking_hand
from webapp.config import Settings
from webapp.core.errors import ModelUnavailableError
from webapp.core.records import Region
from webapp.vision.detectors.palm import (
    SIDE_PX,
    STRIDES_PX,
    PalmDetector,
    load_palm_detector,
    moved_square,
    upright_rad,
)
from webapp.vision.detectors.ssd_anchors import anchor_centres, found_points
from webapp.vision.registry import load_detector
from webapp.vision.weights import model_path

SETTINGS = Settings(pose_model="hand_full")


@pytest.fixture(scope="module")
def detector() -> PalmDetector:
    detector = load_detector(SETTINGS)
    assert isinstance(detector, PalmDetector)
    return detector


@pytest.fixture(scope="module")
def hand_bgr() -> np.ndarray:
    return walking_hand()[0]


def region_in(detector: PalmDetector, image_bgr: np.ndarray) -> Region:
    region = detector.detect(image_bgr)[0].region
    assert region is not None
    return region


def test_there_is_one_anchor_per_output_and_they_are_symmetric() -> None:
    anchors = anchor_centres(SIDE_PX, STRIDES_PX)

    assert anchors.shape == (2016, 2)
    assert anchors.mean(axis=0) == pytest.approx((96, 96), abs=1e-3)
    assert anchors[-6:].tolist() == [[184, 184]] * 6


def test_overlapping_finds_are_one_and_the_surest_comes_first() -> None:
    anchors = np.array([[50, 50], [52, 50], [150, 150]], np.float32)
    raw = np.zeros((3, 8), np.float32)
    raw[:, 2:4] = 40

    found = found_points(raw, np.array([[0.0], [2.0], [1.0]], np.float32), anchors, min_score=0.4, max_overlap=0.3)

    assert [score for _, score in found] == pytest.approx([0.88, 0.73], abs=0.01)
    corner_px, other_px, *keypoints_px = found[0][0]
    assert (other_px - corner_px).tolist() == pytest.approx([40, 40])
    assert 50 < (corner_px + other_px)[0] / 2 < 52
    assert len(keypoints_px) == 2


def test_nothing_found_is_an_empty_list() -> None:
    anchors = anchor_centres(SIDE_PX, STRIDES_PX)
    raw, logits = np.zeros((2016, 18), np.float32), np.full((2016, 1), -9, np.float32)

    assert found_points(raw, logits, anchors, min_score=0.5, max_overlap=0.3) == []


@pytest.mark.parametrize(
    ("fingers_px", "rotation_rad"), [((50, 10), 0.0), ((90, 50), math.pi / 2), ((10, 50), -math.pi / 2)]
)
def test_a_region_turns_with_the_fingers(fingers_px: tuple[float, float], rotation_rad: float) -> None:
    wrist_px = np.array([50, 50], np.float32)

    assert upright_rad(wrist_px, np.array(fingers_px, np.float32)) == pytest.approx(rotation_rad)


def test_a_square_moves_towards_the_fingers_by_a_share_of_its_height() -> None:
    centre_px = np.array([100, 100], np.float32)

    upright = moved_square(centre_px, (30, 40), 0.0, 2.0, 0.5)
    aside = moved_square(centre_px, (30, 40), math.pi / 2, 2.0, 0.5)

    assert (upright.centre_x_px, upright.centre_y_px, upright.size_px) == pytest.approx((100, 80, 80))
    assert (aside.centre_x_px, aside.centre_y_px) == pytest.approx((120, 100))


def test_the_hand_is_found_where_it_hangs(hand_bgr: np.ndarray, detector: PalmDetector) -> None:
    hands = detector.detect(hand_bgr)

    assert len(hands) == 1
    box, region = hands[0].box, hands[0].region
    assert region is not None
    assert abs(region.rotation_rad) > math.pi * 0.6  # the fingers point down
    for x_px, y_px in TRUE_PX.values():
        assert math.hypot(x_px - region.centre_x_px, y_px - region.centre_y_px) < region.size_px / 2
        assert box.x1_px < x_px < box.x2_px
        assert box.y1_px < y_px < box.y2_px


def test_a_hand_held_up_is_turned_by_half_a_turn(hand_bgr: np.ndarray, detector: PalmDetector) -> None:
    hanging = region_in(detector, hand_bgr)
    raised = region_in(detector, np.ascontiguousarray(hand_bgr[::-1, ::-1]))

    turned_rad = abs(hanging.rotation_rad - raised.rotation_rad)
    assert turned_rad == pytest.approx(math.pi, abs=0.3)
    assert raised.size_px == pytest.approx(hanging.size_px, rel=0.15)


@pytest.mark.parametrize("shape", [(480, 640, 3), (1, 1, 3), (2000, 30, 3)])
def test_no_hand_is_found_in_an_empty_picture(shape: tuple[int, int, int], detector: PalmDetector) -> None:
    assert detector.detect(np.full(shape, 90, np.uint8)) == []


def test_the_surest_of_two_hands_comes_first_and_the_picture_stays_as_it_was(
    hand_bgr: np.ndarray, detector: PalmDetector
) -> None:
    twice_bgr = np.concatenate([hand_bgr, hand_bgr[:, ::-1]], axis=1)
    before = twice_bgr.copy()

    scores = [hand.score for hand in detector.detect(twice_bgr)]

    assert len(scores) == 2
    assert scores == sorted(scores, reverse=True)
    assert np.array_equal(twice_bgr, before)


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("blazepose_detector", "must take a picture (1, 192, 192, 3), found (1, 224, 224, 3)"),
        ("hand_lite", "must take a picture (1, 192, 192, 3), found (1, 224, 224, 3)"),
    ],
)
def test_a_file_of_another_network_is_refused_with_what_was_expected(model: str, sentence: str) -> None:
    with pytest.raises(ModelUnavailableError, match=re.escape(sentence)):
        load_palm_detector(model_path(model, SETTINGS.weights_dir), "litert", threads=1)


def test_both_runtimes_find_the_same(hand_bgr: np.ndarray) -> None:
    path = model_path("palm_detector", SETTINGS.weights_dir)

    one, other = (
        region_in(load_palm_detector(path, runtime, threads=2), hand_bgr) for runtime in ("openvino", "litert")
    )

    assert one.centre_x_px == pytest.approx(other.centre_x_px, abs=0.5)
    assert one.size_px == pytest.approx(other.size_px, abs=0.5)
    assert one.rotation_rad == pytest.approx(other.rotation_rad, abs=0.01)
