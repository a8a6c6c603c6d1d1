"""What can be learned from takes and events: health of templates, comparison with the best take, repetitions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import undefer

from webapp.core.errors import NotFoundError
from webapp.db.accounts import User
from webapp.db.actions import Action, Take
from webapp.db.base import db
from webapp.db.history import Event
from webapp.pipeline.inquiries import MAX_EVENTS, ComparisonQuestion, HealthQuestion, RepetitionsQuestion
from webapp.pipeline.messages import StoredTake
from webapp.services.actions import get_action
from webapp.services.analysis import Analysis, Result
from webapp.services.banks import bank_number, load_bank
from webapp.services.feedback_case import stored_event
from webapp.services.history import get_event

_SET_REACH = dt.timedelta(minutes=15)
"""How far from an event its set of repetitions is looked for."""


@dataclass(frozen=True)
class Insight:
    """What a worker worked out (see docs/protocol.md), of the actions as they are with this bank number."""

    bank_number: int
    result: Result
    action_id: str | None = None


def health(actor: User, analysis: Analysis, action_id: str | None = None) -> Insight:
    """The health of the actor's own takes, or of the takes of everything that the owner of this action has."""
    owner_id = actor.id if action_id is None else get_action(actor, action_id).owner_id
    number = bank_number(owner_id)
    found = analysis.answer(("health", owner_id, number), lambda: HealthQuestion(load_bank(owner_id)))
    return Insight(number, found)


def comparison(actor: User, analysis: Analysis, event_id: str, take_id: str | None = None) -> Insight:
    """An event against one of its action's takes: that one, else the one it was recognised by, else the nearest."""
    event = get_event(actor, event_id)
    action = None if event.action_id is None else db.session.get(Action, event.action_id)
    if action is None:
        raise NotFoundError(f"the action {event.action_name} was deleted; there is no take left to compare with")
    takes = {take.id for take in action.takes if take.enabled or take.id == take_id}
    if take_id is not None and take_id not in takes:
        raise NotFoundError(f"{action.name} has no take {take_id!r:.40}; choose one of its takes")
    if not takes:
        raise NotFoundError(f"{action.name} has no take that is switched on; record one, or switch one on")
    wanted = take_id or (event.take_id if event.take_id in takes else None)
    number, mirror = bank_number(event.user_id), action.mirror

    def question() -> ComparisonQuestion:
        return ComparisonQuestion(
            get_event(actor, event_id).sequence, _stored({wanted} if wanted else takes), wanted, mirror
        )

    action_id = action.id
    return Insight(number, analysis.answer(("comparison", event_id, wanted, number), question), action_id)


def repetitions(actor: User, analysis: Analysis, event_id: str) -> Insight:
    """The repetitions that an event is one of: the same person in the same session, around the same time."""
    event = get_event(actor, event_id)
    near = select(Event.id).where(
        Event.user_id == event.user_id,
        Event.session_id == event.session_id,
        Event.person_id == event.person_id,
        Event.started_at >= event.started_at - _SET_REACH,
        Event.started_at <= event.started_at + _SET_REACH,
    )
    ids = db.session.scalars(near.order_by(Event.started_at, Event.id)).all()
    at = ids.index(event.id)
    first = max(0, min(at - MAX_EVENTS // 2, len(ids) - MAX_EVENTS))
    kept = tuple(ids[first : first + MAX_EVENTS])

    def question() -> RepetitionsQuestion:
        query = select(Event).where(Event.id.in_(kept)).order_by(Event.started_at, Event.id)
        events = db.session.scalars(query.options(undefer(Event.sequence)))
        return RepetitionsQuestion(event_id, [stored_event(one) for one in events])

    return Insight(bank_number(event.user_id), analysis.answer(("repetitions", event_id, kept), question))


def _stored(take_ids: set[str]) -> Sequence[StoredTake]:
    columns = select(Take.id, Take.sequence, Take.trim_start_s, Take.trim_end_s)
    query = columns.where(Take.id.in_(take_ids)).order_by(Take.created_at)
    return [StoredTake(*row) for row in db.session.execute(query)]
