"""BlazePose on a real clip: the anchors, the regions, the keypoints, and angles that survive any frame shape."""

from __future__ import annotations

import math
from itertools import islice

import numpy as np
import pytest

from tests.browser.clips import frames, man_alone
from webapp.config import Settings
from webapp.core.records import Box, Detection, Pose, Region
from webapp.core.skeleton import BLAZEPOSE_33
from webapp.vision.detectors.blazepose import SIDE_PX, STRIDES_PX, BlazePoseDetector, region_between
from webapp.vision.detectors.ssd_anchors import anchor_centres
from webapp.vision.poses.blazepose import BlazePoseEstimator, load_blazepose, refined
from webapp.vision.registry import load_detector, load_pose_model
from webapp.vision.tracker import PersonTracker
from webapp.vision.weights import model_path

SETTINGS = Settings(detector="blazepose")
ARMS_UP = 15
"""A frame of the demo clip in which the man's arms point diagonally upwards."""


@pytest.fixture(scope="module")
def detector() -> BlazePoseDetector:
    detector = load_detector(SETTINGS)
    assert isinstance(detector, BlazePoseDetector)
    return detector


@pytest.fixture(scope="module")
def estimator() -> BlazePoseEstimator:
    estimator = load_pose_model(SETTINGS)
    assert isinstance(estimator, BlazePoseEstimator)
    return estimator


@pytest.fixture(scope="module")
def man_bgr() -> np.ndarray:
    """640x360, one man on a roof."""
    return man_alone(range(ARMS_UP, ARMS_UP + 1))[0]


class Fixed:
    """Always finds the same person."""

    name = "fixed"
    runtime = "none"

    def __init__(self, person: Detection) -> None:
        self._person = person

    def detect(self, image_bgr: np.ndarray) -> list[Detection]:
        return [self._person]


def pose_in(image_bgr: np.ndarray, detector: BlazePoseDetector, estimator: BlazePoseEstimator) -> Pose:
    person = detector.detect(image_bgr)[0]
    first = estimator.estimate(image_bgr, estimator.regions_around(person)[:1])[0]
    return estimator.estimate(image_bgr, [estimator.region_of(first)])[0]


def upper_arm_degrees(pose: Pose, side: str) -> float:
    at = pose.skeleton.index
    across, down = pose.keypoints_px[at[f"{side}_elbow"]] - pose.keypoints_px[at[f"{side}_shoulder"]]
    return math.degrees(math.atan2(-down, across))


def test_there_is_one_anchor_per_output_and_they_are_symmetric() -> None:
    anchors = anchor_centres(SIDE_PX, STRIDES_PX)

    assert anchors.shape == (2254, 2)
    assert anchors.mean(axis=0) == pytest.approx((112, 112), abs=1e-3)
    assert anchors[:4].tolist() == [[4, 4], [4, 4], [12, 4], [12, 4]]


@pytest.mark.parametrize(
    ("rim_px", "rotation_rad"), [((50, 10), 0.0), ((90, 50), math.pi / 2), ((10, 50), -math.pi / 2)]
)
def test_a_region_turns_with_the_head(rim_px: tuple[float, float], rotation_rad: float) -> None:
    region = region_between(np.array([50, 50], np.float32), np.array(rim_px, np.float32), 1.25)

    assert region.rotation_rad == pytest.approx(rotation_rad)
    assert region.size_px == pytest.approx(100)


def test_the_man_is_found_where_he_stands(man_bgr: np.ndarray, detector: BlazePoseDetector) -> None:
    people = detector.detect(man_bgr)

    assert len(people) == 1
    region = people[0].region
    assert region is not None
    assert 150 < region.centre_x_px < 350
    assert abs(region.rotation_rad) < 0.2


def test_nobody_is_found_in_an_empty_picture(detector: BlazePoseDetector) -> None:
    assert detector.detect(np.full((480, 640, 3), 90, np.uint8)) == []


def test_keypoints_lie_as_a_standing_body_does(
    man_bgr: np.ndarray, detector: BlazePoseDetector, estimator: BlazePoseEstimator
) -> None:
    pose = pose_in(man_bgr, detector, estimator)

    y_px = dict(zip(BLAZEPOSE_33.keypoints, pose.keypoints_px[:, 1], strict=True))
    assert y_px["nose"] < y_px["left_shoulder"] < y_px["left_hip"] < y_px["left_knee"] < y_px["left_ankle"]
    assert pose.score > 0.9
    assert pose.scores.min() >= 0
    assert pose.scores.max() <= 1
    assert pose.world_m is not None
    shoulder, ankle = (pose.world_m[BLAZEPOSE_33.index[name]] for name in ("left_shoulder", "left_ankle"))
    assert 0.9 < ankle[1] - shoulder[1] < 1.8


def test_an_empty_picture_scores_low(estimator: BlazePoseEstimator) -> None:
    pose = estimator.estimate(np.full((480, 640, 3), 90, np.uint8), [Region(320, 240, 400, 0.0)])[0]

    assert pose.score < 0.5


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_real_arm_reads_the_same_angle_in_16_9_and_in_4_3(
    side: str, man_bgr: np.ndarray, detector: BlazePoseDetector, estimator: BlazePoseEstimator
) -> None:
    padded_bgr = np.pad(man_bgr, ((60, 60), (0, 0), (0, 0)), mode="edge")
    assert padded_bgr.shape == (480, 640, 3)

    wide = upper_arm_degrees(pose_in(man_bgr, detector, estimator), side)
    narrow = upper_arm_degrees(pose_in(padded_bgr, detector, estimator), side)

    assert abs((wide - narrow + 180) % 360 - 180) < 4


def test_a_leaning_picture_turns_the_keypoints_and_the_world_with_it(
    man_bgr: np.ndarray, detector: BlazePoseDetector, estimator: BlazePoseEstimator
) -> None:
    lying_bgr = np.ascontiguousarray(np.rot90(man_bgr))  # counter-clockwise: the head points left

    pose = pose_in(lying_bgr, detector, estimator)

    at = BLAZEPOSE_33.index
    assert pose.keypoints_px[at["nose"], 0] < pose.keypoints_px[at["left_hip"], 0]
    assert pose.world_m is not None
    assert pose.world_m[at["left_shoulder"], 0] < pose.world_m[at["left_ankle"], 0] - 0.5


def test_a_plain_box_is_taken_for_a_whole_body_first_then_for_less_of_one(estimator: BlazePoseEstimator) -> None:
    regions = estimator.regions_around(Detection(Box(100, 100, 200, 300), 0.9))

    assert regions[0] == Region(150, 200, 250, 0.0)
    centres_y_px = [region.centre_y_px for region in regions]
    assert centres_y_px == sorted(centres_y_px)
    assert {region.centre_x_px for region in regions} == {150}


def test_somebody_at_a_desk_is_followed(
    man_bgr: np.ndarray, detector: BlazePoseDetector, estimator: BlazePoseEstimator
) -> None:
    """The picture ends at the man's hips."""
    pose = pose_in(man_bgr, detector, estimator)
    hips_y_px = int(pose.keypoints_px[pose.skeleton.index["left_hip"], 1])
    desk_bgr = np.ascontiguousarray(man_bgr[:hips_y_px])
    x1_px, x2_px = pose.keypoints_px[:, 0].min(), pose.keypoints_px[:, 0].max()
    seen = Detection(Box(float(x1_px), 40.0, float(x2_px), float(hips_y_px)), 0.9)

    people = PersonTracker(Fixed(seen), estimator).step(desk_bgr, 0.0).people

    assert len(people) == 1
    nose = pose.skeleton.index["nose"]
    assert people[0].pose.keypoints_px[nose] == pytest.approx(pose.keypoints_px[nose], abs=12)


def test_a_keypoint_moves_to_the_middle_of_the_heat_around_it() -> None:
    heat = np.full((64, 64, 3), -20, np.float32)
    heat[30:32, 20:22, 0] = 8.0
    heat[30:32, 40:42, 1] = -1.0  # unsure
    points_px = np.array([[88, 120], [160, 120], [-9, 300]], np.float32)

    moved = refined(points_px, heat)

    assert moved[0] == pytest.approx((82, 122), abs=0.1)
    assert moved[1:].tolist() == points_px[1:].tolist()


def test_a_pose_of_another_model_has_a_next_region_too(
    man_bgr: np.ndarray, detector: BlazePoseDetector, estimator: BlazePoseEstimator
) -> None:
    own = pose_in(man_bgr, detector, estimator)
    plain = Pose(own.skeleton, own.keypoints_px, own.scores, own.score)

    region, known = estimator.region_of(plain), estimator.region_of(own)

    assert region.centre_x_px == pytest.approx(known.centre_x_px, abs=0.25 * known.size_px)
    assert 0.5 < region.size_px / known.size_px < 2


def test_both_runtimes_answer_the_same_keypoints(man_bgr: np.ndarray, detector: BlazePoseDetector) -> None:
    path = model_path("blazepose_lite", SETTINGS.weights_dir)
    region = detector.detect(man_bgr)[0].region
    assert region is not None

    one, other = (
        load_blazepose("blazepose_lite", path, runtime, threads=2).estimate(man_bgr, [region])[0]
        for runtime in ("openvino", "litert")
    )

    assert np.abs(one.keypoints_px - other.keypoints_px).max() < 0.5


def test_who_walks_in_is_followed_beside_who_is_there(
    detector: BlazePoseDetector, estimator: BlazePoseEstimator
) -> None:
    tracker = PersonTracker(detector, estimator)
    seen: set[int] = set()

    for number, picture in enumerate(islice(frames(), 30, 105)):
        people = tracker.step(picture, number / 30).people
        seen |= {person.person_id for person in people}

    assert seen == {1, 2}
    assert len(people) == 2
