"""The streaming recogniser, on a stick figure at any frame rate and on damaged streams."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.recognition.figures import (
    HEIGHT_PX,
    Movement,
    action,
    arms_only,
    half_squat,
    jumping_jack,
    perform,
    poses,
    squat,
    still,
    watch,
)
from webapp.core.errors import InvalidInputError
from webapp.core.records import FloatArray, Pose, PoseSequence
from webapp.core.skeleton import BLAZEPOSE_33
from webapp.recognition.ports import Event, Recognition
from webapp.recognition.scoring import Scores, score
from webapp.recognition.spotter import COMPARED_CELLS, StreamRecogniser
from webapp.recognition.template_bank import TemplateBank, prepare_bank


@pytest.fixture(scope="module")
def bank() -> TemplateBank:
    """One take each of a squat and a jumping jack."""
    return prepare_bank(
        [action("squat", perform((squat, 2.0), seed=1)), action("jumping jack", perform((jumping_jack, 1.5), seed=2))]
    )


def last_answer(recogniser: StreamRecogniser, sequence: PoseSequence) -> Recognition:
    answers = [recogniser.update(pose, HEIGHT_PX, time_s) for pose, time_s in poses(sequence)]
    return answers[-1]


def test_every_repetition_is_one_event(bank: TemplateBank) -> None:
    stream = perform((still, 1.0), (squat, 2.2), (squat, 1.8), (squat, 2.5), (still, 0.4), (squat, 1.6), (still, 1.0))
    events = watch(StreamRecogniser(bank), stream)
    assert [event.action for event in events] == ["squat"] * 4
    assert [event.start_s for event in events] == sorted(event.start_s for event in events)


def test_an_event_tells_when_it_was_and_keeps_its_poses(bank: TemplateBank) -> None:
    stream = perform((still, 2.0), (jumping_jack, 1.5), (still, 2.0))
    (event,) = watch(StreamRecogniser(bank), stream)
    assert event.action == "jumping jack"
    assert event.action_id == "jumping jack-id"
    assert event.take_id == "jumping jack-0"
    assert event.start_s == pytest.approx(2.0, abs=0.3)
    assert event.end_s == pytest.approx(3.5, abs=0.3)
    assert 0 <= event.announced_s - event.end_s <= 0.45
    assert event.distance < event.threshold
    assert 0 < event.confidence <= 1
    assert event.sequence.times_s[0] == 0
    assert event.sequence.duration_s == pytest.approx(event.end_s - event.start_s, abs=0.1)


@pytest.mark.parametrize("movement", [half_squat, arms_only, still])
def test_a_half_hearted_or_other_movement_is_no_event(bank: TemplateBank, movement: Movement) -> None:
    assert watch(StreamRecogniser(bank), perform((still, 1.0), (movement, 2.0), (movement, 1.5), (still, 1.0))) == []


def test_a_mirrored_movement_is_another_one() -> None:
    one_arm = perform((jumping_jack, 1.5))
    frozen = one_arm.keypoints.copy()
    left = [i for i, name in enumerate(one_arm.skeleton.keypoints) if name.startswith("left")]
    frozen[:, left] = frozen[:1, left]
    right_only = replace(one_arm, keypoints=frozen)
    flipped = frozen[:, list(one_arm.skeleton.flip_indices)] * np.array([-1, 1], np.float32)
    recogniser = StreamRecogniser(prepare_bank([action("right arm", right_only)]))
    assert [event.action for event in watch(recogniser, right_only)] == ["right arm"]
    recogniser.reset()
    assert watch(recogniser, replace(right_only, keypoints=flipped)) == []


@settings(max_examples=12, deadline=None)
@given(fps=st.floats(6, 120), tempo=st.floats(0.8, 1.6), size=st.floats(0.08, 0.3), seed=st.integers(0, 1000))
def test_frame_rate_tempo_and_distance_from_the_camera_do_not_matter(
    bank: TemplateBank, fps: float, tempo: float, size: float, seed: int
) -> None:
    stream = perform(
        (still, 1.0), (squat, 2.0 * tempo), (still, 1.0), (jumping_jack, 1.5 * tempo), (still, 1.0),
        fps=fps, size=size, noise=0.01 * size, seed=seed,
    )  # fmt: skip
    assert [event.action for event in watch(StreamRecogniser(bank), stream)] == ["squat", "jumping jack"]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_stream_however_damaged_raises_or_gives_overlapping_events(bank: TemplateBank, data: st.DataObject) -> None:
    stream = perform((squat, 1.0), (jumping_jack, 1.0), (still, 0.5), fps=20)
    recogniser = StreamRecogniser(bank)
    time_s = 0.0
    events: list[Event] = []
    for pose, _ in poses(stream):
        time_s += data.draw(st.sampled_from([0.05, 0.05, 0.05, 0.0, -0.1, -5.0, 0.3, 3.0, 1e6, float("nan")]))
        damage = data.draw(st.sampled_from(["none", "none", "nan", "hidden", "one"]))
        keypoints, scores = pose.keypoints_px.copy(), pose.scores.copy()
        if damage == "nan":
            keypoints[:] = np.nan
        elif damage == "hidden":
            scores[:] = 0
        elif damage == "one":
            keypoints[data.draw(st.integers(0, len(scores) - 1))] = np.nan
        answer = recogniser.update(replace(pose, keypoints_px=keypoints, scores=scores), HEIGHT_PX, time_s)
        events += answer.events
        assert all(np.isfinite(c.threshold) and 0 <= c.progress <= 1 for c in answer.ranking)
    events += recogniser.flush()
    assert all(event.start_s <= event.end_s for event in events)


def test_a_time_not_later_than_the_last_is_not_counted(bank: TemplateBank) -> None:
    stream = perform((still, 1.0), (squat, 2.0), (still, 1.0))
    plain = watch(StreamRecogniser(bank), stream)
    recogniser = StreamRecogniser(bank)
    doubled: list[Event] = []
    for pose, time_s in poses(stream):
        doubled += recogniser.update(pose, HEIGHT_PX, time_s).events
        doubled += recogniser.update(pose, HEIGHT_PX, time_s).events
        doubled += recogniser.update(pose, HEIGHT_PX, time_s - 0.2).events
    doubled += recogniser.flush()
    assert [(e.action, e.start_s, e.end_s) for e in doubled] == [(e.action, e.start_s, e.end_s) for e in plain]


def test_a_movement_is_not_put_together_across_a_gap(bank: TemplateBank) -> None:
    stream = perform((squat, 2.0))
    recogniser = StreamRecogniser(bank)
    events: list[Event] = []
    for pose, time_s in poses(stream):
        events += recogniser.update(pose, HEIGHT_PX, time_s + (30.0 if time_s > 1.0 else 0.0)).events
    assert [*events, *recogniser.flush()] == []


def test_a_video_begun_again_is_a_new_stream(bank: TemplateBank) -> None:
    stream = perform((still, 1.0), (squat, 2.0), (still, 1.0))
    recogniser = StreamRecogniser(bank)
    events = [e for _ in range(2) for p, t in poses(stream) for e in recogniser.update(p, HEIGHT_PX, t).events]
    assert [event.action for event in events] == ["squat", "squat"]


def test_flush_announces_a_movement_cut_off_at_its_end(bank: TemplateBank) -> None:
    recogniser = StreamRecogniser(bank)
    stream = perform((still, 1.0), (squat, 2.0))
    live = [event for pose, time_s in poses(stream) for event in recogniser.update(pose, HEIGHT_PX, time_s).events]
    flushed = recogniser.flush()
    assert [event.action for event in (*live, *flushed)] == ["squat"]
    assert recogniser.flush() == ()


def test_ten_minutes_of_standing_give_no_event_and_need_no_more_memory(bank: TemplateBank) -> None:
    recogniser = StreamRecogniser(bank)
    rng = np.random.default_rng(0)
    standing = perform((still, 1.0), noise=0.0)
    sizes = []
    for frame in range(6000):
        keypoints = standing.keypoints[0] + rng.normal(0, 0.002, standing.keypoints[0].shape).astype(np.float32)
        answer = recogniser.update(
            Pose(standing.skeleton, keypoints * HEIGHT_PX, standing.scores[0], 1.0), HEIGHT_PX, frame * 0.1
        )
        assert answer.events == ()
        if frame % 500 == 499:
            sizes.append(len(pickle.dumps(recogniser)))
    assert answer.reason == "too still"
    assert max(sizes[2:]) <= 1.01 * sizes[1]


def test_hidden_legs_are_the_reason_only_where_the_action_needs_them() -> None:
    bank = prepare_bank([action("squat", perform((squat, 2.0))), action("arms up", perform((arms_only, 1.5)))])
    stream = perform((still, 1.0), (arms_only, 1.5), (still, 0.5), (arms_only, 0.6))
    scores = stream.scores.copy()
    legs = [i for i, n in enumerate(stream.skeleton.keypoints) if n.split("_")[-1] in {"hip", "knee", "ankle"}]
    scores[:, legs] = 0
    upper_body = replace(stream, scores=scores)
    recogniser = StreamRecogniser(bank)
    answers = [recogniser.update(pose, HEIGHT_PX, time_s) for pose, time_s in poses(upper_body)]
    assert [event.action for answer in answers for event in answer.events] == ["arms up"]
    reasons = {candidate.action: candidate.reason for candidate in answers[-1].ranking}
    assert reasons["squat"] == "legs not visible"
    assert reasons["arms up"] != "legs not visible"


def test_a_take_of_the_upper_body_alone_is_recognised_in_a_full_view() -> None:
    take = perform((arms_only, 1.5))
    scores = take.scores.copy()
    scores[:, [i for i, n in enumerate(take.skeleton.keypoints) if n.split("_")[-1] in {"hip", "knee", "ankle"}]] = 0
    recogniser = StreamRecogniser(prepare_bank([action("arms up", replace(take, scores=scores))]))
    events = watch(recogniser, perform((still, 1.0), (arms_only, 1.6), (still, 1.0), seed=5))
    assert [event.action for event in events] == ["arms up"]


def test_a_take_of_one_skeleton_is_recognised_in_another(bank: TemplateBank) -> None:
    stream = perform((still, 1.0), (squat, 2.0), (still, 1.0), skeleton=BLAZEPOSE_33)
    assert [event.action for event in watch(StreamRecogniser(bank), stream)] == ["squat"]


def test_a_stream_without_world_coordinates_is_compared_with_takes_that_have_them() -> None:
    take = perform((squat, 2.0))
    depth = np.zeros((*take.scores.shape, 1), np.float32)
    with_world = replace(take, world_m=np.concatenate([take.keypoints * 2, depth], axis=-1))
    recogniser = StreamRecogniser(prepare_bank([action("squat", with_world)]))
    assert [event.action for event in watch(recogniser, perform((still, 1.0), (squat, 2.0), (still, 1.0)))] == ["squat"]
    recogniser.reset()
    assert [event.action for event in watch(recogniser, with_world)] == ["squat"]


def test_an_empty_bank_says_so() -> None:
    stream = perform((squat, 1.0))
    assert last_answer(StreamRecogniser(prepare_bank([])), stream) == Recognition(reason="no action recorded yet")


def test_the_ranking_follows_a_movement(bank: TemplateBank) -> None:
    recogniser = StreamRecogniser(bank)
    halfway = last_answer(recogniser, perform((still, 1.0), (jumping_jack, 1.5), noise=0.0).between(0, 2.0))
    assert halfway.ranking[0].action == "jumping jack"
    assert halfway.ranking[0].reason == "not finished"
    assert 0.2 < halfway.ranking[0].progress < 0.9
    assert halfway.current is None


def test_an_announced_action_is_the_current_one_for_a_while(bank: TemplateBank) -> None:
    recogniser = StreamRecogniser(bank)
    stream = perform((still, 1.0), (jumping_jack, 1.5), (still, 3.0))
    currents = [recogniser.update(pose, HEIGHT_PX, time_s).current for pose, time_s in poses(stream)]
    shown_s = sum(current == "jumping jack" for current in currents) / 30
    assert 1.0 < shown_s < 2.0
    assert currents[-1] is None


def test_two_names_for_one_movement_are_too_near_to_tell() -> None:
    bank = prepare_bank([action("a", perform((squat, 2.0), seed=1)), action("b", perform((squat, 2.0), seed=2))])
    recogniser = StreamRecogniser(bank)
    answers = [
        recogniser.update(pose, HEIGHT_PX, time_s)
        for pose, time_s in poses(perform((still, 1.0), (squat, 2.0), (still, 0.7), seed=3))
    ]
    assert all(not answer.events for answer in answers)
    assert "margin too small" in {candidate.reason for answer in answers for candidate in answer.ranking}


@pytest.mark.parametrize(
    "parts",
    [
        ((squat, 2.0), (jumping_jack, 1.5), (squat, 2.0)),
        ((squat, 2.0), (jumping_jack, 1.5), (arms_only, 1.5)),
        ((jumping_jack, 1.5), (squat, 2.0), (arms_only, 1.5)),
    ],
)
def test_a_short_action_inside_a_longer_one_is_announced_as_the_longer_and_alone_as_itself(
    parts: tuple[tuple[Movement, float], ...],
) -> None:
    bank = prepare_bank(
        [action("jack", perform((jumping_jack, 1.5), seed=1)), action("all of it", perform(*parts, seed=2))]
    )
    whole = perform((still, 1.0), *parts, (still, 2.0), seed=5)
    assert [event.action for event in watch(StreamRecogniser(bank), whole)] == ["all of it"]
    part = perform((still, 1.0), (jumping_jack, 1.5), (still, 4.0), seed=6)
    assert [event.action for event in watch(StreamRecogniser(bank), part)] == ["jack"]


def test_the_way_back_from_an_action_is_not_announced_as_another_unless_it_is_clearly_that() -> None:
    def up(phase: float) -> tuple[float, float, float]:
        return 2.8 * phase, 0.0, 0.0

    def down_with_legs_apart(phase: float) -> tuple[float, float, float]:
        return 2.8 * (1 - 0.45 * phase), 0.8 * phase, 0.0

    def down(phase: float) -> tuple[float, float, float]:
        return 2.8 * (1 - phase), 0.0, 0.0

    bank = prepare_bank([action("up", perform((up, 1.0), seed=1)), action("down", perform((down, 1.0), seed=2))])
    clear = perform((still, 1.0), (up, 1.0), (down, 1.0), (still, 1.0), seed=3)
    assert [event.action for event in watch(StreamRecogniser(bank), clear)] == ["up", "down"]
    vague = perform((still, 1.0), (up, 1.0), (down_with_legs_apart, 0.5), seed=3)
    assert [event.action for event in watch(StreamRecogniser(bank), vague)] == ["up"]
    alone = perform((down_with_legs_apart, 0.5), seed=3)
    assert [event.action for event in watch(StreamRecogniser(bank), alone)] == ["down"]


def test_a_picture_without_height_is_refused(bank: TemplateBank) -> None:
    pose, time_s = next(poses(perform((still, 1.0))))
    with pytest.raises(InvalidInputError, match="image_height_px must be positive, got 0"):
        StreamRecogniser(bank).update(pose, 0, time_s)


def test_long_takes_are_compared_as_far_as_time_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []

    def counted(
        bank: TemplateBank, features: FloatArray, trust: FloatArray, which: NDArray[np.int64] | None = None
    ) -> Scores:
        assert which is not None
        compared.append((len(which), len(features) * int(bank.stream.row_counts[which].sum())))
        return score(bank, features, trust, which)

    monkeypatch.setattr("webapp.recognition.spotter.score", counted)
    takes = [perform((jumping_jack, 25.0), fps=20.0, seed=seed) for seed in range(12)]
    events = watch(StreamRecogniser(prepare_bank([action("slow", *takes)])), takes[0])
    assert [event.action for event in events] == ["slow"]
    assert max(count for count, _ in compared) < len(takes)
    assert max(cells for _, cells in compared) <= COMPARED_CELLS + 500 * 500  # and the one that has matched
