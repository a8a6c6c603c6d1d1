"""Inquiries and their replies as what Socket.IO carries; see `wire`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Literal, cast

from webapp.core.errors import InvalidInputError
from webapp.pipeline.inquiries import (
    MAX_EVENTS,
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
from webapp.pipeline.wire import Wire, bank_from_wire, bank_to_wire, take_from_wire, take_to_wire
from webapp.pipeline.wire_fields import MAX_TEXT, Fields
from webapp.recognition.feedback import Addition, Bound, Change, ChangedEvent, Effect, LostTake

MAX_TAKES = 1000


def inquiry_to_wire(inquiry: Inquiry) -> Wire:
    kind = _KINDS[type(inquiry.question)]
    return {"inquiry_id": inquiry.inquiry_id, "kind": kind, **_question_to_wire(inquiry.question)}


def inquiry_id_from_wire(raw: object) -> str:
    return Fields("inquiry", raw).text("inquiry_id")


def inquiry_from_wire(raw: object) -> Inquiry:
    """What a worker is asked; takes and poses are checked when they are unpacked."""
    fields = Fields("inquiry", raw)
    kind = fields.text("kind")
    if kind not in _READERS:
        raise InvalidInputError(f"inquiry: kind {kind!r:.40} is unknown; known: {', '.join(_READERS)}")
    return Inquiry(fields.text("inquiry_id"), _READERS[kind](fields))


def reply_to_wire(reply: Reply) -> Wire:
    if reply.result is not None:
        return {"inquiry_id": reply.inquiry_id, "result": reply.result}
    error = (reply.error or "")[:MAX_TEXT]
    return {"inquiry_id": reply.inquiry_id, "error": error, "refused": reply.refused}


def reply_from_wire(raw: object) -> Reply:
    fields = Fields("reply", raw)
    inquiry_id = fields.text("inquiry_id")
    result = fields.raw("result")
    if result is None:
        return Reply(inquiry_id, None, fields.text("error"), fields.flag("refused"))
    if not isinstance(result, dict):
        raise InvalidInputError(f"reply: result must be an object, got {type(result).__name__}")
    return Reply(inquiry_id, cast("Wire", result))


def _question_to_wire(question: Question) -> Wire:
    match question:
        case FeedbackQuestion():
            return {
                "bank": bank_to_wire(question.bank),
                "performance": question.performance,
                "wrong_action_id": question.wrong_action_id,
                "right_action_id": question.right_action_id,
                "right_name": question.right_name,
                "tune": question.tune,
                "add": question.add,
                "recent": [_event_to_wire(event) for event in question.recent],
            }
        case HealthQuestion():
            return {"bank": bank_to_wire(question.bank)}
        case ComparisonQuestion():
            return {
                "performance": question.performance,
                "takes": [take_to_wire(take) for take in question.takes],
                "take_id": question.take_id,
                "mirror": question.mirror,
            }
        case RepetitionsQuestion():
            return {"event_id": question.event_id, "events": [_event_to_wire(event) for event in question.events]}
        case ModelSpeedQuestion():
            return {"role": question.role, "name": question.name}


def _feedback_from(fields: Fields) -> FeedbackQuestion:
    return FeedbackQuestion(
        bank=bank_from_wire(fields.raw("bank")),
        performance=fields.blob("performance"),
        wrong_action_id=fields.optional_text("wrong_action_id"),
        right_action_id=fields.optional_text("right_action_id"),
        right_name=fields.text("right_name"),
        tune=fields.flag("tune"),
        add=cast("Addition | None", fields.optional_choice("add", ("take", "negative"))),
        recent=_events_from(fields, "recent"),
    )


def _health_from(fields: Fields) -> HealthQuestion:
    return HealthQuestion(bank_from_wire(fields.raw("bank")))


def _comparison_from(fields: Fields) -> ComparisonQuestion:
    takes = tuple(take_from_wire(take) for take in fields.items("takes", MAX_TAKES))
    return ComparisonQuestion(fields.blob("performance"), takes, fields.optional_text("take_id"), fields.flag("mirror"))


def _repetitions_from(fields: Fields) -> RepetitionsQuestion:
    return RepetitionsQuestion(fields.text("event_id"), _events_from(fields, "events"))


def _model_speed_from(fields: Fields) -> ModelSpeedQuestion:
    role = cast("Literal['detector', 'pose']", fields.choice("role", ("detector", "pose")))
    return ModelSpeedQuestion(role, fields.text("name"))


_KINDS: dict[type[object], str] = {
    FeedbackQuestion: "feedback",
    HealthQuestion: "health",
    ComparisonQuestion: "comparison",
    RepetitionsQuestion: "repetitions",
    ModelSpeedQuestion: "model_speed",
}
_READERS: dict[str, Callable[[Fields], Question]] = {
    "feedback": _feedback_from,
    "health": _health_from,
    "comparison": _comparison_from,
    "repetitions": _repetitions_from,
    "model_speed": _model_speed_from,
}


def _event_to_wire(event: StoredEvent) -> Wire:
    return asdict(event)


def _events_from(fields: Fields, key: str) -> tuple[StoredEvent, ...]:
    return tuple(_event_from_wire(event) for event in fields.items(key, MAX_EVENTS))


def _event_from_wire(raw: object) -> StoredEvent:
    fields = Fields("event", raw)
    return StoredEvent(
        event_id=fields.text("event_id"),
        action_id=fields.text("action_id"),
        action=fields.text("action"),
        take_id=fields.text("take_id"),
        start_s=fields.number("start_s"),
        end_s=fields.number("end_s"),
        distance=fields.number("distance"),
        threshold=fields.number("threshold"),
        sequence=fields.blob("sequence"),
    )


def effect_to_wire(effect: Effect) -> Wire:
    lists = ("changes", "events", "lost_takes")
    return asdict(effect) | {name: [asdict(item) for item in getattr(effect, name)] for name in lists}


def effect_from_wire(raw: object) -> Effect:
    fields = Fields("effect", raw)
    return Effect(
        changes=tuple(_change_from_wire(change) for change in fields.items("changes", 2)),
        solved=fields.flag("solved"),
        events=tuple(_changed_event_from_wire(event) for event in fields.items("events", MAX_EVENTS)),
        lost_takes=tuple(_lost_take_from_wire(take) for take in fields.items("lost_takes", MAX_TAKES)),
        checked_events=fields.whole("checked_events"),
        checked_takes=fields.whole("checked_takes"),
        suggestion=cast("Addition | None", fields.optional_choice("suggestion", ("take", "negative"))),
    )


def _change_from_wire(raw: object) -> Change:
    fields = Fields("change", raw)
    bound = fields.optional_choice("bound", ("at_most", "at_least"))
    if bound is None:
        raise InvalidInputError("change: bound must be at_most or at_least, got None")
    return Change(
        action_id=fields.text("action_id"),
        action=fields.text("action"),
        bound=cast("Bound", bound),
        factor_before=fields.number("factor_before"),
        factor_after=fields.number("factor_after"),
        threshold_before=fields.number("threshold_before"),
        threshold_after=fields.number("threshold_after"),
        obstacle=fields.optional_text("obstacle"),
    )


def _changed_event_from_wire(raw: object) -> ChangedEvent:
    fields = Fields("changed event", raw)
    return ChangedEvent(fields.text("event_id"), fields.optional_text("before_id"), fields.optional_text("after_id"))


def _lost_take_from_wire(raw: object) -> LostTake:
    fields = Fields("lost take", raw)
    return LostTake(fields.text("action_id"), fields.text("take_id"))
