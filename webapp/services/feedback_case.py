"""What a person says of a performance, checked and found in the database: whose, which poses, which actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import undefer

from webapp.core.errors import InvalidInputError, NotAllowedError, NotFoundError
from webapp.core.records import PoseSequence
from webapp.core.sequence_file import from_bytes, to_bytes
from webapp.core.sequences import check_take
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.feedback import FEEDBACK_KINDS
from webapp.db.history import Event
from webapp.pipeline.inquiries import StoredEvent
from webapp.recognition.feedback import Addition
from webapp.services.actions import NewTake, get_action
from webapp.services.history import get_event
from webapp.services.negatives import NewNegative
from webapp.services.permissions import may_manage_actions_of

RECENT_EVENTS = 30
"""How many of the newest events an effect looks at."""
MAX_RECENT_BYTES = 8 * 2**20


@dataclass(frozen=True)
class FeedbackRequest:
    """What the browser says; see docs/protocol.md. detector, pose_model: of a posted sequence."""

    kind: str
    event_id: str | None = None
    sequence: PoseSequence | None = None
    action_id: str | None = None
    tune: bool = True
    add: Addition | None = None
    detector: str = "unknown"
    pose_model: str = "unknown"


@dataclass(frozen=True)
class FeedbackCase:
    """The same, found: performance as sequence_file bytes; names beside the ids, for display."""

    owner_id: int
    performance: bytes
    event_id: str | None
    wrong_action_id: str | None
    wrong_name: str | None
    right_action_id: str | None
    right_name: str | None
    detector: str
    pose_model: str

    def as_take(self, client_key: str) -> NewTake:
        sequence = from_bytes(self.performance)
        return NewTake(client_key, sequence, 0.0, sequence.duration_s, "live", self.detector, self.pose_model)

    def as_negative(self, client_key: str) -> NewNegative:
        return NewNegative(client_key, from_bytes(self.performance), "feedback", self.detector, self.pose_model)


def case_of(actor: User, request: FeedbackRequest) -> FeedbackCase:
    """InvalidInputError where it contradicts itself; NotFoundError, NotAllowedError where it is another person's."""
    _check(request)
    right = None if request.action_id is None else get_action(actor, request.action_id)
    if request.sequence is not None:
        if right is None:
            raise InvalidInputError("action_id is missing: say which action was missed")
        posted = to_bytes(_trimmed(request.sequence))
        return FeedbackCase(
            right.owner_id, posted, None, None, None, right.id, right.name, request.detector, request.pose_model
        )
    event = _event(actor, str(request.event_id))
    if right is not None and right.owner_id != event.user_id:
        raise NotFoundError(f"there is no action {right.id!r} among those of the person of this event")
    if right is not None and right.id == event.action_id:
        raise InvalidInputError(f"it was recognised as {right.name}; choose the action it really was")
    if request.kind == "wrong" and event.action_id is None:
        raise InvalidInputError(
            f"the action {event.action_name} was deleted, so there is no threshold to correct; delete the event instead"
        )
    wrong_id = event.action_id if request.kind == "wrong" else None
    return FeedbackCase(
        owner_id=event.user_id,
        performance=event.sequence,
        event_id=event.id,
        wrong_action_id=wrong_id,
        wrong_name=event.action_name,
        right_action_id=None if right is None else right.id,
        right_name=None if right is None else right.name,
        detector=event.detector,
        pose_model=event.pose_model,
    )


def recent_events(owner_id: int, but: str | None) -> Sequence[StoredEvent]:
    """The newest of a person without one, as many as may be sent."""
    query = select(Event).where(Event.user_id == owner_id, Event.id != (but or ""))
    newest = query.order_by(Event.started_at.desc(), Event.id).limit(RECENT_EVENTS)
    rows = db.session.scalars(newest.options(undefer(Event.sequence)))
    found, size = [], 0
    for event in rows:
        stored = stored_event(event)
        size += len(stored.sequence)
        if size > MAX_RECENT_BYTES:
            break
        found.append(stored)
    return found


def stored_event(event: Event) -> StoredEvent:
    """The event as a worker is told of it."""
    return StoredEvent(
        event_id=event.id,
        action_id=event.action_id or "",
        action=event.action_name,
        take_id=event.take_id or "",
        start_s=event.start_s,
        end_s=event.end_s,
        distance=event.distance,
        threshold=event.threshold,
        sequence=event.sequence,
    )


def _check(request: FeedbackRequest) -> None:
    if request.kind not in FEEDBACK_KINDS:
        raise InvalidInputError(f"kind {request.kind!r:.40} is unknown; known: {', '.join(FEEDBACK_KINDS)}")
    if request.kind == "wrong" and (request.event_id is None or request.sequence is not None):
        raise InvalidInputError('"wrong" is said of an event: give event_id and no sequence')
    if request.kind == "missed" and request.action_id is None:
        raise InvalidInputError("action_id is missing: say which action was missed")
    if request.kind == "missed" and (request.event_id is None) == (request.sequence is None):
        raise InvalidInputError('"missed" needs the poses: give either event_id or sequence')
    if request.add == "take" and request.action_id is None:
        raise InvalidInputError("a take belongs to an action: give action_id, or add it as a negative")
    if request.add == "negative" and (request.kind != "wrong" or request.action_id is not None):
        raise InvalidInputError("only what is none of your actions can be a negative: leave action_id out")


def _event(actor: User, event_id: str) -> Event:
    event = get_event(actor, event_id)
    if not may_manage_actions_of(actor, event.user_id):
        raise NotAllowedError("only the person it belongs to or an administrator may give feedback on an event")
    return event


def _trimmed(sequence: PoseSequence) -> PoseSequence:
    """The movement in what was posted, without standing still before and after."""
    checked = check_take(sequence)
    if not checked.usable:
        raise InvalidInputError(f"the recording cannot be used: {checked.reason}; record the movement again")
    return sequence.between(checked.trim_start_s, checked.trim_end_s)
