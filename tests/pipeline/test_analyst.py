"""The analyst: every inquiry gets one reply, whatever it is like, and never too many are held."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import Any

import pytest

from tests.movements import arm_raise
from tests.pipeline.banks import stored_bank
from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.core.sequence_file import to_bytes
from webapp.pipeline import wire_inquiries
from webapp.pipeline.analyses import analysed
from webapp.pipeline.analyst import BUSY, FAILED, Analyst
from webapp.pipeline.inquiries import (
    ComparisonQuestion,
    FeedbackQuestion,
    HealthQuestion,
    Inquiry,
    Question,
    Reply,
)
from webapp.pipeline.messages import Bank, StoredTake
from webapp.pipeline.wire import Wire
from webapp.recognition.feedback import Effect

ANALYSED = partial(analysed, settings=Settings())


class Replies:
    """Keeps what was replied."""

    def __init__(self) -> None:
        self.got: list[Reply] = []

    def __call__(self, reply: Reply) -> None:
        self.got.append(wire_inquiries.reply_from_wire(wire_inquiries.reply_to_wire(reply)))

    def wait_for(self, count: int) -> list[Reply]:
        for _ in range(2000):
            if len(self.got) >= count:
                return self.got
            time.sleep(0.01)
        raise AssertionError(f"{len(self.got)} of {count} replies came in 20 s")


@pytest.fixture
def replies() -> Replies:
    return Replies()


def inquiry(inquiry_id: str, question: Question) -> Wire:
    return wire_inquiries.inquiry_to_wire(Inquiry(inquiry_id, question))


def health(inquiry_id: str = "i1", bank: Bank | None = None) -> Wire:
    return inquiry(inquiry_id, HealthQuestion(bank or stored_bank(1, {"a1": [arm_raise()]})))


def test_health_of_a_bank_is_worked_out(replies: Replies) -> None:
    Analyst(ANALYSED).ask(health(bank=stored_bank(1, {"a1": [arm_raise(), arm_raise(height=0.38)]})), replies)

    (reply,) = replies.wait_for(1)
    assert reply.error is None
    result: Any = reply.result
    assert [action["action_id"] for action in result["actions"]] == ["a1"]


def test_the_effect_of_feedback_is_worked_out(replies: Replies) -> None:
    performance = to_bytes(arm_raise())
    question = FeedbackQuestion(stored_bank(1, {"a1": [arm_raise()]}), performance, None, "a1", "", True, None, ())

    Analyst(ANALYSED).ask(inquiry("i1", question), replies)

    (reply,) = replies.wait_for(1)
    assert wire_inquiries.effect_from_wire(reply.result) == Effect((), True, (), (), 0, 0)


def test_a_mirrored_performance_is_compared_as_in_a_mirror(replies: Replies) -> None:
    raised = arm_raise()
    takes = [StoredTake("t1", to_bytes(raised), 0.0, raised.duration_s)]

    Analyst(ANALYSED).ask(inquiry("i1", ComparisonQuestion(to_bytes(raised), takes, None, True)), replies)

    (reply,) = replies.wait_for(1)
    assert reply.result is not None
    assert (reply.result["take_id"], reply.result["matches_well"]) == ("t1", True)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"inquiry_id": "i1", "kind": "odd"}, "kind 'odd' is unknown"),
        (inquiry("i1", ComparisonQuestion(b"nonsense", (), None, False)), "not a pose sequence"),
        (inquiry("i1", ComparisonQuestion(to_bytes(arm_raise()), (), "t1", False)), "none of the action's takes"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(raw: Wire, sentence: str, replies: Replies) -> None:
    Analyst(ANALYSED).ask(raw, replies)

    (reply,) = replies.wait_for(1)
    assert (reply.result, reply.refused) == (None, True)
    assert sentence in str(reply.error)


def test_without_an_id_nobody_can_be_answered(replies: Replies) -> None:
    with pytest.raises(InvalidInputError, match="inquiry_id"):
        Analyst(ANALYSED).ask({"kind": "health"}, replies)


def test_a_fault_is_a_reply_and_the_next_inquiry_is_answered(
    replies: Replies, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes: list[Wire | Exception] = [RuntimeError("a fault in the arithmetic"), {"actions": []}]

    def work(_question: Question) -> Wire:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    asked = Analyst(work)
    asked.ask(health("i1"), replies)
    asked.ask(health("i2"), replies)

    first, second = replies.wait_for(2)
    assert (first.error, first.refused, second.result) == (FAILED, False, {"actions": []})
    assert "a fault in the arithmetic" in caplog.text


def test_an_answer_that_is_too_long_to_be_sent_is_a_sentence(replies: Replies) -> None:
    Analyst(lambda _question: {"long": "x" * 2**21}).ask(health(), replies)

    (reply,) = replies.wait_for(1)
    assert (reply.refused, "2097164 bytes, at most 2097152" in str(reply.error)) == (True, True)


def test_more_than_it_holds_are_refused_at_once_and_a_new_connection_begins_empty(replies: Replies) -> None:
    begun, go = threading.Semaphore(0), threading.Event()

    def work(_question: Question) -> Wire:
        begun.release()
        go.wait(20)
        return {}

    asked = Analyst(work, max_held=2)
    asked.ask(health("i1"), replies)
    begun.acquire()
    for name in ("i2", "i3"):
        asked.ask(health(name), replies)
    assert [(reply.inquiry_id, reply.error) for reply in replies.got] == [("i3", BUSY)]

    asked.forget()
    asked.ask(health("i4"), replies)
    go.set()

    assert [reply.inquiry_id for reply in replies.wait_for(3)] == ["i3", "i1", "i4"]
