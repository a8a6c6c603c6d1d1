"""Tracks: even sampling, smoothing and bridging."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recognition.figures import perform, squat
from webapp.core.skeleton import COCO_17
from webapp.core.tracks import RATE_HZ, Track, bridge_gaps, prepared_track, resample, smooth, track_of

WRIST = COCO_17.index["left_wrist"]


def straight(times_s: list[float]) -> Track:
    """Every keypoint moves by (1, 2) a second."""
    times = np.array(times_s)
    points = np.repeat(times[:, None, None] * np.array([1.0, 2.0]), 17, axis=1).astype(np.float32)
    return Track(COCO_17, times, points, np.ones((len(times), 17), np.float32))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.005, 0.4), min_size=2, max_size=30))
def test_resampling_an_even_movement_changes_only_its_times(gaps_s: list[float]) -> None:
    track = straight([0.0, *np.cumsum(gaps_s).tolist()])
    even = resample(track)
    np.testing.assert_allclose(np.diff(even.times_s), 1 / RATE_HZ)
    assert even.times_s[-1] <= track.times_s[-1] + 1e-6
    np.testing.assert_allclose(even.points[:, 0, 1], 2 * even.times_s, atol=1e-4)


def test_smoothing_takes_a_third_off_trembling_and_keeps_a_movement() -> None:
    track = resample(perform_track(noise=0.0))
    rng = np.random.default_rng(0)
    trembling = replace(track, points=track.points + rng.normal(0, 0.01, track.points.shape).astype(np.float32))
    assert (
        np.abs(smooth(trembling).points - track.points).mean() < 0.67 * np.abs(trembling.points - track.points).mean()
    )
    assert np.abs(smooth(track).points - track.points).max() < 0.01


def perform_track(noise: float) -> Track:
    return track_of(perform((squat, 2.0), noise=noise), 2)


def test_a_hidden_point_has_no_part_in_smoothing() -> None:
    track = straight([i / RATE_HZ for i in range(9)])
    visible, points = track.visible.copy(), track.points.copy()
    visible[4, WRIST], points[4, WRIST] = 0, 1e6
    assert np.abs(smooth(replace(track, visible=visible, points=points)).points).max() < 10


@pytest.mark.parametrize(("hidden_frames", "bridged"), [(3, True), (12, False)])
def test_short_gaps_are_bridged_and_long_ones_are_not(hidden_frames: int, bridged: bool) -> None:
    track = straight([i / 30 for i in range(40)])
    visible, points = track.visible.copy(), track.points.copy()
    gap = slice(10, 10 + hidden_frames)
    visible[gap, WRIST], points[gap, WRIST] = 0, 0
    result = bridge_gaps(replace(track, visible=visible, points=points))
    assert (result.visible[gap, WRIST] > 0).all() == bridged
    if bridged:
        np.testing.assert_allclose(result.points[gap, WRIST], track.points[gap, WRIST], atol=1e-5)
    np.testing.assert_array_equal(visible[gap, WRIST], 0)


def test_a_missing_keypoint_is_zero_with_no_trust() -> None:
    sequence = perform((squat, 1.0))
    keypoints = sequence.keypoints.copy()
    keypoints[:, WRIST] = np.nan
    track = prepared_track(replace(sequence, keypoints=keypoints), 2)
    assert (track.visible[:, WRIST] == 0).all()
    assert (track.points[:, WRIST] == 0).all()


def test_three_dimensions_of_a_flat_sequence_are_unknown() -> None:
    assert (track_of(perform((squat, 1.0)), 3).visible == 0).all()
