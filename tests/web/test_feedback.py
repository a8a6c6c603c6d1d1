"""Feedback, negatives, options, health, comparison and repetitions over HTTP, worked out by what a worker runs."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from tests.conftest import Browser, LogIn, error_of
from tests.movements import arm_raise
from tests.web.teaching import got, learned, recognised, sent
from webapp.services.sequence_json import sequence_to_json

EFFECT = {
    "bank_number", "possible", "solved", "sentences", "changes", "lost_events", "gained_events", "changed_events",
    "lost_takes", "checked_events", "checked_takes", "suggestion",
}  # fmt: skip
APPLIED = {
    "feedback_id", "kind", "event_id", "action", "right_action", "applied_at", "undone_at", "take_id", "negative_id",
    "changes",
}  # fmt: skip
COMPARISON = {
    "bank_number", "event_id", "action_id", "take_id", "mirrored", "dimensions", "matches_well", "sentences",
    "performance_s", "take_s", "tempo_ratio", "phases", "joints", "curves",
}  # fmt: skip


def test_feedback_is_shown_applied_listed_and_undone(
    working: None, anna: Browser, event_id: str, action_id: str
) -> None:
    said = {"kind": "wrong", "event_id": event_id, "add": "negative"}

    effect = sent(anna, "/feedback/preview", said)
    assert set(effect) == EFFECT
    assert got(anna, "/feedback/")["total"] == 0
    applied = sent(anna, "/feedback/", {**said, "client_key": "k", "bank_number": effect["bank_number"]})
    again = sent(anna, "/feedback/", {**said, "client_key": "k", "bank_number": effect["bank_number"]})

    assert set(applied) == APPLIED
    assert again == applied
    assert (applied["kind"], applied["action"], applied["right_action"]) == ("wrong", "Arm raise", None)
    assert [one["source"] for one in got(anna, "/negatives/")["negatives"]] == ["feedback"]
    assert got(anna, f"/history/{event_id}")["feedback"] == [applied]
    assert got(anna, "/history/")["events"][0]["feedback"] == [applied]
    assert got(anna, "/feedback/") == {"feedback": [applied], "page": 1, "pages": 1, "total": 1}

    undone = sent(anna, f"/feedback/{applied['feedback_id']}/undo", {})

    assert undone["undone_at"] is not None
    assert got(anna, "/negatives/")["negatives"] == []
    assert got(anna, f"/history/{event_id}")["feedback"] == []


def test_a_missed_one_is_posted_and_kept_as_a_take(working: None, anna: Browser, action_id: str) -> None:
    said = {
        "kind": "missed",
        "sequence": sequence_to_json(arm_raise(height=0.3)),
        "action_id": action_id,
        "add": "take",
    }

    effect = sent(anna, "/feedback/preview", said)
    applied = sent(anna, "/feedback/", {**said, "client_key": "k", "bank_number": effect["bank_number"]})

    assert effect["solved"] is True
    takes = got(anna, f"/actions/{action_id}")["takes"]
    assert [take["take_id"] for take in takes[1:]] == [applied["take_id"]]


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({}, 400, "the body lacks kind"),
        ({"kind": 5}, 400, "kind must be a text"),
        ({"kind": "odd"}, 422, "kind 'odd' is unknown; known: wrong, missed"),
        ({"kind": "wrong"}, 422, '"wrong" is said of an event: give event_id and no sequence'),
        ({"kind": "wrong", "event_id": "none"}, 404, "there is no event 'none' in your history"),
        ({"kind": "wrong", "event_id": "none", "add": "both"}, 400, "add must be one of take, negative, or null"),
        ({"kind": "wrong", "event_id": "none", "tune": 1}, 400, "tune must be true or false"),
        ({"kind": "wrong", "event_id": "a\0b"}, 400, "event_id is no id: 'a\\x00b'"),
        ({"kind": "missed", "action_id": "a" * 65, "event_id": "b"}, 400, "action_id is no id"),
        ({"kind": "missed", "action_id": "a", "sequence": 5}, 422, "sequence must be an object, got int"),
        ({"kind": "missed", "action_id": "a", "event_id": "b"}, 404, "there is no action 'a' among yours"),
    ],
)
def test_what_cannot_be_read_says_what_is_wrong(
    working: None, anna: Browser, body: dict[str, object], status: int, sentence: str
) -> None:
    answer = anna.send_json("/feedback/preview", body)

    assert answer.status_code == status
    assert sentence in error_of(answer)


@pytest.mark.parametrize("number", [1.5, True, "1", None, float("1e400")])
def test_a_bank_number_that_is_none_is_refused(working: None, anna: Browser, event_id: str, number: object) -> None:
    body = json.dumps({"kind": "wrong", "event_id": event_id, "client_key": "k", "bank_number": number})

    answer = anna.send_bytes("/feedback/", body.replace("Infinity", "1e400").encode())

    assert (answer.status_code, "bank_number must be a whole number" in error_of(answer)) == (400, True)


def test_without_a_worker_each_says_so_at_once(anna: Browser, event_id: str) -> None:
    answers = [
        anna.get_json("/actions/health"),
        anna.get_json(f"/history/{event_id}/comparison"),
        anna.get_json(f"/history/{event_id}/repetitions"),
        anna.send_json("/feedback/preview", {"kind": "wrong", "event_id": event_id}),
        anna.send_json("/feedback/", {"kind": "wrong", "event_id": event_id, "client_key": "k", "bank_number": 1}),
    ]

    assert [answer.status_code for answer in answers] == [503] * 5
    assert all("no recognition worker is connected" in error_of(answer) for answer in answers)


def test_health_tells_of_every_take(working: None, anna: Browser, action_id: str) -> None:
    other = learned(anna, "Small raise", 0.2, 0.22)

    health = got(anna, "/actions/health")

    assert set(health) == {"bank_number", "actions", "confusable"}
    assert [action["action_id"] for action in health["actions"]] == [action_id, other]
    assert set(health["actions"][0]) == {
        "action_id", "action", "state", "sentences", "exemplar_take_id", "takes",
    }  # fmt: skip
    assert [len(action["takes"]) for action in health["actions"]] == [1, 2]
    assert {"take_id", "distance", "threshold", "taken_for", "outlier", "exemplar", "usable", "warnings"} <= set(
        health["actions"][1]["takes"][0]
    )
    assert all({"action", "other_action", "nearness", "sentence"} <= set(pair) for pair in health["confusable"])


def test_an_event_is_compared_joint_by_joint(working: None, anna: Browser, event_id: str, action_id: str) -> None:
    comparison = got(anna, f"/history/{event_id}/comparison")

    assert set(comparison) == COMPARISON
    assert comparison["action_id"] == action_id
    assert comparison["take_id"] == got(anna, f"/actions/{action_id}")["takes"][0]["take_id"]
    curves = comparison["curves"]
    assert len(curves["performance_deg"]) == len(curves["take_s"]) > 10
    assert {len(row) for row in curves["take_deg"]} == {len(curves["joints"])}
    assert anna.get_json(f"/history/{event_id}/comparison?take=none").status_code == 404


def test_repetitions_are_counted_around_an_event(app: Flask, working: None, anna: Browser, action_id: str) -> None:
    ids = [recognised(app, anna, action_id, f"rep {number}", 10.0 + 3 * number) for number in range(3)]

    found = got(anna, f"/history/{ids[1]}/repetitions")

    assert (found["count"], found["action"], found["tempo_per_min"]) == (3, "Arm raise", 20.0)
    assert [one["event_id"] for one in found["repetitions"]] == ids
    assert found["repetitions"][0]["range_deg"]


def test_options_of_an_action_are_kept_and_shown(anna: Browser, action_id: str) -> None:
    assert sent(anna, f"/actions/{action_id}/options", {"mirror": True}) == {"mirror": True, "threshold_factor": 1.0}
    assert sent(anna, f"/actions/{action_id}/options", {"threshold_factor": 1.5})["mirror"] is True
    shown = got(anna, f"/actions/{action_id}")
    assert (shown["mirror"], shown["threshold_factor"]) == (True, 1.5)

    refused = anna.send_json(f"/actions/{action_id}/options", {"threshold_factor": 9})
    assert (refused.status_code, "within 0.25 to 3, got 9" in error_of(refused)) == (422, True)
    assert anna.send_json(f"/actions/{action_id}/options", {"mirror": "yes"}).status_code == 400


def test_negatives_are_recorded_switched_off_and_deleted(anna: Browser) -> None:
    sequence = sequence_to_json(arm_raise())
    body = {
        "client_key": "k", "sequence": sequence, "source": "everyday", "detector": "blazepose",
        "pose_model": "blazepose_full",
    }  # fmt: skip
    negative_id = sent(anna, "/negatives/", body)["negative_id"]

    assert sent(anna, "/negatives/", body)["negative_id"] == negative_id
    assert got(anna, f"/negatives/{negative_id}/sequence") == sequence
    assert sent(anna, f"/negatives/{negative_id}/enabled", {"enabled": False}) == {}
    (shown,) = got(anna, "/negatives/")["negatives"]
    assert (shown["enabled"], shown["source"], shown["frames"]) == (False, "everyday", 60)
    assert anna.send_json(f"/negatives/{negative_id}", None, method="DELETE").status_code == 200
    assert got(anna, "/negatives/") == {"negatives": [], "most": 50}


def test_a_coach_sees_and_compares_but_gives_no_feedback(
    working: None, anna: Browser, event_id: str, log_in: LogIn
) -> None:
    coach = log_in("coach", role="coach")

    assert got(coach, f"/history/{event_id}/comparison")["event_id"] == event_id
    refused = coach.send_json("/feedback/preview", {"kind": "wrong", "event_id": event_id})

    assert (refused.status_code, "only the person it belongs to" in error_of(refused)) == (403, True)


def test_who_asks_without_end_is_held_back(working: None, anna: Browser) -> None:
    answers = [anna.get_json("/actions/health").status_code for _ in range(61)]

    assert (answers[0], answers[-1]) == (200, 429)
