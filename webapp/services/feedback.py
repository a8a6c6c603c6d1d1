"""Feedback: its effect shown before it is applied, applied in one transaction, and undone in any order."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, selectinload

from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.db.accounts import User
from webapp.db.actions import Action, Negative, Take
from webapp.db.base import db, utc_now
from webapp.db.engine import transaction, unless_taken
from webapp.db.feedback import Feedback, Tuning
from webapp.db.history import Event
from webapp.pipeline.inquiries import FeedbackQuestion
from webapp.pipeline.wire_inquiries import effect_from_wire
from webapp.recognition.feedback import FACTOR_MAX, FACTOR_MIN, Bound, Effect, Step, effective_factor
from webapp.services.actions import check_short_text, keep_take, made_take
from webapp.services.analysis import Analysis, WorkerUnavailableError
from webapp.services.banks import announce, bank_number, load_bank, locked_owner, raise_bank_number
from webapp.services.feedback_case import FeedbackCase, FeedbackRequest, case_of, recent_events
from webapp.services.feedback_words import sentences_of
from webapp.services.negatives import keep_negative, made_negative
from webapp.services.permissions import may_manage_actions_of

PAGE_SIZE = 25
CHANGED = "your actions have changed since this effect was shown; look at it again"


@dataclass(frozen=True)
class JudgedEvent:
    """A past event that would be judged otherwise; before, after: the action's name, None for none."""

    event_id: str
    action: str
    started_at: dt.datetime
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Preview:
    """What feedback would do to the actions as they are with this bank number. names: of the actions, by id."""

    case: FeedbackCase
    bank_number: int
    effect: Effect
    events: Sequence[JudgedEvent]
    names: Mapping[str, str]
    sentences: Sequence[str]


@dataclass(frozen=True)
class FeedbackPage:
    """One page of what was applied, newest first, and how much there is in all."""

    feedback: Sequence[Feedback]
    page: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_SIZE))


def preview(actor: User, analysis: Analysis, request: FeedbackRequest) -> Preview:
    """Nothing is stored. WorkerUnavailableError where no worker works it out."""
    case = case_of(actor, request)
    number = bank_number(case.owner_id)

    def question() -> FeedbackQuestion:
        bank = load_bank(case.owner_id)
        if bank.number != number:
            raise InvalidInputError("your actions were changed at this moment; look again")
        return FeedbackQuestion(
            bank=bank,
            performance=case.performance,
            wrong_action_id=case.wrong_action_id,
            right_action_id=case.right_action_id,
            right_name=case.right_name or "",
            tune=request.tune,
            add=request.add,
            recent=recent_events(case.owner_id, but=case.event_id),
        )

    digest = hashlib.sha256(case.performance).digest()
    parts = (case.wrong_action_id, case.right_action_id, request.tune, request.add)
    result = analysis.answer(("feedback", case.owner_id, number, case.event_id, digest, *parts), question)
    effect = _effect(result, case)
    names = _action_names(case.owner_id)
    return Preview(case, number, effect, _judged_events(case, effect, names), names, sentences_of(effect))


def apply(actor: User, analysis: Analysis, request: FeedbackRequest, client_key: str, shown_number: int) -> Feedback:
    """Store what the preview with bank number shown_number showed; the same client_key again answers what is there."""
    check_short_text("client_key", client_key)
    existing = _with_key(db.session(), case_of(actor, request).owner_id, client_key)
    if existing is not None:
        return existing
    shown = preview(actor, analysis, request)
    if shown.bank_number != shown_number:
        existing = _with_key(db.session(), shown.case.owner_id, client_key)  # it may be this one that changed them
        if existing is not None:
            return existing
        raise InvalidInputError(CHANGED)
    _require_a_change(shown.effect, request)
    case, additions = shown.case, _additions(shown.case, request, client_key)
    with unless_taken("this feedback was being stored at this moment; try again"), transaction() as session:
        owner = locked_owner(session, case.owner_id)
        existing = _with_key(session, case.owner_id, client_key)  # posted twice at a time
        if existing is not None:
            return existing
        if owner.bank_number != shown_number:
            raise InvalidInputError(CHANGED)
        feedback = Feedback(
            owner_id=case.owner_id,
            client_key=client_key,
            kind=request.kind,
            event_id=case.event_id,
            action_name=case.wrong_name,
            right_name=case.right_name,
            number=raise_bank_number(session, case.owner_id),
        )
        _add(session, feedback, case, additions)
        feedback.tunings = [
            Tuning(
                action_id=change.action_id,
                bound=change.bound,
                factor=change.factor_after,
                factor_before=change.factor_before,
            )
            for change in shown.effect.changes
            if change.changes
        ]
        session.add(feedback)
        session.flush()
        _work_out_factors(session, feedback)
    announce(case.owner_id)
    return feedback


def undo(actor: User, feedback_id: str) -> Feedback:
    """Take out what it added and what it made of thresholds; the feedback that remains stays as it was meant."""
    with transaction() as session:
        owner_id = _feedback(session, actor, feedback_id).owner_id
        locked_owner(session, owner_id)
        feedback = _feedback(session, actor, feedback_id)
        if feedback.undone_at is not None:
            return feedback
        for table, added_id in ((Take, feedback.take_id), (Negative, feedback.negative_id)):
            added = None if added_id is None else session.get(table, added_id)
            if added is not None:  # it may have been deleted by hand
                session.delete(added)
        feedback.undone_at = utc_now()
        raise_bank_number(session, owner_id)
        _work_out_factors(session, feedback)
    announce(owner_id)
    return feedback


def list_feedback(actor: User, page: int = 1) -> FeedbackPage:
    """The actor's own, what was undone included. A page beyond the last is the last."""
    own = Feedback.owner_id == actor.id
    total = db.session.scalar(select(func.count()).select_from(Feedback).where(own)) or 0
    page = min(max(page, 1), max(1, -(-total // PAGE_SIZE)))
    query = _with_actions().where(own).order_by(Feedback.number.desc())
    found = db.session.scalars(query.offset((page - 1) * PAGE_SIZE).limit(PAGE_SIZE)).all()
    return FeedbackPage(found, page, total)


def feedback_of(event_ids: Collection[str]) -> Mapping[str, Sequence[Feedback]]:
    """What holds of these events, oldest first; for whoever may see the events."""
    query = _with_actions().where(Feedback.event_id.in_(event_ids), Feedback.undone_at.is_(None))
    found: dict[str, list[Feedback]] = {event_id: [] for event_id in event_ids}
    for feedback in db.session.scalars(query.order_by(Feedback.number)):
        found[str(feedback.event_id)].append(feedback)
    return found


def _effect(result: Mapping[str, object], case: FeedbackCase) -> Effect:
    """What the worker worked out; what it says of other actions, or beyond all bounds, is its fault."""
    try:
        effect = effect_from_wire(result)
    except InvalidInputError as error:
        raise WorkerUnavailableError(f"the worker's answer cannot be read: {error}; update the worker") from error
    for change in effect.changes:
        known = change.action_id in {case.wrong_action_id, case.right_action_id}
        if not known or (change.changes and not FACTOR_MIN <= change.factor_after <= FACTOR_MAX):
            raise WorkerUnavailableError(
                f"the worker's answer cannot be right: factor {change.factor_after:g} for {change.action}; try again"
            )
    return effect


def _action_names(owner_id: int) -> Mapping[str, str]:
    rows = db.session.execute(select(Action.id, Action.name).where(Action.owner_id == owner_id))
    return {row.id: row.name for row in rows}


def _judged_events(case: FeedbackCase, effect: Effect, names: Mapping[str, str]) -> Sequence[JudgedEvent]:
    changed = {event.event_id: event for event in effect.events}
    query = select(Event).where(Event.id.in_(changed), Event.user_id == case.owner_id)
    return [
        JudgedEvent(
            event_id=event.id,
            action=event.action_name,
            started_at=event.started_at,
            before=names.get(changed[event.id].before_id or ""),
            after=names.get(changed[event.id].after_id or ""),
        )
        for event in db.session.scalars(query.order_by(Event.started_at.desc()))
    ]


def _require_a_change(effect: Effect, request: FeedbackRequest) -> None:
    if request.add is not None or any(change.changes for change in effect.changes):
        return
    obstacle = next((change.obstacle for change in effect.changes if change.obstacle), None)
    if obstacle is None:
        raise InvalidInputError("this would change nothing: it is judged as you say already; add the poses to be surer")
    remedy = "a take of the action" if effect.suggestion == "take" else "a movement that is none of your actions"
    raise InvalidInputError(f"{obstacle}, so the threshold stays; add the poses as {remedy} instead")


Additions = Take | Negative | None


def _additions(case: FeedbackCase, request: FeedbackRequest, client_key: str) -> Additions:
    """What is stored besides, made before the transaction begins, since packing poses takes time."""
    key = hashlib.sha256(f"feedback {client_key}".encode()).hexdigest()  # no browser's key is the same by chance
    if request.add == "take":
        return made_take(case.as_take(key))
    return made_negative(case.owner_id, case.as_negative(key)) if request.add == "negative" else None


def _add(session: Session, feedback: Feedback, case: FeedbackCase, addition: Additions) -> None:
    if isinstance(addition, Negative):
        keep_negative(session, addition)
        feedback.negative_id = addition.id
    elif addition is not None:
        action = session.get(Action, case.right_action_id)
        if action is None:
            raise InvalidInputError(CHANGED)
        keep_take(session, action, addition)
        feedback.take_id = addition.id


def _work_out_factors(session: Session, feedback: Feedback) -> None:
    """The factors of the actions it touches, from what was set by hand and the feedback since that holds."""
    for tuning in feedback.tunings:
        action = session.get(Action, tuning.action_id)
        if action is None:
            continue
        query = (
            select(Tuning.bound, Tuning.factor)
            .join(Feedback)
            .where(Tuning.action_id == action.id, Feedback.undone_at.is_(None), Feedback.number > action.set_number)
            .order_by(Feedback.number)
        )
        steps = [Step(cast("Bound", bound), factor) for bound, factor in session.execute(query)]
        action.threshold_factor = effective_factor(action.set_factor, steps)


def _with_key(session: Session, owner_id: int, client_key: str) -> Feedback | None:
    return session.scalar(select(Feedback).where(Feedback.owner_id == owner_id, Feedback.client_key == client_key))


def _feedback(session: Session, actor: User, feedback_id: str) -> Feedback:
    query = select(Feedback).where(Feedback.id == feedback_id).execution_options(populate_existing=True)
    feedback = session.scalar(query)
    if feedback is None or not may_manage_actions_of(actor, feedback.owner_id):
        raise NotFoundError(f"there is no feedback {feedback_id!r:.40} of yours")
    return feedback


def _with_actions() -> Select[Feedback]:
    return select(Feedback).options(selectinload(Feedback.tunings).joinedload(Tuning.action))
