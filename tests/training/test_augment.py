"""Keypoints and pixels move alike, whatever is drawn; the sheet shows it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from webapp.core.records import FloatArray
from webapp.core.skeleton import UPPER_BODY_6
from webapp.datasets.records import ABSENT, HIDDEN, VISIBLE
from webapp.training.augment import Crop, augmented, blurred, contact_sheet
from webapp.training.config import Augmentation

SIDE_PX = 64
FLIP = UPPER_BODY_6.flip_indices
NOTHING = Augmentation(flip=False, rotation_deg=0, scale=0, shift=0, brightness=0, blur=0, occlusion=0)
PLACES = st.integers(0, SIDE_PX - 1)
POINTS = st.lists(st.tuples(PLACES, PLACES), min_size=6, max_size=6)
MOVES = st.builds(
    Augmentation,
    flip=st.booleans(),
    rotation_deg=st.floats(0, 180),
    scale=st.floats(0, 0.5),
    shift=st.floats(0, 0.3),
    brightness=st.just(0.0),
    blur=st.floats(0, 2),
    occlusion=st.just(0.0),
)
SEEDS = st.integers(0, 2**31 - 1)
ALL_SEEN = np.full(6, VISIBLE, np.uint8)


class Rigged(np.random.Generator):
    """Draws what it was given, of the square the last four; 0.5 else, which changes nothing but the blur."""

    def __init__(self, **said: float) -> None:
        super().__init__(np.random.PCG64(0))
        names = ["flip", "rotation", "scale", "right", "down", "brightness", "contrast", "blur"]
        names += ["covered", "size", "x", "y"]
        self._numbers = np.array([said.get(name, 0.5) for name in names])

    def random(self, size: int) -> FloatArray:  # type: ignore[override]
        assert size == len(self._numbers)
        return self._numbers


def keypoints_at(points_px: list[tuple[int, int]]) -> FloatArray:
    return np.array(points_px, np.float32) / np.float32(SIDE_PX)


def dot_at(point_px: tuple[int, int]) -> FloatArray:
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    squared = (columns - point_px[0]) ** 2 + (rows - point_px[1]) ** 2
    return np.asarray(np.exp(-squared / 8), np.float32)


def middle_of_dot(image: FloatArray) -> FloatArray:
    rows, columns = np.nonzero(image >= image.max() / 2)
    return np.array([columns.mean(), rows.mean()], np.float32)


def noise(seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).random((SIDE_PX, SIDE_PX), np.float32)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(8, 55), st.integers(8, 55)), min_size=6, max_size=6), MOVES, SEEDS)
def test_a_dot_at_a_keypoint_is_found_at_the_moved_keypoint(
    points: list[tuple[int, int]], augmentation: Augmentation, seed: int
) -> None:
    keypoints = keypoints_at(points)
    # the dot of the left shoulder: it is that of the right one where the picture was mirrored
    image, moved, seen = augmented(
        dot_at(points[0]), keypoints, ALL_SEEN, FLIP, augmentation, np.random.default_rng(seed)
    )
    mirrored = augmentation.flip and np.random.default_rng(seed).random() < 0.5
    which = 1 if mirrored else 0
    at_px = moved[which] * SIDE_PX
    assume(seen[which] != ABSENT and (at_px >= 5).all() and (at_px <= SIDE_PX - 6).all())
    assert np.abs(middle_of_dot(image) - at_px).max() <= 1


@settings(deadline=None)
@given(POINTS, SEEDS)
def test_without_any_change_everything_stays_to_the_bit(points: list[tuple[int, int]], seed: int) -> None:
    image, keypoints = noise(seed), keypoints_at(points)
    again, same, seen = augmented(image, keypoints, ALL_SEEN, FLIP, NOTHING, np.random.default_rng(seed))
    assert again.tobytes() == image.tobytes()
    assert same.tobytes() == keypoints.tobytes()
    assert np.array_equal(seen, ALL_SEEN)


@settings(deadline=None)
@given(POINTS, SEEDS)
def test_mirrored_twice_everything_is_as_before(points: list[tuple[int, int]], seed: int) -> None:
    image, keypoints = noise(seed), keypoints_at(points)
    visibility = np.array([ABSENT, VISIBLE, HIDDEN, VISIBLE, VISIBLE, HIDDEN], np.uint8)
    keypoints[0] = 0
    mirrors = Augmentation(True, 0, 0, 0, 0, 0, 0)
    once = augmented(image, keypoints, visibility, FLIP, mirrors, Rigged(flip=0.0))
    twice = augmented(*once, FLIP, mirrors, Rigged(flip=0.0))
    assert np.array_equal(once[0], image[:, ::-1])
    assert once[2].tolist() == visibility[list(FLIP)].tolist()
    assert np.array_equal(twice[0], image)
    assert np.allclose(twice[1], keypoints, atol=1e-6)
    assert twice[2].tolist() == visibility.tolist()


def test_a_mirror_exchanges_left_and_right() -> None:
    keypoints = keypoints_at([(10, 5), (50, 6), (8, 20), (52, 21), (6, 40), (54, 41)])
    mirrors = Augmentation(True, 0, 0, 0, 0, 0, 0)
    _, moved, _ = augmented(noise(), keypoints, ALL_SEEN, FLIP, mirrors, Rigged(flip=0.0))
    assert np.allclose(moved * SIDE_PX, [(13, 6), (53, 5), (11, 21), (55, 20), (9, 41), (57, 40)], atol=1e-4)


@settings(deadline=None)
@given(POINTS, MOVES, SEEDS)
def test_what_leaves_the_picture_is_absent_and_the_rest_lies_in_it(
    points: list[tuple[int, int]], augmentation: Augmentation, seed: int
) -> None:
    image, keypoints = noise(seed), keypoints_at(points)
    changed, moved, seen = augmented(image, keypoints, ALL_SEEN, FLIP, augmentation, np.random.default_rng(seed))
    assert (moved[seen == ABSENT] == 0).all()
    assert ((moved >= 0) & (moved <= 1)).all()
    for array, dtype, shape in ((changed, "f4", (64, 64)), (moved, "f4", (6, 2)), (seen, "u1", (6,))):
        assert (array.dtype, array.shape) == (np.dtype(dtype), shape)
    assert 0 <= changed.min() <= changed.max() <= 1


def test_a_keypoint_that_was_absent_stays_so() -> None:
    visibility = np.array([ABSENT] * 5 + [VISIBLE], np.uint8)
    keypoints = np.zeros((6, 2), np.float32)
    keypoints[5] = 0.5
    wild = Augmentation(True, 180, 0.5, 0.0, 1, 4, 1)
    for seed in range(20):
        _, moved, seen = augmented(noise(), keypoints, visibility, FLIP, wild, np.random.default_rng(seed))
        assert (seen != ABSENT).sum() == 1
        assert np.allclose(moved[seen != ABSENT], 0.5, atol=0.03)


def test_beyond_the_edge_it_is_black() -> None:
    shifts = Augmentation(False, 0, 0, 0.25, 0, 0, 0)
    white = np.ones((SIDE_PX, SIDE_PX), np.float32)
    image, *_ = augmented(white, np.zeros((6, 2), np.float32), ALL_SEEN, FLIP, shifts, Rigged(right=1.0, down=0.5))
    assert (image[:, :16] == 0).all()
    assert (image[:, 16:] == 1).all()


def test_however_bright_it_becomes_beyond_the_pictures_own_edge_it_stays_black() -> None:
    image = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    image[10:50, 6:60] = noise()[10:50, 6:60]
    image[20:24, 20:24] = 0  # black within the picture
    brighter = Augmentation(False, 0, 0, 0, 0.4, 0, 0)
    relit, *_ = augmented(image, np.zeros((6, 2), np.float32), ALL_SEEN, FLIP, brighter, Rigged(brightness=1.0))
    inside = np.zeros_like(image, bool)
    inside[10:50, 6:60] = True
    assert np.allclose(relit[inside], np.minimum(image[inside] + 0.4, 1), atol=1e-6)
    assert (relit[~inside] == 0).all()


def test_more_contrast_leaves_the_middle_grey_as_it_is() -> None:
    image = np.tile(np.linspace(0.1, 0.9, SIDE_PX, dtype=np.float32), (SIDE_PX, 1))
    relit, *_ = augmented(
        image,
        np.zeros((6, 2), np.float32),
        ALL_SEEN,
        FLIP,
        Augmentation(False, 0, 0, 0, 0.2, 0, 0),
        Rigged(contrast=1.0),
    )
    assert np.allclose(relit, np.clip((image - 0.5) * 1.2 + 0.5, 0, 1), atol=1e-6)


def test_what_the_grey_square_covers_is_hidden_and_keeps_its_place() -> None:
    keypoints = keypoints_at([(30, 30), (2, 2), (33, 33), (60, 60), (28, 35), (2, 60)])
    visibility = np.array([VISIBLE, VISIBLE, HIDDEN, VISIBLE, ABSENT, VISIBLE], np.uint8)
    covers = Augmentation(False, 0, 0, 0, 0, 0, 0.5)
    image, same, seen = augmented(
        np.ones((SIDE_PX, SIDE_PX), np.float32), keypoints, visibility, FLIP, covers, Rigged(covered=0.2, size=0.5)
    )
    assert np.count_nonzero(np.isclose(image, 0.4)) == 16 * 16
    assert seen.tolist() == [HIDDEN, VISIBLE, HIDDEN, VISIBLE, ABSENT, VISIBLE]
    assert np.array_equal(same, keypoints)


def test_what_is_given_is_never_changed() -> None:
    image, keypoints, visibility = noise(), keypoints_at([(30, 30)] * 6), ALL_SEEN.copy()
    before = image.copy(), keypoints.copy()
    for seed in range(10):
        wild = Augmentation(True, 90, 0.5, 0.2, 0.5, 4, 1)
        augmented(image, keypoints, visibility, FLIP, wild, np.random.default_rng(seed))
    assert np.array_equal(image, before[0])
    assert np.array_equal(keypoints, before[1])
    assert np.array_equal(visibility, ALL_SEEN)


@settings(deadline=None)
@given(MOVES, SEEDS)
def test_the_same_numbers_are_drawn_whatever_the_settings(augmentation: Augmentation, seed: int) -> None:
    one, other = np.random.default_rng(seed), np.random.default_rng(seed)
    sample = noise(), keypoints_at([(30, 30)] * 6), ALL_SEEN
    augmented(*sample, FLIP, augmentation, one)
    augmented(*sample, FLIP, NOTHING, other)
    assert one.random() == other.random()


@pytest.mark.parametrize("sigma_px", [0.5, 1.0, 3.0])
def test_a_blur_is_a_gaussian_of_that_width(sigma_px: float) -> None:
    image = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    image[32, 32] = 1
    spread = blurred(image, sigma_px)
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    expected = np.exp(-((rows - 32) ** 2 + (columns - 32) ** 2) / (2 * sigma_px**2))
    assert np.abs(spread - expected / expected.sum()).max() < 0.01 * spread.max() + 2e-3
    assert spread.sum() == pytest.approx(1, abs=1e-5)
    assert np.allclose(blurred(np.full((20, 20), 0.25, np.float32), sigma_px), 0.25, atol=1e-6)


def test_the_sheet_has_a_row_a_sample_and_is_the_same_for_a_seed() -> None:
    keypoints = keypoints_at([(40, 12), (20, 12), (48, 28), (12, 28), (50, 44), (10, 44)])
    crops = [Crop(noise(seed) * 0.3, keypoints, ALL_SEEN) for seed in range(3)]
    sheet = contact_sheet(crops, UPPER_BODY_6, Augmentation(), seed=3)
    image = Image.open(io.BytesIO(sheet))
    assert (image.format, image.size) == ("PNG", (7 * 164 - 4, 3 * 164 - 4))
    assert sheet == contact_sheet(crops, UPPER_BODY_6, Augmentation(), seed=3)
    assert sheet != contact_sheet(crops, UPPER_BODY_6, Augmentation(), seed=4)


def test_left_and_right_limbs_are_drawn_in_different_colours() -> None:
    keypoints = keypoints_at([(40, 12), (20, 12), (48, 28), (12, 28), (50, 44), (10, 44)])
    crop = Crop(np.zeros((SIDE_PX, SIDE_PX), np.float32), keypoints, ALL_SEEN)
    sheet = contact_sheet([crop], UPPER_BODY_6, NOTHING, seed=0, examples=1)
    pixels = np.asarray(Image.open(io.BytesIO(sheet)).convert("RGB"), np.int64)
    for column in (0, 164):
        red = pixels[:, column : column + 160, 0] - pixels[:, column : column + 160, 2]
        orange, blue = np.nonzero(red > 150)[1], np.nonzero(red < -150)[1]
        assert len(orange) > 50
        assert len(blue) > 50
        assert blue.max() < 80 < orange.min()
