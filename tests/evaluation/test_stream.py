"""Which recordings are watched with which templates, and when an event is right."""

from __future__ import annotations

import pytest

from tests.evaluation.scripted_method import ScriptedMethod, dataset_of, described, takes_of
from webapp.core.errors import InvalidInputError
from webapp.evaluation import stream
from webapp.evaluation.datasets import Segment
from webapp.evaluation.methods import Detection

SEGMENTS = (
    Segment("x1", "a", "x", 1, 10, 30),
    Segment("x1", "b", "x", 1, 40, 60),
    Segment("x2", "a", "x", 2, 10, 30),
    Segment("y1", "a", "y", 1, 10, 30),
)
DATASET = dataset_of(SEGMENTS)


def test_other_people_teach_with_all_their_segments() -> None:
    asked = stream.recordings(DATASET, "others")

    taught = {recording.clip: described(DATASET, recording.templates) for recording in asked}
    assert taught == {"x1": ["y1"], "x2": ["y1"], "y1": ["x1", "x1", "x2"]}


def test_the_same_person_teaches_with_other_recordings() -> None:
    dataset = dataset_of(SEGMENTS[:3])

    taught = {r.clip: described(dataset, r.templates) for r in stream.recordings(dataset, "same")}
    assert taught == {"x1": ["x2"], "x2": ["x1", "x1"]}


def test_figures_worked_out_by_hand() -> None:
    """Two right events of five and of four segments, in 30 seconds."""
    found = {
        "x1": [
            Detection("a", 1.0, 3.0, 3.5),  # right
            Detection("a", 1.2, 3.2, 3.6),  # the segment is claimed already
            Detection("a", 4.0, 6.0, 6.2),  # another action
        ],
        "x2": [Detection("a", 2.5, 5.0, 5.2)],  # shares 0.5 of 4 seconds
        "y1": [Detection("a", 1.0, 2.0, 2.8)],  # right: shares half, announced before the segment ends
    }

    figures, watched = stream.measure(
        DATASET, stream.recordings(DATASET, "others"), ScriptedMethod(DATASET, detections=found)
    )

    assert figures == {
        "precision": pytest.approx(2 / 5),
        "recall": pytest.approx(2 / 4),
        "f1": pytest.approx(4 / 9),
        "false_events_per_minute": pytest.approx(3 / 0.5),
        "median_delay_s": pytest.approx((0.5 - 0.2) / 2),
        "segments": 4,
        "events": 5,
        "minutes": pytest.approx(0.5),
    }
    assert watched.clips[0].claimed == (SEGMENTS[0], None, None)


def test_the_first_announced_claims_the_segment_it_overlaps_most() -> None:
    segments = (Segment("c", "a", "s", 1, 0, 20), Segment("c", "a", "s", 2, 10, 30))
    later, first = Detection("a", 0.0, 2.0, 4.0), Detection("a", 0.8, 2.8, 3.0)

    assert stream.claims([later, first], segments, fps=10) == (segments[0], segments[1])


def test_without_events_there_is_no_delay() -> None:
    figures, _ = stream.measure(DATASET, stream.recordings(DATASET, "others"), ScriptedMethod(DATASET))

    assert (figures["median_delay_s"], figures["f1"], figures["false_events_per_minute"]) == (None, 0.0, 0.0)


def test_clips_without_gaps_are_no_recordings() -> None:
    with pytest.raises(InvalidInputError, match="made has none: choose loso or open-set"):
        stream.recordings(takes_of({"s1": "a", "s2": "a"}), "others")


@pytest.mark.parametrize(
    ("templates", "sentence"),
    [("others", "no templates for x1 of x in made: add a recording of another person"), ("same", "--templates others")],
)
def test_a_recording_nobody_can_teach_for_is_named(templates: str, sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=sentence):
        stream.recordings(dataset_of(SEGMENTS[:2]), templates)
