"""What is remembered of a stream, and for how long."""

from __future__ import annotations

import numpy as np

from webapp.core.features import PARTS
from webapp.core.skeleton import COCO_17
from webapp.recognition.history import FeatureHistory, PoseHistory


def test_features_are_found_by_tick_as_far_back_as_the_capacity() -> None:
    history = FeatureHistory(capacity=10)
    for tick in range(57):
        history.append(np.full((3, len(PARTS)), tick, np.float32), np.ones(len(PARTS), np.float32))
        first = max(0, tick - 9)
        features, trust = history.between(first, tick)
        assert features[:, 0, 0].tolist() == list(range(first, tick + 1))
        assert len(trust) == len(features)
    assert history.newest(3)[0][:, 0, 0].tolist() == [54, 55, 56]


def test_poses_older_than_the_reach_are_forgotten() -> None:
    history = PoseHistory(reach_s=1.0)
    for frame in range(100):
        history.append(frame * 0.1, np.zeros((17, 2), np.float32), np.ones(17, np.float32), None)
    sequence = history.between(COCO_17, 0.0, 100.0)
    assert 10 <= len(sequence) <= 11
    assert sequence.times_s[0] == 0
    assert sequence.world_m is None
    assert len(history.between(COCO_17, 0.0, 5.0)) == 0


def test_poses_keep_world_coordinates_where_every_frame_has_them() -> None:
    history = PoseHistory(reach_s=1.0)
    world_m = np.ones((17, 3), np.float32)
    for frame in range(5):
        history.append(frame * 0.1, np.zeros((17, 2), np.float32), np.ones(17, np.float32), world_m)
    kept = history.between(COCO_17, 0.0, 1.0).world_m
    assert kept is not None
    assert kept.shape == (5, 17, 3)
    history.append(0.5, np.zeros((17, 2), np.float32), np.ones(17, np.float32), None)
    assert history.between(COCO_17, 0.0, 1.0).world_m is None
