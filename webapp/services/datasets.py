"""Datasets: made with a skeleton that stays, listed with how far they are, renamed, deleted."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import Skeleton
from webapp.core.skeleton_json import checked_skeleton, skeleton_reference
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Dataset, Sample
from webapp.db.engine import transaction, unless_taken
from webapp.services.dataset_access import Need, dataset_for, level_of, skeleton_of, visible_to
from webapp.services.names import clean_name, name_key

MAX_DATASETS = 200
"""Per account."""
EXAMPLES = 4
"""Samples that a list shows of each dataset."""
NO_NAME = "a dataset needs a name; type what its pictures show"


@dataclass(frozen=True)
class Contents:
    """What is in a dataset, without deleted samples.

    by_state: samples. pictures: that hold such a sample. people: different ones that are named. changed_at: when a
    sample came or was labelled last. examples: the newest that are of use.
    """

    by_state: Mapping[str, int] = field(default_factory=dict)
    pictures: int = 0
    people: int = 0
    changed_at: dt.datetime | None = None
    examples: Sequence[Sample] = ()

    @property
    def usable(self) -> int:
        """Samples that are not excluded."""
        return sum(self.by_state.values()) - self.by_state.get("excluded", 0)

    @property
    def reviewed(self) -> int:
        return self.by_state.get("reviewed", 0)

    @property
    def reviewed_percent(self) -> int:
        """Rounded down, so that 100 means all."""
        return 100 * self.reviewed // self.usable if self.usable else 0


@dataclass(frozen=True)
class ShownDataset:
    """A dataset as pages show it to who may look at it; level: the most that they may do."""

    dataset: Dataset
    skeleton: Skeleton
    owner: str
    level: Need
    contents: Contents


def list_datasets(actor: User) -> Sequence[ShownDataset]:
    """Those of the actor and those shared with them, for administrators all; by owner and name."""
    return _shown(actor, _with_owner().where(visible_to(actor)).order_by(User.username_key, Dataset.name_key))


def get_dataset(actor: User, dataset_id: str) -> ShownDataset:
    dataset = dataset_for(actor, dataset_id, "look")
    return _shown(actor, _with_owner().where(Dataset.id == dataset.id))[0]


def create_dataset(actor: User, name: str, skeleton: Skeleton) -> Dataset:
    """An empty dataset. InvalidInputError where the actor has one of this name, or too many."""
    name, skeleton = clean_name(name, NO_NAME), checked_skeleton(skeleton)
    reference = json.dumps(skeleton_reference(skeleton), ensure_ascii=False)
    with unless_taken(_taken(name)), transaction() as session:
        if _count(session, actor.id) >= MAX_DATASETS:
            raise InvalidInputError(f"you have {MAX_DATASETS} datasets, the most one account keeps; delete one first")
        dataset = Dataset(owner_id=actor.id, name=name, name_key=name_key(name), skeleton=reference)
        session.add(dataset)
    return dataset


def rename_dataset(actor: User, dataset_id: str, name: str) -> Dataset:
    name = clean_name(name, NO_NAME)
    with unless_taken(_taken(name)), transaction() as session:
        dataset = dataset_for(actor, dataset_id, "own", session)
        dataset.name, dataset.name_key = name, name_key(name)
    return dataset


def _with_owner() -> Select[Dataset, str]:
    return select(Dataset, User.username).join(User, User.id == Dataset.owner_id)


def _shown(actor: User, query: Select[Dataset, str]) -> list[ShownDataset]:
    rows = [(dataset, owner, level_of(actor, dataset)) for dataset, owner in db.session.execute(query)]
    contents = _contents([dataset.id for dataset, _, _ in rows])
    return [
        ShownDataset(dataset, skeleton_of(dataset), owner, level, contents.get(dataset.id, Contents()))
        for dataset, owner, level in rows
        if level is not None
    ]


def _contents(dataset_ids: Sequence[str]) -> dict[str, Contents]:
    """By dataset; without those that hold nothing."""
    there = (Sample.dataset_id.in_(dataset_ids), Sample.deleted_at.is_(None))
    by_state: dict[str, dict[str, int]] = {}
    states = select(Sample.dataset_id, Sample.state, func.count()).where(*there)
    for dataset_id, state, count in db.session.execute(states.group_by(Sample.dataset_id, Sample.state)):
        by_state.setdefault(dataset_id, {})[state] = count
    facts = select(
        Sample.dataset_id,
        func.count(Sample.picture_id.distinct()),
        func.count(Sample.person_id.distinct()),
        func.max(func.coalesce(Sample.labelled_at, Sample.added_at)),
    ).where(*there)
    return {
        dataset_id: Contents(by_state[dataset_id], pictures, people, changed_at, _examples(dataset_id))
        for dataset_id, pictures, people, changed_at in db.session.execute(facts.group_by(Sample.dataset_id)).all()
    }


def _examples(dataset_id: str) -> Sequence[Sample]:
    # a query each: along the index it looks at four rows, where one for all datasets would look at every sample
    there = (Sample.dataset_id == dataset_id, Sample.deleted_at.is_(None), Sample.state != "excluded")
    return db.session.scalars(select(Sample).where(*there).order_by(Sample.position.desc()).limit(EXAMPLES)).all()


def _count(session: Session, owner_id: int) -> int:
    return session.scalar(select(func.count()).select_from(Dataset).where(Dataset.owner_id == owner_id)) or 0


def _taken(name: str) -> str:
    return f"there is another dataset named {name!r}; choose another name"
