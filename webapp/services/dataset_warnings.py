"""What in a dataset would make a model look better than it is: told before anything is trained on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select

from webapp.datasets.records import SPLITS
from webapp.db.base import db
from webapp.db.datasets import PicturedPerson, Sample

NAMED_AT_MOST = 5
"""People in two splits that a sentence names; of the others it says how many."""
_SPLIT_NAMES = {"train": "training", "validation": "validation", "test": "test"}


def dataset_warnings(dataset_id: str) -> list[str]:
    """Sentences about who is in which split; empty where there is nothing to mend. Excluded samples do not count."""
    rows = db.session.execute(
        select(Sample.person_id, PicturedPerson.name, Sample.split, func.count())
        .outerjoin(PicturedPerson, PicturedPerson.id == Sample.person_id)
        .where(Sample.dataset_id == dataset_id, Sample.deleted_at.is_(None), Sample.state != "excluded")
        .group_by(Sample.person_id, PicturedPerson.name, Sample.split)
    ).all()
    splits_of: dict[str, set[str]] = {}
    nobody = total = 0
    for person_id, name, split, count in rows:
        total += count
        if person_id is None:
            nobody += count
        else:
            splits_of.setdefault(name, set()).update([split] if split else [])
    several_splits = len({split for _, _, split, _ in rows if split}) > 1
    return [*_in_two_splits(splits_of), *_too_few(splits_of, nobody), *_unnamed(nobody, total, several_splits)]


def _in_two_splits(splits_of: Mapping[str, set[str]]) -> list[str]:
    found = {name: splits for name, splits in sorted(splits_of.items()) if len(splits) > 1}
    if not found:
        return []
    named = [f"{name} ({_joined(splits)})" for name, splits in list(found.items())[:NAMED_AT_MOST]]
    others = len(found) - len(named)
    who = ", ".join(named) + (f" and {others} more" if others else "")
    verb = "is" if len(found) == 1 else "are"
    return [f"{who} {verb} in more than one split: a model is then judged by somebody it has learned from."]


def _too_few(splits_of: Mapping[str, set[str]], nobody: int) -> list[str]:
    if len(splits_of) != 1 or nobody:
        return []
    return [f"Only {next(iter(splits_of))} is in it: how well a model does with others cannot be told."]


def _unnamed(nobody: int, total: int, several_splits: bool) -> list[str]:
    if not nobody or not several_splits:
        return []
    return [f"{nobody:,} of {total:,} samples name nobody: whether they are of somebody in two splits cannot be told."]


def _joined(splits: set[str]) -> str:
    names: Sequence[str] = [_SPLIT_NAMES[split] for split in SPLITS if split in splits]
    return f"{', '.join(names[:-1])} and {names[-1]}"
