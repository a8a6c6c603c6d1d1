"""What differs between a version of a dataset and another one, or what is there now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Subquery, and_, func, not_, or_, select

from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import LabelRevision, PicturedPerson, Sample, VersionSample
from webapp.services.dataset_access import dataset_for
from webapp.services.dataset_versions import version_of
from webapp.services.label_glances import Points, points_of

Kind = Literal["added", "removed", "changed"]
MAX_SHOWN = 200
_COLUMNS = ("revision", "state", "person_id", "split")
_LABELS_AT_ONCE = 100


@dataclass(frozen=True)
class Side:
    """A sample as one of the two holds it. person: their name."""

    revision: int
    state: str
    person: str | None
    split: str | None
    points: Points | None


@dataclass(frozen=True)
class Difference:
    """before: as the first holds it, None where it was added; after: as the other does, None where it was removed."""

    kind: Kind
    sample: Sample
    before: Side | None
    after: Side | None


@dataclass(frozen=True)
class Comparison:
    """How many samples differ in label, state, person or split. samples: the first of each kind, MAX_SHOWN at most."""

    added: int
    removed: int
    changed: int
    unchanged: int
    samples: Sequence[Difference]


def compare(actor: User, dataset_id: str, number: int, other: int | None) -> Comparison:
    """From this version to the other one; None: to what is there now."""
    dataset = dataset_for(actor, dataset_id, "look")
    before = _held(version_of(db.session(), dataset, number).id)
    after = _present(dataset.id) if other is None else _held(version_of(db.session(), dataset, other).id)
    differs = or_(*(before.c[name].is_distinct_from(after.c[name]) for name in _COLUMNS))
    both = select(func.count()).select_from(before.join(after, before.c.sample_id == after.c.sample_id))
    in_both, changed = _count(both), _count(both.where(differs))
    removed, added = (_count(select(func.count()).select_from(one)) - in_both for one in (before, after))
    kinds: Mapping[Kind, ColumnElement[bool]] = {
        "changed": and_(before.c.sample_id.is_not(None), after.c.sample_id.is_not(None), differs),
        "added": before.c.sample_id.is_(None),
        "removed": after.c.sample_id.is_(None),
    }
    there = [kind for kind, count in (("changed", changed), ("added", added), ("removed", removed)) if count]
    most = MAX_SHOWN // max(1, len(there))
    rows = [(kind, row) for kind in kinds if kind in there for row in _rows(before, after, kinds[kind], most)]
    return Comparison(added, removed, changed, in_both - changed, _differences(rows))


def _held(version_id: str) -> Subquery:
    columns = [getattr(VersionSample, name) for name in _COLUMNS]
    return select(VersionSample.sample_id, *columns).where(VersionSample.version_id == version_id).subquery()


def _present(dataset_id: str) -> Subquery:
    columns = [getattr(Sample, name) for name in _COLUMNS]
    there = Sample.dataset_id == dataset_id, Sample.deleted_at.is_(None)
    return select(Sample.id.label("sample_id"), *columns).where(*there).subquery()


def _count(query: Any) -> int:
    return int(db.session.scalar(query) or 0)


def _rows(before: Subquery, after: Subquery, condition: ColumnElement[bool], most: int) -> Sequence[Any]:
    """(sample, its columns before, its columns after) of the first ones."""
    query = (
        select(Sample, *(before.c[name] for name in _COLUMNS), *(after.c[name] for name in _COLUMNS))
        .outerjoin(before, before.c.sample_id == Sample.id)
        .outerjoin(after, after.c.sample_id == Sample.id)
        .where(condition, not_(and_(before.c.sample_id.is_(None), after.c.sample_id.is_(None))))
    )
    return db.session.execute(query.order_by(Sample.position).limit(most)).all()


def _differences(rows: Sequence[tuple[Kind, Any]]) -> Sequence[Difference]:
    split = [(kind, row[0], row[1:5], row[5:9]) for kind, row in rows]
    wanted = {(sample.id, side[0]) for _, sample, *sides in split for side in sides if side[0]}
    points = _points(sorted(wanted))
    people = {side[2] for _, _, *sides in split for side in sides if side[2]}
    query = select(PicturedPerson.id, PicturedPerson.name).where(PicturedPerson.id.in_(people))
    names = {row.id: row.name for row in db.session.execute(query)}

    def side(sample: Sample, values: Any) -> Side | None:
        revision, state, person_id, split_name = values
        if state is None:
            return None
        return Side(revision, state, names.get(person_id), split_name, points.get((sample.id, revision)))

    return [Difference(kind, sample, side(sample, old), side(sample, new)) for kind, sample, old, new in split]


def _points(wanted: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Points | None]:
    found: dict[tuple[str, int], Points | None] = {}
    for at in range(0, len(wanted), _LABELS_AT_ONCE):
        these = [
            and_(LabelRevision.sample_id == sample_id, LabelRevision.revision == revision)
            for sample_id, revision in wanted[at : at + _LABELS_AT_ONCE]
        ]
        query = select(LabelRevision.sample_id, LabelRevision.revision, LabelRevision.label).where(or_(*these))
        found |= {(sample_id, number): points_of(label) for sample_id, number, label in db.session.execute(query)}
    return found
