"""Negatives: movements that are none of the person's actions, so that they are not taken for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.core.records import PoseSequence
from webapp.core.sequence_file import from_bytes, to_bytes
from webapp.db.accounts import User
from webapp.db.actions import NEGATIVE_SOURCES, Negative
from webapp.db.base import db
from webapp.db.engine import transaction, unless_taken
from webapp.db.feedback import Feedback
from webapp.services.actions import MIN_TRIMMED_FRAMES, MIN_TRIMMED_S, check_short_text
from webapp.services.banks import announce, raise_bank_number
from webapp.services.permissions import may_manage_actions_of

MAX_NEGATIVES = 50
"""Per person; they are sent to the workers with every bank."""
RECORDED = tuple(source for source in NEGATIVE_SOURCES if source != "feedback")
"""What a person may record; the others come from feedback alone."""


@dataclass(frozen=True)
class NewNegative:
    """A negative as the browser hands it in."""

    client_key: str
    sequence: PoseSequence
    source: str
    detector: str
    pose_model: str


def list_negatives(actor: User) -> Sequence[Negative]:
    """The actor's own, without the poses, newest first."""
    query = select(Negative).where(Negative.owner_id == actor.id)
    return db.session.scalars(query.order_by(Negative.created_at.desc(), Negative.id)).all()


def events_of(negatives: Sequence[Negative]) -> Mapping[str, str]:
    """By negative, the event that its feedback was on; without those that were recorded or whose event was deleted."""
    query = select(Feedback.negative_id, Feedback.event_id).where(
        Feedback.negative_id.in_([negative.id for negative in negatives if negative.source == "feedback"]),
        Feedback.event_id.is_not(None),
    )
    return {str(negative_id): str(event_id) for negative_id, event_id in db.session.execute(query)}


def add_negative(actor: User, new: NewNegative) -> Negative:
    """Store one; the same client_key again answers the one that is there."""
    if new.source not in RECORDED:
        raise InvalidInputError(f"source {new.source!r:.40} is unknown; known: {', '.join(RECORDED)}")
    negative = made_negative(actor.id, new)
    existing = _with_key(db.session(), actor.id, new.client_key)
    if existing is not None:
        return existing
    with unless_taken("this movement was being stored at this moment; try again"), transaction() as session:
        raise_bank_number(session, actor.id)
        keep_negative(session, negative)
    announce(actor.id)
    return negative


def made_negative(owner_id: int, new: NewNegative) -> Negative:
    """The row of a negative, not stored yet; InvalidInputError where it will not do."""
    for label, value in (("client_key", new.client_key), ("detector", new.detector), ("pose_model", new.pose_model)):
        check_short_text(label, value)
    if len(new.sequence) < MIN_TRIMMED_FRAMES or new.sequence.duration_s < MIN_TRIMMED_S:
        raise InvalidInputError(
            f"the movement has {new.sequence.duration_s:.2f} s in {len(new.sequence)} frames; "
            f"it needs {MIN_TRIMMED_S:g} s and {MIN_TRIMMED_FRAMES} frames"
        )
    return Negative(
        owner_id=owner_id,
        client_key=new.client_key,
        sequence=to_bytes(new.sequence),
        frames=len(new.sequence),
        duration_s=new.sequence.duration_s,
        source=new.source,
        detector=new.detector,
        pose_model=new.pose_model,
    )


def keep_negative(session: Session, negative: Negative) -> None:
    """Store it in a transaction that has raised the owner's bank number; InvalidInputError where there are too many."""
    if _count(session, negative.owner_id) >= MAX_NEGATIVES:
        raise InvalidInputError(
            f"you have {MAX_NEGATIVES} movements that are none of your actions, the most one account keeps; "
            "delete one first"
        )
    session.add(negative)
    session.flush()


def negative_sequence(actor: User, negative_id: str) -> PoseSequence:
    return from_bytes(_negative(db.session(), actor, negative_id, with_poses=True).sequence)


def set_negative_enabled(actor: User, negative_id: str, enabled: bool) -> Negative:
    """Whether the recogniser uses it."""
    with transaction() as session:
        negative = _negative(session, actor, negative_id)
        negative.enabled = enabled
        raise_bank_number(session, negative.owner_id)
    announce(negative.owner_id)
    return negative


def delete_negative(actor: User, negative_id: str) -> None:
    with transaction() as session:
        negative = _negative(session, actor, negative_id)
        owner_id = negative.owner_id
        session.delete(negative)
        raise_bank_number(session, owner_id)
    announce(owner_id)


def _negative(session: Session, actor: User, negative_id: str, with_poses: bool = False) -> Negative:
    query = select(Negative).where(Negative.id == negative_id)
    negative = session.scalar(query.options(undefer(Negative.sequence)) if with_poses else query)
    # someone else's answers as one that does not exist, so ids tell nothing
    if negative is None or not may_manage_actions_of(actor, negative.owner_id):
        raise NotFoundError(f"there is no movement {negative_id!r:.40} among yours that are none of your actions")
    return negative


def _with_key(session: Session, owner_id: int, client_key: str) -> Negative | None:
    query = select(Negative).where(Negative.owner_id == owner_id, Negative.client_key == client_key)
    return session.scalar(query)


def _count(session: Session, owner_id: int) -> int:
    return session.scalar(select(func.count()).select_from(Negative).where(Negative.owner_id == owner_id)) or 0
