"""The stream's ticks are the take's: same sampling, same smoothing."""

from __future__ import annotations

import numpy as np
import pytest

from tests.recognition.figures import jumping_jack, perform
from webapp.core.tracks import resample, smooth, track_of
from webapp.recognition.sampler import TickSampler


@pytest.mark.parametrize("fps", [7.0, 15.0, 30.0, 118.0])
def test_a_stream_is_sampled_and_smoothed_as_a_take_is(fps: float) -> None:
    track = track_of(perform((jumping_jack, 1.5), fps=fps, noise=0.01), 2)
    expected = smooth(resample(track))
    sampler = TickSampler()
    ticks = [
        tick
        for time_s, points, visible in zip(track.times_s, track.points, track.visible, strict=True)
        for tick in sampler.add(float(time_s), points, visible)
    ]
    ticks += sampler.finish()
    np.testing.assert_allclose([tick.time_s for tick in ticks], expected.times_s, atol=1e-6)
    np.testing.assert_allclose(np.stack([tick.points for tick in ticks]), expected.points, atol=1e-4)


def test_a_finished_sampler_begins_anew() -> None:
    sampler = TickSampler()
    points, visible = np.zeros((17, 2), np.float32), np.ones(17, np.float32)
    assert list(sampler.finish()) == []
    for start_s in (0.0, 100.0):
        ticks = [t for i in range(10) for t in sampler.add(start_s + i * 0.05, points, visible)] + list(
            sampler.finish()
        )
        assert [round(t.time_s - start_s, 6) for t in ticks] == [round(i * 0.05, 6) for i in range(10)]
