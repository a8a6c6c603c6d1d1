"""Labels that look alike are in one group, wherever in the picture and however large."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.datasets.pose_groups import MAX_GROUPS, pose_groups

DOWN = np.array([[60, 40], [140, 40], [50, 90], [150, 90], [45, 140], [155, 140]])
UP = DOWN * (1, -1)
WIDE = np.array([[60, 40], [140, 40], [20, 40], [180, 40], [-20, 40], [220, 40]])


def labels(*counts: int) -> np.ndarray:
    """So many with the arms down, up and wide, mixed in size and place."""
    chance = np.random.default_rng(4)
    poses = np.concatenate(
        [np.repeat(pose[None], count, 0) for pose, count in zip((DOWN, UP, WIDE), counts, strict=True)]
    )
    poses = poses + chance.normal(0, 3, poses.shape)
    return (poses * chance.uniform(0.2, 3, (len(poses), 1, 1)) + chance.uniform(0, 500, (len(poses), 1, 2))).astype(
        "f4"
    )


def test_three_poses_are_three_groups_the_largest_first() -> None:
    groups = pose_groups(labels(20, 50, 30))
    assert groups.tolist() == [2] * 20 + [0] * 50 + [1] * 30


def test_a_label_with_a_wrist_missing_is_in_the_group_of_its_pose() -> None:
    keypoints = labels(30, 30, 30)
    keypoints[::7, 4] = np.nan
    expected = pose_groups(labels(30, 30, 30))
    assert pose_groups(keypoints).tolist() == expected.tolist()


def test_the_same_labels_are_in_the_same_groups_every_time() -> None:
    assert pose_groups(labels(40, 9, 20)).tolist() == pose_groups(labels(40, 9, 20)).tolist()


def test_what_is_hardly_labelled_is_in_no_group_and_few_are_in_one() -> None:
    keypoints = labels(5, 0, 0)
    keypoints[1, 2:] = np.nan
    assert pose_groups(keypoints).tolist() == [0, -1, 0, 0, 0]
    assert pose_groups(np.full((3, 6, 2), np.nan, np.float32)).tolist() == [-1, -1, -1]
    assert pose_groups(np.empty((0, 6, 2), np.float32)).tolist() == []


@pytest.mark.filterwarnings("error")
@given(seed=st.integers(0, 1000), missing=st.floats(0, 0.6), count=st.integers(1, 60))
@settings(max_examples=25, deadline=None)
def test_groups_are_numbered_by_size_and_at_most_twelve(seed: int, missing: float, count: int) -> None:
    chance = np.random.default_rng(seed)
    keypoints = chance.uniform(0, 100, (count, 6, 2)).astype(np.float32)
    keypoints[chance.random((count, 6)) < missing] = np.nan
    keypoints[: count // 3] = 7  # all at one place
    sizes = np.bincount(pose_groups(keypoints) + 1)[1:]
    assert len(sizes) <= MAX_GROUPS
    assert (np.diff(sizes) <= 0).all()
    assert (sizes > 0).all()
