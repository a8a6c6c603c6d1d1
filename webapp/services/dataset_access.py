"""Who may do what with a dataset: its owner and administrators everything, members what their role says."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import ColumnElement, exists, or_, select, true, update
from sqlalchemy.orm import Session

from webapp.core.errors import NotAllowedError, NotFoundError
from webapp.core.skeleton import Skeleton
from webapp.core.skeleton_json import skeleton_from_json
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import MEMBER_ROLES, Dataset, DatasetMember
from webapp.services.sequence_json import parse_json

Need = Literal["look", "label", "edit", "own"]
_LEVELS: tuple[Need, ...] = ("look", "label", "edit", "own")
_REFUSALS = {"label": "label in it", "edit": "add to it or take from it", "own": "share or delete it"}


def dataset_for(actor: User, dataset_id: str, need: Need, session: Session | None = None) -> Dataset:
    """The dataset. NotFoundError where the actor may not even look, NotAllowedError where they may not do that."""
    dataset = (session or db.session()).get(Dataset, dataset_id)
    level = None if dataset is None else level_of(actor, dataset)
    if dataset is None or level is None:
        raise NotFoundError(f"there is no dataset {dataset_id!r:.40} that you may look at")
    if _LEVELS.index(level) < _LEVELS.index(need):
        raise NotAllowedError(f"you may look at {dataset.name}, not {_REFUSALS[need]}; ask its owner")
    return dataset


def level_of(actor: User, dataset: Dataset) -> Need | None:
    """The most that the actor may do with it; None: not even look."""
    if dataset.owner_id == actor.id or actor.may_act_as("admin"):
        return "own"
    member = db.session.get(DatasetMember, (dataset.id, actor.id))
    return None if member is None else _LEVELS[MEMBER_ROLES.index(member.role)]


def visible_to(actor: User) -> ColumnElement[bool]:
    """The condition on Dataset of those that the actor may look at."""
    if actor.may_act_as("admin"):
        return true()
    shared = exists().where(DatasetMember.dataset_id == Dataset.id, DatasetMember.user_id == actor.id)
    return or_(Dataset.owner_id == actor.id, shared)


def skeleton_of(dataset: Dataset) -> Skeleton:
    return skeleton_from_json(parse_json(dataset.skeleton.encode()))


def raise_change_number(session: Session, dataset_id: str) -> int:
    """Say within a transaction that the dataset's content changes; answers the new number."""
    change = update(Dataset).where(Dataset.id == dataset_id).values(change_number=Dataset.change_number + 1)
    return int(session.scalar(change.returning(Dataset.change_number)) or 0)


def dataset_ids() -> list[str]:
    """Every dataset's id; for the command line and for cleaning up."""
    return list(db.session.scalars(select(Dataset.id)))
