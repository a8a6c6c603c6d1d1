"""Repetitions: what is counted, what ends a set, and what each repetition is measured by."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation_data import SHARED, needs_shared_data
from tests.jointed_figure import SQUAT, posed, there_and_back
from tests.recognition.figures import action, perform, squat, still, watch
from webapp.config import load_settings
from webapp.core.records import PoseSequence
from webapp.evaluation.datasets import load_dataset
from webapp.pipeline.models import load_models
from webapp.pipeline.pipeline import SessionPipeline
from webapp.pipeline.video import Video
from webapp.recognise import learn
from webapp.recognition.ports import Action, Event, Take
from webapp.recognition.repetitions import (
    Repetition,
    RepetitionCounter,
    RepetitionSet,
    count_repetitions,
    repetition_of,
)
from webapp.recognition.spotter import StreamRecogniser
from webapp.recognition.template_bank import prepare_bank


def at(start: float, duration_s: float = 2.0, name: str = "squat", **changes: float) -> Repetition:
    """A repetition from this second on, announced half a second after its end."""
    end = start + duration_s
    made = Repetition(name, name, "take", start, end, end + 0.5, 0.4, 1.0)
    return replace(made, **changes)  # type: ignore[arg-type]  # the tests change numbers only


def counts(*repetitions: Repetition) -> list[tuple[str, int]]:
    return [(one.action, one.count) for one in count_repetitions(repetitions)]


def test_events_of_one_action_that_follow_each_other_are_a_set() -> None:
    assert counts(at(0), at(2), at(5), at(7.5)) == [("squat", 4)]


def test_an_event_of_another_action_ends_the_set() -> None:
    found = counts(at(0), at(2), at(4, name="jack"), at(6, name="jack"), at(8))
    assert found == [("squat", 2), ("jack", 2), ("squat", 1)]


@pytest.mark.parametrize(
    ("duration_s", "pause_s", "sets"), [(1.0, 3.9, 1), (1.0, 4.1, 2), (3.0, 8.9, 1), (3.0, 9.1, 2), (1.0, 1e6, 2)]
)
def test_a_pause_of_three_repetitions_and_at_least_four_seconds_ends_the_set(
    duration_s: float, pause_s: float, sets: int
) -> None:
    assert len(counts(at(0, duration_s), at(duration_s + pause_s, duration_s))) == sets


def test_a_pause_ends_the_set_even_if_nothing_comes_after_it() -> None:
    counter = RepetitionCounter()
    counter.add(at(0))
    assert counter.rest(6.0) is None
    assert counter.rest(math.nan) is None
    ended = counter.rest(8.5)
    assert ended is not None
    assert ended.count == 1
    assert counter.current is None


def test_the_same_repetition_is_never_counted_twice() -> None:
    assert counts(at(0), at(0), at(0.9), at(2), at(2.1, 1.0)) == [("squat", 2)]


def test_repetitions_that_flow_into_each_other_are_all_counted() -> None:
    assert counts(at(0), at(1.7), at(3.4)) == [("squat", 3)]


def test_a_late_event_takes_its_place_by_time() -> None:
    (found,) = count_repetitions([at(0), at(5), at(2.5, announced_s=7.4), at(7.5)])
    assert [repetition.start_s for repetition in found.repetitions] == [0, 2.5, 5, 7.5]
    assert found.tempo_per_min == pytest.approx(24)


def test_a_stream_begun_again_is_a_new_set_even_if_its_times_repeat() -> None:
    assert counts(at(0), at(2), at(4), at(0), at(2)) == [("squat", 3), ("squat", 2)]


@pytest.mark.parametrize("field", ["start_s", "end_s", "announced_s", "distance"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_event_without_a_time_or_distance_is_not_counted_and_ends_nothing(field: str, value: float) -> None:
    without = replace(at(2), **{field: value})  # type: ignore[arg-type]  # the fields above are numbers
    assert counts(at(0), without, at(4)) == [("squat", 2)]


def test_an_event_that_ends_before_it_starts_is_not_counted() -> None:
    assert counts(at(0), at(4, end_s=3.0)) == [("squat", 1)]


def test_the_tempo_is_that_of_the_repetitions_middles() -> None:
    (found,) = count_repetitions([at(0), at(2.5), at(5), at(7)])
    assert found.tempos_per_min[0] is None
    assert found.tempos_per_min[1:] == pytest.approx((24, 24, 30))
    assert found.tempo_per_min == pytest.approx(60 * 3 / 7)
    assert RepetitionSet((at(0),)).tempo_per_min is None


@given(period_s=st.floats(0.5, 10), drift=st.floats(-0.3, 0.3), seed=st.integers(0, 99), count=st.integers(8, 30))
def test_drift_tells_how_much_slower_or_faster_the_last_ones_are(
    period_s: float, drift: float, seed: int, count: int
) -> None:
    gaps_s = np.linspace(period_s, period_s / (1 + drift), count - 1)
    jitter_s = np.random.default_rng(seed).normal(0, 0.01 * period_s, count)
    starts_s = np.concatenate([[0], np.cumsum(gaps_s)]) + jitter_s
    found = RepetitionSet(tuple(at(float(start_s), 0.4 * period_s) for start_s in starts_s))
    assert found.tempo_drift == pytest.approx(drift, abs=0.15)


def test_three_repetitions_have_no_drift() -> None:
    assert RepetitionSet((at(0), at(2), at(5))).tempo_drift is None


def test_the_range_of_motion_of_last_and_first_are_compared_where_both_show_the_joint() -> None:
    first, last = (
        replace(at(0), range_deg={"left_knee": 90.0, "trunk": 10}),
        replace(at(2), range_deg={"left_knee": 70.0}),
    )
    assert RepetitionSet((first, last)).range_change_deg == {"left_knee": -20}
    assert RepetitionSet((first,)).range_change_deg == {}


def test_an_event_is_measured_by_its_poses() -> None:
    event = Event("id", "squat", "take", 10, 12, 12.5, 0.3, 1.2, 0.9, posed(there_and_back(SQUAT), 2.0))
    measured = repetition_of(event)
    assert measured.duration_s == 2
    assert measured.distance == 0.3
    assert measured.range_deg["left_knee"] == pytest.approx(95, abs=6)
    assert repetition_of(replace(event, sequence=event.sequence.between(5, 6))).range_deg == {}


@given(
    st.lists(
        st.builds(
            at,
            st.one_of(st.floats(-1e6, 1e6), st.floats(0, 30), st.just(math.nan)),
            st.floats(0, 20),
            st.sampled_from(["squat", "jack"]),
        ),
        max_size=30,
    )
)
def test_whatever_comes_in_whatever_order_no_two_of_a_set_are_the_same(events: list[Repetition]) -> None:
    for found in count_repetitions(events):
        starts_s = [repetition.start_s for repetition in found.repetitions]
        assert starts_s == sorted(starts_s)
        assert {repetition.action for repetition in found.repetitions} == {found.action}
        for number, one in enumerate(found.repetitions):
            for other in found.repetitions[number + 1 :]:
                shared_s = min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
                assert shared_s < 0.5 * min(one.duration_s, other.duration_s) or shared_s < 0
        assert len(found.tempos_per_min) == found.count
        assert all(tempo is None or tempo > 0 for tempo in found.tempos_per_min)


@settings(max_examples=20, deadline=None)
@given(count=st.integers(1, 8), period_s=st.floats(1.5, 2.6), rest_s=st.floats(0, 1.5))
def test_repetitions_of_a_figure_are_counted_as_they_are_performed(count: int, period_s: float, rest_s: float) -> None:
    bank = prepare_bank([action("squat", perform((squat, 2.0), seed=1))])
    stream = perform((still, 1.0), *((squat, period_s), (still, rest_s)) * count, (still, 1.0), seed=count)
    (found,) = count_repetitions(watch(StreamRecogniser(bank), stream))
    assert found.count == count
    if count > 2:
        assert found.tempo_per_min == pytest.approx(60 / (period_s + rest_s), rel=0.15)


@pytest.fixture(scope="module")
def clip_events() -> dict[str, dict[int, list[Event]]]:
    """Of each clip with repetitions, the events of each person."""
    clips = SHARED / "clips"
    models = load_models(load_settings())
    bank = prepare_bank(learn(models, clips / "takes"))
    found: dict[str, dict[int, list[Event]]] = {}
    for name in ("squat_same_person", "jumping_jack_other", "jumping_jack_two_people"):
        pipeline = SessionPipeline(models, name, bank)
        people: dict[int, list[Event]] = defaultdict(list)
        with Video(clips / "streams" / f"{name}.mp4") as video:
            for frame in video.frames():
                for event in pipeline.step_image(frame.image_bgr, frame.number, frame.time_s)[1]:
                    people[event.person_id].append(event.event)
        for event in pipeline.flush():
            people[event.person_id].append(event.event)
        found[name] = people
    return found


@needs_shared_data
def test_the_squats_of_a_clip_are_one_set_of_steady_tempo(clip_events: dict[str, dict[int, list[Event]]]) -> None:
    (events,) = clip_events["squat_same_person"].values()
    (found,) = count_repetitions(events)
    assert 10 <= found.count <= 11
    assert found.tempo_per_min == pytest.approx(60 / 2.32, rel=0.06)
    assert found.tempo_drift == pytest.approx(0, abs=0.15)
    assert all(60 < repetition.range_deg["left_knee"] < 100 for repetition in found.repetitions)


@needs_shared_data
@pytest.mark.parametrize(
    ("clip", "people", "fewest", "most"), [("jumping_jack_other", 1, 1, 1), ("jumping_jack_two_people", 2, 2, 3)]
)
def test_jumping_jacks_are_counted_per_person(
    clip: str, people: int, fewest: int, most: int, clip_events: dict[str, dict[int, list[Event]]]
) -> None:
    assert len(clip_events[clip]) == people
    for events in clip_events[clip].values():
        (found,) = count_repetitions(events)
        assert fewest <= found.count <= most


REPEATED = 6
_REST_S = 0.4


def in_a_row(takes: list[PoseSequence]) -> PoseSequence:
    """The takes one after another; between two of them the body moves on a straight line for _REST_S."""
    joined = takes[0]
    for take in takes[1:]:
        step_s = float(np.median(np.diff(take.times_s)))
        count = round(_REST_S / step_s)
        share = (np.arange(1, count + 1, dtype=np.float32) / (count + 1))[:, None, None]
        bridge_s = joined.times_s[-1] + step_s * np.arange(1, count + 1)
        joined = PoseSequence(
            skeleton=take.skeleton,
            times_s=np.concatenate([joined.times_s, bridge_s, bridge_s[-1] + step_s + take.times_s]),
            keypoints=_bridged(joined.keypoints, take.keypoints, share),
            scores=np.concatenate(
                [joined.scores, np.minimum(joined.scores[-1:], take.scores[:1]).repeat(count, axis=0), take.scores]
            ),
            world_m=None
            if joined.world_m is None or take.world_m is None
            else _bridged(joined.world_m, take.world_m, share),
        )
    return joined


def _bridged(before: np.ndarray, after: np.ndarray, share: np.ndarray) -> np.ndarray:
    return np.concatenate([before, before[-1] * (1 - share) + after[0] * share, after]).astype(np.float32)


@needs_shared_data
def test_takes_of_one_person_in_a_row_are_counted_by_another_take_of_hers() -> None:
    """Six gestures of eight people (UTD-MHAD): the first take is learned, six of the others follow each other."""
    dataset = load_dataset(SHARED / "datasets" / "utd_mhad_6")
    takes: dict[tuple[str, str], list[PoseSequence]] = defaultdict(list)
    for segment, take in zip(dataset.segments, dataset.takes, strict=True):
        takes[segment.subject, segment.action].append(take)
    right = []
    for (_, name), (first, *others) in takes.items():
        bank = prepare_bank([Action(name, name, [Take("first", first)])])
        stream = in_a_row([others[number % len(others)] for number in range(REPEATED)])
        sets = count_repetitions(watch(StreamRecogniser(bank), stream))
        right.append([one.count for one in sets] == [REPEATED])
    assert len(right) == 48
    assert np.mean(right) >= 0.7
