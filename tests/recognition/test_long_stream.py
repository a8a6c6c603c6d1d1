"""An hour before the camera: the clock drifts and jumps, frames are lost, repeated, late and damaged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.recognition.figures import HEIGHT_PX, action, jumping_jack, perform, poses, squat, still
from webapp.core.records import Pose
from webapp.recognition.ports import Event
from webapp.recognition.spotter import StreamRecogniser
from webapp.recognition.template_bank import TemplateBank, prepare_bank

HOUR_S = 3600.0
ROUND_S = 30.0
"""Every round the person squats, stands, does a jumping jack and stands for the rest."""


@pytest.fixture(scope="module")
def bank() -> TemplateBank:
    return prepare_bank(
        [action("squat", perform((squat, 2.0), seed=1)), action("jumping jack", perform((jumping_jack, 1.5), seed=2))]
    )


def one_round(fps: float) -> list[tuple[Pose, float]]:
    sequence = perform(
        (still, 2.0), (squat, 2.2), (still, 3.0), (jumping_jack, 1.4), (still, 21.4), fps=fps, noise=0.001
    )
    return [(pose, time_s) for pose, time_s in poses(sequence) if time_s < ROUND_S]


def watched(bank: TemplateBank, frames: Iterator[tuple[Pose, float]]) -> list[Event]:
    recogniser = StreamRecogniser(bank)
    events = [event for pose, time_s in frames for event in recogniser.update(pose, HEIGHT_PX, time_s).events]
    return [*events, *recogniser.flush()]


def assert_each_round_was_seen(events: list[Event], rounds: int, drift: float = 1.0, within_s: float = 0.35) -> None:
    assert [event.action for event in events] == ["squat", "jumping jack"] * rounds
    starts_s = np.array([event.start_s / drift % ROUND_S for event in events]).reshape(-1, 2)
    np.testing.assert_allclose(starts_s, np.repeat([[2.0, 7.2]], rounds, axis=0), atol=within_s)


def test_the_last_minute_of_an_hour_is_recognised_as_the_first(bank: TemplateBank) -> None:
    frames, rounds = one_round(fps=10), int(HOUR_S / ROUND_S)
    events = watched(bank, ((pose, r * ROUND_S + time_s) for r in range(rounds) for pose, time_s in frames))
    assert_each_round_was_seen(events, rounds)
    assert events[-1].end_s > HOUR_S - ROUND_S


@pytest.mark.parametrize("drift", [0.97, 1.04])
def test_a_clock_that_runs_slow_or_fast_changes_nothing_but_the_times(bank: TemplateBank, drift: float) -> None:
    frames = one_round(fps=15)
    events = watched(bank, ((pose, (r * ROUND_S + time_s) * drift) for r in range(10) for pose, time_s in frames))
    assert_each_round_was_seen(events, 10, drift)


@pytest.mark.parametrize("fps", [5, 12, 60, 120])
def test_lost_repeated_late_and_damaged_frames_neither_hide_nor_invent_an_event(bank: TemplateBank, fps: float) -> None:
    rng, frames = np.random.default_rng(int(fps)), one_round(fps)
    nobody = np.full_like(frames[0][0].keypoints_px, np.nan)

    def damaged() -> Iterator[tuple[Pose, float]]:
        for r in range(3):
            for pose, time_s in frames:
                now_s, fault = r * ROUND_S + time_s, rng.random()
                if fault < 0.04 and fps > 10:
                    continue  # lost
                if fault < 0.08:
                    yield pose, now_s  # and once more below
                if fault < 0.12:
                    yield pose, now_s - 0.4  # late
                if fault < 0.16 and fps > 10:
                    yield replace(pose, keypoints_px=nobody, scores=np.zeros_like(pose.scores)), now_s
                    continue
                yield (pose, float("nan")) if fault > 0.97 and fps > 10 else (pose, now_s)

    assert_each_round_was_seen(watched(bank, damaged()), 3, within_s=0.35 if fps > 10 else 0.8)


def test_a_clock_that_jumps_begins_anew_without_an_event_across_the_jump(bank: TemplateBank) -> None:
    frames, starts_s = one_round(fps=15), (0.0, 5000.0, 100.0, 1e6)
    events = watched(bank, ((pose, start_s + time_s) for start_s in starts_s for pose, time_s in frames))
    assert [event.action for event in events] == ["squat", "jumping jack"] * len(starts_s)
    assert all(event.end_s - event.start_s < 5 for event in events)


def test_an_hour_of_standing_and_of_an_empty_room_is_without_events(bank: TemplateBank) -> None:
    rng, standing = np.random.default_rng(0), one_round(fps=10)[:5]
    nobody = replace(
        standing[0][0],
        keypoints_px=np.full_like(standing[0][0].keypoints_px, np.nan),
        scores=np.zeros_like(standing[0][0].scores),
    )

    def frames() -> Iterator[tuple[Pose, float]]:
        for number in range(18_000):
            pose = standing[number % 5][0]
            sway = rng.normal(0, 1.0, pose.keypoints_px.shape).astype(np.float32)
            empty = number % 3000 > 2000
            yield (nobody if empty else replace(pose, keypoints_px=pose.keypoints_px + sway)), number * 0.2

    assert watched(bank, frames()) == []
