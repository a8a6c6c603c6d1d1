"""From a network's numbers to keypoints, and from a pose to where to look next."""

from __future__ import annotations

import numpy as np
import pytest

from webapp.core.records import Box, Detection, FloatArray, Region
from webapp.core.skeleton import COCO_17, UPPER_BODY_6
from webapp.vision.own_card import AnswerFormat, OwnModelCard, PictureFormat
from webapp.vision.poses.following import FollowedRegion, next_region, region_of_box
from webapp.vision.poses.heatmap import decode_heatmap, decode_heatmap_offset
from webapp.vision.poses.own import own_estimator
from webapp.vision.poses.regression import decode_regression
from webapp.vision.runners import Array, ModelInput

PICTURE = PictureFormat(height_px=64, width_px=48, channels=1)
PLAIN = AnswerFormat()


@pytest.mark.parametrize(
    ("coordinates", "answer"),
    [("unit", [0.5, 0.25]), ("centred", [0.0, -0.5]), ("pixels", [24.0, 16.0])],
)
def test_coordinates_are_read_as_the_card_says(coordinates: str, answer: list[float]) -> None:
    form = AnswerFormat(coordinates=coordinates)

    points_px, scores = decode_regression(np.array([answer], np.float32), 1, PICTURE, form)

    assert points_px[0, 0].tolist() == [24.0, 16.0]
    assert scores[0, 0] == 1


def test_a_third_number_is_the_visibility() -> None:
    answer = np.array([[0.5, 0.5, 0.8, 0.1, 0.1, -3.0]], np.float32)

    _, scores = decode_regression(answer, 2, PICTURE, PLAIN)
    _, of_logits = decode_regression(answer, 2, PICTURE, AnswerFormat(scores="logits"))

    assert scores[0].tolist() == [pytest.approx(0.8), 0]
    assert of_logits[0].tolist() == [pytest.approx(0.69, abs=0.01), pytest.approx(0.047, abs=0.01)]


def test_a_keypoint_beyond_the_crop_is_believed_less_and_less() -> None:
    xs = np.array([0.0, 1.0, 1.03, 1.2, -0.3, np.nan], np.float32)
    answer = np.stack([xs, np.full(6, 0.5)], axis=1)[None].astype(np.float32)

    points_px, scores = decode_regression(answer, 6, PICTURE, PLAIN)

    assert scores[0, :2].tolist() == [1, 1]
    assert 0 < scores[0, 2] < 1
    assert scores[0, 3:].tolist() == [0, 0, 0]
    assert np.isnan(points_px[0, 5]).all()


def blob(x_cell: float, y_cell: float, sigma: float = 1.5) -> FloatArray:
    """A Gaussian of height 0.9 on a map of 16 x 12 cells, (1, 16, 12, 1)."""
    y, x = np.mgrid[:16, :12]
    heat = 0.9 * np.exp(-((x - x_cell) ** 2 + (y - y_cell) ** 2) / (2 * sigma**2))
    return np.asarray(heat[None, ..., None], np.float32)


@pytest.mark.parametrize(("x", "y"), [(5.0, 7.0), (5.3, 7.45), (4.6, 6.9), (10.2, 14.1)])
def test_the_top_of_a_blob_is_found_between_the_cells(x: float, y: float) -> None:
    points_px, scores = decode_heatmap(blob(x, y), PICTURE, PLAIN)

    assert points_px[0, 0] == pytest.approx([(x + 0.5) * 4, (y + 0.5) * 4], abs=0.05)
    assert scores[0, 0] == pytest.approx(0.9, abs=0.1)


@pytest.mark.parametrize(("cells", "at_px"), [("centre", 22.0), ("corner", 20.0), ("grid", 5 * 47 / 11)])
def test_where_a_cell_lies_is_as_the_card_says(cells: str, at_px: float) -> None:
    points_px, _ = decode_heatmap(blob(5, 7), PICTURE, AnswerFormat(cells=cells))

    assert points_px[0, 0, 0] == pytest.approx(at_px, abs=0.05)


def test_a_blob_at_the_edge_stays_at_the_edge() -> None:
    points_px, _ = decode_heatmap(blob(0, 0), PICTURE, PLAIN)

    assert points_px[0, 0].tolist() == [2, 2]


def test_an_empty_map_shows_nothing() -> None:
    _, scores = decode_heatmap(np.zeros((1, 16, 12, 1), np.float32), PICTURE, PLAIN)
    _, of_logits = decode_heatmap(np.full((1, 16, 12, 1), -9, np.float32), PICTURE, AnswerFormat(scores="logits"))

    assert scores[0, 0] == 0
    assert of_logits[0, 0] < 0.01


@pytest.mark.parametrize(
    ("offsets", "channels"),
    [("y_then_x", [10, 20, 1, 2]), ("x_then_y", [1, 2, 10, 20]), ("pairs", [1, 10, 2, 20])],
)
def test_the_offset_of_the_warmest_cell_leads_to_the_keypoint(offsets: str, channels: list[int]) -> None:
    heat = np.concatenate([blob(5, 7), blob(3, 2)], axis=-1)
    offsets_px = np.zeros((1, 16, 12, 4), np.float32)
    offsets_px[0, 7, 5] = channels
    offsets_px[0, 2, 3] = channels

    points_px, _ = decode_heatmap_offset(heat, offsets_px, PICTURE, AnswerFormat(offsets=offsets))

    assert points_px[0].tolist() == [[22 + 1, 30 + 10], [14 + 2, 10 + 20]]


STANDING = np.array(
    [[210, 100], [150, 100], [215, 160], [145, 160], [218, 210], [142, 210]], np.float32
)  # shoulders, elbows, wrists
RAISED = np.array([[210, 100], [150, 100], [230, 42], [130, 42], [225, -5], [135, -5]], np.float32)
SURE = np.ones(6, np.float32)
BOX = Box(120, 40, 240, 400)


def after(points_px: FloatArray, region: Region) -> FollowedRegion:
    found = next_region(UPPER_BODY_6, points_px, SURE, region, 1.25)
    assert found is not None
    return found


def test_of_an_upper_body_the_square_of_the_detector_is_kept_however_the_arms_move() -> None:
    first = region_of_box(BOX, 1.25)

    standing = after(STANDING, first)
    raised = after(RAISED, standing)

    for region in (standing, raised):
        assert region.size_px == pytest.approx(first.size_px, rel=0.05)
        assert region.centre_x_px == pytest.approx(first.centre_x_px, abs=0.05 * first.size_px)
        assert region.centre_y_px == pytest.approx(first.centre_y_px, abs=0.05 * first.size_px)


def test_the_square_goes_with_the_person_and_grows_with_them() -> None:
    followed = after(STANDING, region_of_box(BOX, 1.25))

    moved = followed
    for _ in range(15):
        moved = after(STANDING * 1.1 + 30, moved)

    assert moved.size_px == pytest.approx(1.1 * followed.size_px, rel=0.01)
    assert moved.centre_x_px == pytest.approx(1.1 * followed.centre_x_px + 30, abs=2)
    assert moved.centre_y_px == pytest.approx(1.1 * followed.centre_y_px + 30, abs=2)


def test_one_wild_frame_hardly_changes_the_square() -> None:
    followed = after(STANDING, region_of_box(BOX, 1.25))

    assert after(STANDING * 9, followed).size_px < 1.15 * followed.size_px


def test_of_a_whole_body_the_square_is_around_what_is_seen() -> None:
    points_px = np.stack([np.linspace(100, 180, 17), np.linspace(50, 450, 17)], axis=1).astype(np.float32)
    scores = np.ones(17, np.float32)
    scores[11:] = 0.1

    whole = next_region(COCO_17, points_px, np.ones(17, np.float32), None, 1.25)
    upper = next_region(COCO_17, points_px, scores, None, 1.25)

    assert whole is not None
    assert upper is not None
    assert whole.size_px == pytest.approx(400 * 1.25 * 1.15)
    assert (whole.centre_x_px, whole.centre_y_px) == (140, 250)
    assert upper.size_px == pytest.approx(250 * 1.25 * 1.15)


class Guessing:
    """A network that answers the same pose whatever it is shown, as one does that has learned to guess."""

    runtime = "none"
    input = ModelInput((1, 64, 48, 1), np.dtype(np.float32))

    def run(self, batch: Array) -> list[Array]:
        return [np.tile(np.array([[0.6, 0.3, 0.4, 0.3, 0.7, 0.5, 0.3, 0.5, 0.7, 0.7, 0.3, 0.7]]), (len(batch), 1))]


def test_a_pose_that_goes_wherever_it_is_looked_for_is_soon_believed_no_more() -> None:
    card = OwnModelCard("guess", "regression", "model.tflite", "", PICTURE, UPPER_BODY_6)
    estimator = own_estimator(Guessing(), card)
    image_bgr = np.random.default_rng(1).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    region: Region = estimator.regions_around(Detection(BOX, 0.9))[0]

    scores = []
    for _ in range(24):
        pose = estimator.estimate(image_bgr, [region])[0]
        region = estimator.region_of(pose)
        scores.append(pose.score)

    assert scores.count(0.0) == 2
    assert scores[0] > 0.5


def test_where_nothing_is_known_nobody_is_looked_for() -> None:
    nothing = np.full((17, 2), np.nan, np.float32)

    assert next_region(COCO_17, nothing, np.zeros(17, np.float32), None, 1.25) is None
    assert region_of_box(Box(5, 5, 5, 5), 1.25).size_px == pytest.approx(1.25)
