"""The same person in the same pose in pictures that look the same: the later one repeats the earlier."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.datasets.duplicates import Looks, repeated

POSE = np.array([[0.2, 0.2], [0.4, 0.2], [0.3, 0.5]], np.float32)
BOX = (0.1, 0.1, 0.5, 0.6)


def looks(*samples: tuple[int, tuple[float, float, float, float], np.ndarray]) -> Looks:
    hashes, boxes, poses = zip(*samples, strict=True)
    return Looks(np.array(hashes, np.int64), np.array(boxes, np.float32), np.array(poses, np.float32))


def test_a_picture_that_looks_the_same_with_the_same_pose_repeats_the_first() -> None:
    samples = looks((0b1111, BOX, POSE), (-5, BOX, POSE), (0b0001, BOX, POSE + 0.005), (0b0000, BOX, POSE - 0.005))
    assert repeated(samples).tolist() == [-1, -1, 0, 0]


def test_another_pose_another_place_and_another_picture_repeat_nothing() -> None:
    moved = POSE.copy()
    moved[2] += 0.2
    elsewhere = (0.5, 0.1, 0.9, 0.6)
    samples = looks((7, BOX, POSE), (7, BOX, moved), (7, elsewhere, POSE + np.array([0.4, 0])), (-1, BOX, POSE))
    assert repeated(samples).tolist() == [-1, -1, -1, -1]


def test_without_keypoints_in_common_the_boxes_tell() -> None:
    nothing = np.full_like(POSE, np.nan)
    other_half = POSE.copy()
    other_half[0] = np.nan
    first_half = POSE.copy()
    first_half[1:] = np.nan
    samples = looks((7, BOX, nothing), (7, BOX, POSE), (7, (0.5, 0.1, 0.9, 0.6), nothing), (9, BOX, other_half))
    assert repeated(samples).tolist() == [-1, 0, -1, 0]
    assert repeated(looks((7, BOX, first_half), (7, BOX, other_half))).tolist() == [-1, 0]


def test_what_repeats_is_never_what_is_repeated() -> None:
    chance = np.random.default_rng(2)
    drift = np.cumsum(chance.normal(0, 0.004, (700, 1, 2)), axis=0)  # each is much like the one before
    samples = Looks(
        np.zeros(700, np.int64),
        (np.array(BOX, np.float32) + np.tile(drift[:, 0], 2)).astype(np.float32),
        (POSE + drift).astype(np.float32),
    )
    first = repeated(samples)
    repeats = np.flatnonzero(first >= 0)
    assert 0 < len(repeats) < 700
    assert (first[repeats] < repeats).all()
    assert (first[first[repeats]] == -1).all()


@given(seed=st.integers(0, 1000), count=st.integers(0, 40))
@settings(max_examples=30, deadline=None)
def test_it_finds_what_comparing_one_by_one_finds(seed: int, count: int) -> None:
    chance = np.random.default_rng(seed)
    boxes = np.array([(0.1, 0.1, 0.5, 0.6), (0.1, 0.1, 0.51, 0.6), (0.4, 0.1, 0.9, 0.9)], np.float32)
    hashes = np.array([0, 0b111, 0b11111000], np.int64)
    poses = np.stack([POSE, POSE + 0.008, POSE + 0.3]).astype(np.float32)
    one, two, three = chance.integers(0, 3, (3, count))
    samples = Looks(hashes[one], boxes[two], poses[three])
    expected: list[int] = []
    for row in range(count):
        candidates = [one for one in range(row) if expected[one] < 0 and alike(samples, row, one)]
        expected.append(candidates[0] if candidates else -1)
    assert repeated(samples).tolist() == expected


def alike(samples: Looks, row: int, one: int) -> bool:
    x1, y1, x2, y2 = samples.boxes[row]
    allowed = 0.03 * max(x2 - x1, y2 - y1)
    return (
        (int(samples.dhashes[row]) ^ int(samples.dhashes[one])).bit_count() <= 4
        and bool((np.abs(samples.boxes[row] - samples.boxes[one]) <= allowed).all())
        and bool(np.linalg.norm(samples.keypoints[row] - samples.keypoints[one], axis=1).mean() <= allowed)
    )
