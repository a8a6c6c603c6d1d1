"""The hand model on a real hand: keypoints as the peer has them, left and right kept, and one hand followed as one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.jointed_hand import Hand, hand_m
from tests.vision.hands import CLEAR, TRUE_PX, walking_hand
from webapp.config import HAND_MODELS, Settings
from webapp.core.errors import ModelUnavailableError
from webapp.core.normalise import body_size
from webapp.core.records import Box, Detection, Pose, Region
from webapp.core.skeleton import HAND_21
from webapp.vision.mediapipe_network import load_mediapipe
from webapp.vision.ports import PersonDetector
from webapp.vision.poses.hand import HandEstimator, load_hand
from webapp.vision.registry import load_detector, load_pose_model
from webapp.vision.tracker import PersonTracker
from webapp.vision.weights import model_path

SETTINGS = Settings(pose_model="hand_full")
PALM_PX = 45


@pytest.fixture(scope="module")
def detector() -> PersonDetector:
    detector = load_detector(SETTINGS)
    assert detector is not None
    return detector


@pytest.fixture(scope="module")
def estimator() -> HandEstimator:
    estimator = load_pose_model(SETTINGS)
    assert isinstance(estimator, HandEstimator)
    return estimator


@pytest.fixture(scope="module")
def hand_bgr() -> np.ndarray:
    return walking_hand()[0]


@pytest.fixture(scope="module")
def region(hand_bgr: np.ndarray, detector: PersonDetector) -> Region:
    region = detector.detect(hand_bgr)[0].region
    assert region is not None
    return region


def drawn(state: dict[str, float], turn_deg: float = 0.0) -> Pose:
    """A hand of 100 pixels' palm in the middle of a picture."""
    points_px = hand_m({**state, "turn_deg": turn_deg}, Hand())[:, :2] / 0.09 * 100 + np.array([320, 300], np.float32)
    return Pose(HAND_21, points_px.astype(np.float32), np.ones(21, np.float32), 1.0)


@pytest.mark.parametrize("name", HAND_MODELS)
def test_keypoints_lie_where_the_peer_has_them(name: str, hand_bgr: np.ndarray, region: Region) -> None:
    """Within 5 % of the palm's length for the full model, in the middle; the small one knows less."""
    model = load_pose_model(Settings(pose_model=name))
    assert isinstance(model, HandEstimator)

    pose = model.estimate(hand_bgr, [region])[0]

    shares = [np.hypot(*(pose.keypoints_px[HAND_21.index[k]] - at)) / PALM_PX for k, at in TRUE_PX.items()]
    assert float(np.median(shares)) < (0.05 if name == "hand_full" else 0.2)
    assert pose.score > 0.8


def test_a_hand_is_as_large_in_metres_as_hands_are(
    hand_bgr: np.ndarray, region: Region, estimator: HandEstimator
) -> None:
    pose = estimator.estimate(hand_bgr, [region])[0]

    assert pose.world_m is not None
    palm_m = body_size(pose.world_m[None], np.ones((1, 21), np.float32), HAND_21)[0]
    assert 0.06 < palm_m < 0.12
    wrist, tip = (pose.world_m[HAND_21.index[name]] for name in ("wrist", "middle_tip"))
    assert tip[1] > wrist[1] + 0.08  # it hangs, and y runs down


def test_all_keypoints_of_a_hand_share_its_score(
    hand_bgr: np.ndarray, region: Region, estimator: HandEstimator
) -> None:
    pose = estimator.estimate(hand_bgr, [region])[0]

    assert set(pose.scores.tolist()) == {np.float32(pose.score)}


def test_where_no_hand_is_the_score_is_low(estimator: HandEstimator) -> None:
    pose = estimator.estimate(np.full((480, 640, 3), 90, np.uint8), [Region(320, 240, 200, 0.0)])[0]

    assert pose.score < 0.5


def test_the_mirror_image_of_a_hand_is_answered_as_it_looks(
    hand_bgr: np.ndarray, detector: PersonDetector, estimator: HandEstimator
) -> None:
    """A left hand in a mirror looks like a right one, and nothing turns it back."""
    mirrored_bgr = np.ascontiguousarray(hand_bgr[:, ::-1])
    poses = []
    for image_bgr in (hand_bgr, mirrored_bgr):
        region = detector.detect(image_bgr)[0].region
        assert region is not None
        poses.append(estimator.estimate(image_bgr, [region])[0])
    plain, mirrored = poses

    turned_px = np.array([hand_bgr.shape[1], 0]) + mirrored.keypoints_px * [-1, 1]
    assert np.median(np.hypot(*(turned_px - plain.keypoints_px).T)) < 0.15 * PALM_PX
    assert plain.world_m is not None
    assert mirrored.world_m is not None
    across = [HAND_21.index[name] for name in ("index_mcp", "pinky_mcp")]
    plain_x, mirrored_x = (float(np.diff(world_m[across, 0])[0]) for world_m in (plain.world_m, mirrored.world_m))
    assert plain_x * mirrored_x < 0


def test_both_runtimes_answer_the_same_keypoints(hand_bgr: np.ndarray, region: Region) -> None:
    path = model_path("hand_lite", SETTINGS.weights_dir)

    one, other = (
        load_hand("hand_lite", path, runtime, threads=2).estimate(hand_bgr, [region])[0]
        for runtime in ("openvino", "litert")
    )

    assert np.abs(one.keypoints_px - other.keypoints_px).max() < 0.5


def test_a_network_with_other_outputs_is_refused_with_what_was_expected() -> None:
    path = model_path("blazepose_detector", SETTINGS.weights_dir)

    with pytest.raises(ModelUnavailableError, match=r"must give \(1, 63\), \(1, 1\), found \(1, 2254, 12\)"):
        load_mediapipe(path, 224, {"Identity": (1, 63), "Identity_1": (1, 1)}, threads=1, runtime="litert")


def test_several_hands_are_answered_in_order(hand_bgr: np.ndarray, region: Region, estimator: HandEstimator) -> None:
    nothing = Region(100, 100, 80, 0.0)

    alone = estimator.estimate(hand_bgr, [region])[0]
    poses = estimator.estimate(hand_bgr, [nothing, region])

    assert estimator.estimate(hand_bgr, []) == []
    assert poses[0].score < poses[1].score
    assert np.allclose(poses[1].keypoints_px, alone.keypoints_px, atol=0.5)


def test_the_next_region_turns_with_the_hand_and_holds_it(estimator: HandEstimator) -> None:
    upright, aside = (estimator.region_of(drawn({}, turn_deg)) for turn_deg in (0.0, 90.0))

    assert upright.rotation_rad == pytest.approx(0, abs=0.05)
    assert aside.rotation_rad == pytest.approx(np.pi / 2, abs=0.05)
    assert upright.size_px == pytest.approx(aside.size_px, rel=1e-3)
    points_px = drawn({}).keypoints_px
    assert np.abs(points_px - [upright.centre_x_px, upright.centre_y_px]).max() < upright.size_px / 2


def test_the_next_region_hardly_changes_when_finger_tips_bend(estimator: HandEstimator) -> None:
    straight, bent = (estimator.region_of(drawn({"index": share, "middle": share})) for share in (0.0, 0.3))

    assert bent.size_px == pytest.approx(straight.size_px, rel=0.1)


def test_the_next_region_still_holds_the_hand(hand_bgr: np.ndarray, region: Region, estimator: HandEstimator) -> None:
    pose = estimator.estimate(hand_bgr, [region])[0]

    again = estimator.estimate(hand_bgr, [estimator.region_of(pose)])[0]

    assert again.score > 0.8
    assert np.median(np.hypot(*(again.keypoints_px - pose.keypoints_px).T)) < 0.15 * PALM_PX


def test_a_plain_box_of_a_hand_becomes_an_upright_square_around_it(estimator: HandEstimator) -> None:
    (region,) = estimator.regions_around(Detection(Box(100, 100, 200, 300), 0.9))

    assert (region.centre_x_px, region.centre_y_px, region.rotation_rad) == (150, 200, 0.0)
    assert region.size_px > 200


def test_a_moving_hand_is_followed_as_one(detector: PersonDetector, estimator: HandEstimator) -> None:
    tracker = PersonTracker(detector, estimator, max_people=2)
    seen = []

    for number, picture in enumerate(walking_hand(range(CLEAR - 4, CLEAR + 3))):
        seen.append([person.person_id for person in tracker.step(picture, number / 30).people])

    assert seen == [[1]] * 7
