"""Inquiries and replies: what is written is read back, nonsense is refused with a sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.errors import InvalidInputError
from webapp.pipeline import wire_inquiries
from webapp.pipeline.inquiries import (
    ComparisonQuestion,
    FeedbackQuestion,
    HealthQuestion,
    Inquiry,
    ModelSpeedQuestion,
    Question,
    RepetitionsQuestion,
    Reply,
    StoredEvent,
)
from webapp.pipeline.messages import Bank, StoredAction, StoredTake
from webapp.recognition.feedback import Change, ChangedEvent, Effect, LostTake

TAKE = StoredTake("t1", b"as stored", 0.5, 2.25)
BANK = Bank("user-1", 4, (StoredAction("a1", "squat", (TAKE,), mirror=True, threshold_factor=0.8),), (b"one", b"two"))
EVENT = StoredEvent("e1", "a1", "squat", "t1", 1.0, 2.5, 0.3, 0.5, b"poses")
QUESTIONS: dict[str, Question] = {
    "feedback": FeedbackQuestion(BANK, b"poses", "a1", None, "", True, "negative", (EVENT,)),
    "health": HealthQuestion(BANK),
    "comparison": ComparisonQuestion(b"poses", (TAKE,), None, False),
    "repetitions": RepetitionsQuestion("e1", (EVENT, EVENT)),
    "model_speed": ModelSpeedQuestion("pose", "blazepose_full"),
}
numbers = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=20)
changes = st.builds(
    Change, texts, texts, st.sampled_from(["at_most", "at_least"]), numbers, numbers, numbers, numbers,
    st.none() | texts,
)  # fmt: skip
effects = st.builds(
    Effect,
    st.lists(changes, max_size=2).map(tuple),
    st.booleans(),
    st.lists(st.builds(ChangedEvent, texts, st.none() | texts, st.none() | texts), max_size=3).map(tuple),
    st.lists(st.builds(LostTake, texts, texts), max_size=3).map(tuple),
    st.integers(0, 30),
    st.integers(0, 12),
    st.none() | st.sampled_from(["take", "negative"]),
)


@pytest.mark.parametrize("kind", QUESTIONS)
def test_an_inquiry_survives_the_way(kind: str) -> None:
    sent = Inquiry("i1", QUESTIONS[kind])

    raw = wire_inquiries.inquiry_to_wire(sent)

    assert raw["kind"] == kind
    assert wire_inquiries.inquiry_from_wire(raw) == sent


@given(effects)
def test_an_effect_survives_the_way(effect: Effect) -> None:
    raw = json.loads(json.dumps(wire_inquiries.effect_to_wire(effect), allow_nan=False))

    assert wire_inquiries.effect_from_wire(raw) == effect


@pytest.mark.parametrize(
    "reply", [Reply("i1", {"actions": []}), Reply("i1", error="why", refused=True), Reply("i1", error="why")]
)
def test_a_reply_survives_the_way(reply: Reply) -> None:
    assert wire_inquiries.reply_from_wire(wire_inquiries.reply_to_wire(reply)) == reply


def test_a_long_error_is_cut_rather_than_refused() -> None:
    reply = wire_inquiries.reply_from_wire(wire_inquiries.reply_to_wire(Reply("i1", error="x" * 5000)))

    assert reply.error == "x" * 1000


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("feedback", "kind", "odd"),
        ("feedback", "bank", None),
        ("feedback", "performance", "text"),
        ("feedback", "add", "both"),
        ("feedback", "tune", 1),
        ("feedback", "recent", [None]),
        ("feedback", "recent", [wire_inquiries.inquiry_to_wire(Inquiry("i", QUESTIONS["health"]))] * 201),
        ("health", "bank", {"bank_id": "user-1"}),
        ("comparison", "takes", "all"),
        ("comparison", "mirror", None),
        ("repetitions", "event_id", 5),
        ("repetitions", "events", {}),
    ],
)
def test_an_inquiry_that_is_not_as_it_must_be_is_refused(kind: str, key: str, value: object) -> None:
    raw: Any = wire_inquiries.inquiry_to_wire(Inquiry("i1", QUESTIONS[kind])) | {key: value}

    with pytest.raises(InvalidInputError):
        wire_inquiries.inquiry_from_wire(raw)


@pytest.mark.parametrize(
    "raw",
    [
        None, {}, {"inquiry_id": "i"}, {"inquiry_id": "i", "result": []}, {"inquiry_id": 5, "result": {}},
        {"inquiry_id": "i", "error": 5, "refused": True}, {"inquiry_id": "i", "error": "why"},
    ],
)  # fmt: skip
def test_a_reply_that_is_none_is_refused(raw: object) -> None:
    with pytest.raises(InvalidInputError):
        wire_inquiries.reply_from_wire(raw)


@pytest.mark.parametrize(
    ("key", "value"),
    [("mirror", "yes"), ("mirror", None), ("threshold_factor", None), ("threshold_factor", float("inf"))],
)
def test_options_of_an_action_that_are_none_are_refused(key: str, value: object) -> None:
    raw: Any = wire_inquiries.inquiry_to_wire(Inquiry("i1", HealthQuestion(BANK)))
    raw["bank"]["actions"][0][key] = value

    with pytest.raises(InvalidInputError, match=key):
        wire_inquiries.inquiry_from_wire(raw)


def test_negatives_must_be_bytes() -> None:
    raw: Any = wire_inquiries.inquiry_to_wire(Inquiry("i1", HealthQuestion(replace(BANK, negatives=()))))
    raw["bank"]["negatives"] = ["text"]

    with pytest.raises(InvalidInputError, match="negatives must be a list of bytes"):
        wire_inquiries.inquiry_from_wire(raw)
