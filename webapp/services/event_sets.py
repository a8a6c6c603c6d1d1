"""The history's events as sets of repetitions, for a list; by the rule of recognition.repetitions, without a worker."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import joinedload

from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.history import Event
from webapp.recognition.repetitions import Repetition, count_repetitions
from webapp.services.history import HistoryFilter, conditions_of

_REACH = dt.timedelta(minutes=15)
"""How far beyond the listed events the rest of their sets is looked for."""

_Stream = tuple[int, str, int]


@dataclass(frozen=True)
class EventSet:
    """One event, or several of one action that follow each other.

    events: those that fit the filter, newest first, never empty; count: how many there are without the filter;
    tempo_per_min: repetitions a minute over all of them, None for a single one.
    """

    events: Sequence[Event]
    count: int = 1
    tempo_per_min: float | None = None

    @property
    def newest(self) -> Event:
        return self.events[0]

    @property
    def oldest(self) -> Event:
        return self.events[-1]

    @property
    def confidence(self) -> float:
        """Of all its events together: the mean."""
        return sum(event.confidence for event in self.events) / len(self.events)

    @property
    def duration_s(self) -> float:
        return self.newest.end_s - self.oldest.start_s


def sets_of(actor: User, wanted: HistoryFilter, events: Sequence[Event]) -> Sequence[EventSet]:
    """The sets that these events (newest first, of one page) belong to, each with all its events that fit."""
    found: dict[str, EventSet] = {}
    for members, fitting in _streams(actor, wanted, events):
        for one in _sets(members, fitting):
            found.update({event.id: one for event in one.events})
    listed: dict[str, EventSet] = {}
    for event in events:
        one = found.get(event.id) or EventSet([event])  # deleted at this moment, or told twice
        listed.setdefault(one.newest.id, one)
    return list(listed.values())


def _streams(
    actor: User, wanted: HistoryFilter, events: Sequence[Event]
) -> Sequence[tuple[Sequence[Event], frozenset[str]]]:
    """Per person and session, the events around these by time, and the ids of those that fit the filter."""
    if not events:
        return []
    near: dict[_Stream, list[dt.datetime]] = defaultdict(list)
    for event in events:
        near[_stream(event)].append(event.started_at)
    fits = and_(true(), *conditions_of(actor, wanted)).label("fits")
    query = select(Event, fits).join(User).where(or_(*(_around(*one) for one in near.items())))
    members: dict[_Stream, list[Event]] = defaultdict(list)
    fitting: set[str] = set()
    for event, fit in db.session.execute(query.options(joinedload(Event.user)).order_by(Event.started_at, Event.id)):
        members[_stream(event)].append(event)
        if fit:
            fitting.add(event.id)
    return [(found, frozenset(fitting)) for found in members.values()]


def _stream(event: Event) -> _Stream:
    return event.user_id, event.session_id, event.person_id


def _around(stream: _Stream, moments: Sequence[dt.datetime]) -> ColumnElement[bool]:
    user_id, session_id, person_id = stream
    return and_(
        Event.user_id == user_id,
        Event.session_id == session_id,
        Event.person_id == person_id,
        Event.started_at >= min(moments) - _REACH,
        Event.started_at <= max(moments) + _REACH,
    )


def _sets(members: Sequence[Event], fitting: frozenset[str]) -> Sequence[EventSet]:
    repetitions = [_repetition(event) for event in members]
    events = {id(repetition): event for repetition, event in zip(repetitions, members, strict=True)}
    sets = []
    for found in count_repetitions(repetitions):
        inside = [events[id(repetition)] for repetition in reversed(found.repetitions)]
        shown = [event for event in inside if event.id in fitting]
        if shown:
            sets.append(EventSet(shown, found.count, found.tempo_per_min))
    return sets


def _repetition(event: Event) -> Repetition:
    return Repetition(
        action_id=event.action_id or event.action_name,
        action=event.action_name,
        take_id=event.take_id or "",
        start_s=event.start_s,
        end_s=event.end_s,
        announced_s=event.end_s,  # the history does not keep when it was announced
        distance=event.distance,
        threshold=event.threshold,
    )
