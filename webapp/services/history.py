"""History: storing what was recognised, and finding it again."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload, undefer

from webapp.core.errors import InvalidInputError, NotAllowedError, NotFoundError
from webapp.core.records import PoseSequence
from webapp.core.sequence_file import from_bytes, to_bytes
from webapp.db.accounts import User
from webapp.db.actions import Action
from webapp.db.base import db, utc_now
from webapp.db.engine import transaction
from webapp.db.history import Event
from webapp.pipeline.messages import SessionEvent
from webapp.services.permissions import may_delete_history_of, may_see_history_of

PAGE_SIZE = 25
RECORD_WITHIN_S = 0.1
"""How long storing an event waits for another's write: a person's answer waits for it."""


@dataclass(frozen=True)
class HistoryFilter:
    """What to list. Dates are UTC days, both included; username is for coaches, others see their own."""

    username: str | None = None
    action_name: str | None = None
    from_day: dt.date | None = None
    to_day: dt.date | None = None
    min_confidence: float | None = None


@dataclass(frozen=True)
class HistoryPage:
    """One page of events, newest first, and how many there are in all."""

    events: Sequence[Event]
    page: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_SIZE))


def record_event(
    user_id: int, session_event: SessionEvent, detector: str, pose_model: str, received_at: dt.datetime | None = None
) -> str:
    """Store an event that was just announced and answer its id; one already stored answers the same id.

    The stream's own clock becomes wall time by the moment of receipt: announced_s is now. One of db.engine's
    PASSING_FAULTS where the database cannot write at this moment; any other error will come again.
    """
    existing = _id_of(session_event.event_key)
    if existing is not None:
        return existing
    _require_finite(session_event)
    row = _row(user_id, session_event, detector, pose_model, received_at or utc_now())
    try:
        with transaction(RECORD_WITHIN_S) as session:
            # the person may have deleted the action while its recognition was under way
            if session.get(Action, row.action_id) is None:
                row.action_id = None
            session.add(row)
            session.flush()
            event_id = row.id
    except IntegrityError:
        stored_meanwhile = _id_of(session_event.event_key)
        if stored_meanwhile is None:
            raise
        return stored_meanwhile
    return event_id


def list_events(actor: User, wanted: HistoryFilter, page: int = 1) -> HistoryPage:
    """The events the actor may see. Page 1 is the newest; a page beyond the last is the last."""
    conditions = conditions_of(actor, wanted)
    total = db.session.scalar(select(func.count()).select_from(Event).join(User).where(*conditions)) or 0
    page = min(max(page, 1), max(1, -(-total // PAGE_SIZE)))
    events = db.session.scalars(
        _events(conditions).order_by(Event.started_at.desc(), Event.id).offset((page - 1) * PAGE_SIZE).limit(PAGE_SIZE)
    ).all()
    return HistoryPage(events=events, page=page, total=total)


def action_names(actor: User) -> Sequence[str]:
    """Every action name in the events the actor may see, for the filter."""
    query = select(Event.action_name).join(User).where(*conditions_of(actor, HistoryFilter())).distinct()
    return db.session.scalars(query.order_by(Event.action_name)).all()


def get_event(actor: User, event_id: str) -> Event:
    return _event(db.session(), actor, event_id)


def event_sequence(actor: User, event_id: str) -> PoseSequence:
    """The poses of the event, times from 0."""
    return from_bytes(_event(db.session(), actor, event_id, with_poses=True).sequence)


def delete_event(actor: User, event_id: str) -> None:
    """For the person it belongs to and for administrators; a coach sees but does not delete."""
    with transaction() as session:
        event = _event(session, actor, event_id)
        if not may_delete_history_of(actor, event.user_id):
            raise NotAllowedError("only the person it belongs to or an administrator may delete an event")
        session.delete(event)


def _require_finite(message: SessionEvent) -> None:
    event = message.event
    for name in ("start_s", "end_s", "announced_s", "distance", "threshold", "confidence"):
        value = getattr(event, name)
        if not math.isfinite(value):
            raise InvalidInputError(f"event {message.event_key} has {name} {value}; nothing was stored")


def _row(user_id: int, message: SessionEvent, detector: str, pose_model: str, received_at: dt.datetime) -> Event:
    event = message.event
    return Event(
        event_key=message.event_key,
        user_id=user_id,
        action_id=event.action_id,
        action_name=event.action,
        take_id=event.take_id,
        person_id=message.person_id,
        session_id=message.session_id,
        started_at=received_at - dt.timedelta(seconds=event.announced_s - event.start_s),
        ended_at=received_at - dt.timedelta(seconds=event.announced_s - event.end_s),
        start_s=event.start_s,
        end_s=event.end_s,
        distance=event.distance,
        threshold=event.threshold,
        confidence=min(max(event.confidence, 0.0), 1.0),
        detector=detector,
        pose_model=pose_model,
        sequence=to_bytes(event.sequence),
    )


def _id_of(event_key: str) -> str | None:
    return db.session.scalar(select(Event.id).where(Event.event_key == event_key))


def _events(conditions: Sequence[ColumnElement[bool]]) -> Select[Event]:
    return select(Event).join(User).options(joinedload(Event.user)).where(*conditions)


def conditions_of(actor: User, wanted: HistoryFilter) -> list[ColumnElement[bool]]:
    """What an event joined with its user must fulfil to be listed for the actor."""
    conditions: list[ColumnElement[bool]] = []
    if not actor.may_act_as("coach"):
        conditions.append(Event.user_id == actor.id)
    if wanted.username:
        conditions.append(User.username == wanted.username)
    if wanted.action_name:
        conditions.append(Event.action_name == wanted.action_name)
    if wanted.from_day and wanted.to_day and wanted.from_day > wanted.to_day:
        raise InvalidInputError(f"from {wanted.from_day} lies after to {wanted.to_day}; exchange the two dates")
    if wanted.from_day:
        conditions.append(Event.started_at >= dt.datetime.combine(wanted.from_day, dt.time.min, tzinfo=dt.UTC))
    if wanted.to_day:
        conditions.append(Event.started_at <= dt.datetime.combine(wanted.to_day, dt.time.max, tzinfo=dt.UTC))
    if wanted.min_confidence is not None:
        if not 0 <= wanted.min_confidence <= 1:
            raise InvalidInputError(f"confidence lies within 0 to 1, got {wanted.min_confidence:g}")
        conditions.append(Event.confidence >= wanted.min_confidence)
    return conditions


def _event(session: Session, actor: User, event_id: str, with_poses: bool = False) -> Event:
    query = select(Event).where(Event.id == event_id)
    event = session.scalar(query.options(undefer(Event.sequence)) if with_poses else query)
    if event is None or not may_see_history_of(actor, event.user_id):
        raise NotFoundError(f"there is no event {event_id!r:.40} in your history")
    return event
