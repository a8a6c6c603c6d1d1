"""Whom the owner of a dataset shares it with, and as what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import MEMBER_ROLES, Dataset, DatasetMember
from webapp.db.engine import transaction
from webapp.services.accounts import find_by_identity
from webapp.services.dataset_access import dataset_for

MAX_MEMBERS = 100
"""Per dataset."""


@dataclass(frozen=True)
class ShownMember:
    user_id: int
    username: str
    active: bool
    role: str


def members_of(actor: User, dataset_id: str) -> Sequence[ShownMember]:
    """Everybody it is shared with, by name; for all who may look at it, so that they know who sees what they label."""
    dataset_for(actor, dataset_id, "look")
    query = select(User, DatasetMember.role).join(DatasetMember, DatasetMember.user_id == User.id)
    rows = db.session.execute(query.where(DatasetMember.dataset_id == dataset_id).order_by(User.username_key))
    return [ShownMember(user.id, user.username, user.active, role) for user, role in rows]


def add_member(actor: User, dataset_id: str, username: str, role: str) -> str:
    """Share it with the account of exactly this name; answers the name. Who has a role already is left as they are."""
    _check_role(role)
    with transaction() as session:
        dataset = dataset_for(actor, dataset_id, "own", session)
        user = _account(username)
        if user.id == dataset.owner_id:
            raise InvalidInputError(f"{user.username} is the owner, who may do everything anyway")
        if session.get(DatasetMember, (dataset.id, user.id)) is not None:
            raise InvalidInputError(f"it is shared with {user.username} already; change their role in the list")
        count = select(func.count()).select_from(DatasetMember).where(DatasetMember.dataset_id == dataset.id)
        if (session.scalar(count) or 0) >= MAX_MEMBERS:
            raise InvalidInputError(f"it is shared with {MAX_MEMBERS} accounts, the most there can be")
        session.add(DatasetMember(dataset_id=dataset.id, user_id=user.id, role=role))
    return user.username


def set_member_role(actor: User, dataset_id: str, user_id: int, role: str) -> None:
    _check_role(role)
    with transaction() as session:
        dataset = dataset_for(actor, dataset_id, "own", session)
        _member(session, dataset, user_id).role = role


def remove_member(actor: User, dataset_id: str, user_id: int) -> None:
    """The owner removes anybody; a member may remove themselves. What they labelled stays."""
    with transaction() as session:
        dataset = dataset_for(actor, dataset_id, "look" if user_id == actor.id else "own", session)
        session.delete(_member(session, dataset, user_id))


def _account(username: str) -> User:
    # exactly this name and nothing near it, nor an address, so that nobody is found who is not known already
    user = None if "@" in username else find_by_identity(username)
    if user is None or not user.active:
        raise NotFoundError(f"there is no active account named {username!r:.70}; ask for the exact user name")
    return user


def _member(session: Session, dataset: Dataset, user_id: int) -> DatasetMember:
    member = session.get(DatasetMember, (dataset.id, user_id))
    if member is None:
        raise NotFoundError(f"{dataset.name} is not shared with this account")
    return member


def _check_role(role: str) -> None:
    if role not in MEMBER_ROLES:
        raise InvalidInputError(f"role {role!r:.40} is unknown; known: {', '.join(MEMBER_ROLES)}")
