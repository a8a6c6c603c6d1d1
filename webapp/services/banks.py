"""Banks: everything a worker needs to recognise one person's actions, numbered so that the newest wins."""

from __future__ import annotations

from typing import NamedTuple

from blinker import Signal
from sqlalchemy import Select, and_, false, literal, select, union_all
from sqlalchemy.orm import Session

from webapp.core.errors import NotFoundError
from webapp.db.accounts import User
from webapp.db.actions import Action, Negative, Take
from webapp.db.base import db
from webapp.pipeline.messages import Bank, StoredAction, StoredTake
from webapp.pipeline.stored_takes import unpacked
from webapp.recognition import action_pack

bank_changed = Signal("someone's actions changed; sent after the commit with user_id")


def bank_id_of(user_id: int) -> str:
    return f"user-{user_id}"


def bank_number(user_id: int) -> int:
    """The number of the person's bank now."""
    return db.session.scalar(select(User.bank_number).where(User.id == user_id)) or 0


def load_bank(user_id: int) -> Bank:
    """The person's enabled takes and negatives; actions without a usable take are left out."""
    # one statement, so that the number and what it numbers are of one moment
    rows = [_Row._make(row) for row in db.session.execute(_query(user_id))]
    takes: dict[str, list[_Row]] = {}
    for row in rows:
        if row.action_id and row.take_id is not None:  # an action without one, or a person without an action
            takes.setdefault(row.action_id, []).append(row)
    return Bank(
        bank_id=bank_id_of(user_id),
        number=rows[0].number if rows else 0,
        actions=tuple(_action(group) for group in takes.values()),
        negatives=tuple(row.sequence for row in rows if row.is_negative),
    )


def export_pack(actor: User) -> bytes:
    """The actor's actions as an action pack: what is recognised now, trimmed; NotFoundError when that is nothing."""
    actions = unpacked(load_bank(actor.id))
    if not actions:
        raise NotFoundError("there is no take to export yet; record an action first")
    return action_pack.to_bytes(actions)


def raise_bank_number(session: Session, user_id: int) -> int:
    """The person's bank has changed; answers its new number. Until the commit nobody else changes it."""
    with session.no_autoflush:  # the account first, by everybody: two who lock in different orders wait for ever
        owner = locked_owner(session, user_id)
    owner.bank_number += 1
    session.flush()
    return owner.bank_number


def locked_owner(session: Session, user_id: int) -> User:
    """The account, as it is now and, until the commit, for us alone to change."""
    # SQLite has one writer at a time anyway and knows no FOR UPDATE
    query = select(User).where(User.id == user_id).with_for_update().execution_options(populate_existing=True)
    owner: User | None = session.scalar(query)
    if owner is None:
        raise NotFoundError(f"there is no account with the number {user_id}")
    return owner


def announce(user_id: int) -> None:
    """Tell whoever recognises this person's actions; to be called after the commit."""
    bank_changed.send("webapp.services.banks", user_id=user_id)


class _Row(NamedTuple):
    number: int
    is_negative: bool
    action_id: str | None
    name_key: str | None
    name: str | None
    mirror: bool | None
    threshold_factor: float | None
    take_id: str | None
    created_at: object
    sequence: bytes
    trim_start_s: float
    trim_end_s: float


def _action(rows: list[_Row]) -> StoredAction:
    first = rows[0]
    takes = tuple(StoredTake(str(row.take_id), row.sequence, row.trim_start_s, row.trim_end_s) for row in rows)
    return StoredAction(
        str(first.action_id), str(first.name), takes, bool(first.mirror), float(first.threshold_factor or 1)
    )


def _query(user_id: int) -> Select[tuple[object, ...]]:
    own = (
        select(
            User.bank_number,
            false().label("is_negative"),
            Action.id.label("action_id"),
            Action.name_key,
            Action.name,
            Action.mirror,
            Action.threshold_factor,
            Take.id.label("take_id"),
            Take.created_at,
            Take.sequence,
            Take.trim_start_s,
            Take.trim_end_s,
        )
        .select_from(User)
        .outerjoin(Action, Action.owner_id == User.id)
        .outerjoin(Take, and_(Take.action_id == Action.id, Take.enabled))
        .where(User.id == user_id)
    )
    negatives = (
        select(
            User.bank_number,
            literal(True),
            literal(""),
            literal(""),
            literal(""),
            false(),
            literal(1.0),
            Negative.id,
            Negative.created_at,
            Negative.sequence,
            literal(0.0),
            Negative.duration_s,
        )
        .select_from(Negative)
        .join(User, Negative.owner_id == User.id)
        .where(User.id == user_id, Negative.enabled)
    )
    rows = union_all(own, negatives).subquery()
    return select(*rows.c).order_by(rows.c.name_key, rows.c.created_at)
