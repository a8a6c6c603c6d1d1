"""What a dataset's samples can be filtered by, and how many each choice has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select

from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Picture, Sample
from webapp.services.dataset_access import dataset_for
from webapp.services.label_glances import Points, typical_poses
from webapp.services.people import people_for
from webapp.services.samples import SampleFilter, conditions_of

OUTLIERS = ("bones", "model", "duplicate", "unsure")
"""What samples may be worth a look for."""


@dataclass(frozen=True)
class Facets:
    """Samples by what they are, without deleted ones.

    people: (id, name, samples) of everybody who may be named in the dataset, by name; nobody: samples of nobody
    named. splits: "none" stands for those without one. poses: (group, samples, a typical one). labelled: samples with
    a label; curated: those of them whose bones were compared.
    """

    total: int
    states: Mapping[str, int]
    people: Sequence[tuple[str, str, int]]
    nobody: int
    sources: Sequence[tuple[str, int]]
    sessions: Sequence[tuple[str, int]]
    splits: Mapping[str, int]
    poses: Sequence[tuple[int, int, Points | None]]
    labelled: int
    curated: int
    outliers: Mapping[str, int]


def facets(actor: User, dataset_id: str) -> Facets:
    """Counted in one look at the samples."""
    dataset = dataset_for(actor, dataset_id, "look")
    columns = (Sample.state, Sample.person_id, Picture.source, Picture.session, Sample.split, Sample.pose_group)
    query = (
        select(
            *columns,
            func.count(),
            func.count(case((Sample.revision > 0, 1))),
            func.count(func.coalesce(Sample.bone_error, Sample.pose_group)),
        )
        .join(Picture, Picture.id == Sample.picture_id)
        .where(Sample.dataset_id == dataset.id, Sample.deleted_at.is_(None))
        .group_by(*columns)
    )
    counters: list[Counter[object]] = [Counter() for _ in columns]
    total = labelled = curated = 0
    for *values, count, with_label, with_bones in db.session.execute(query):
        for counter, value in zip(counters, values, strict=True):
            counter[value] += count
        total, labelled, curated = total + count, labelled + with_label, curated + with_bones
    states, people, sources, sessions, splits, groups = counters
    typical = typical_poses(dataset.id)
    return Facets(
        total=total,
        states=_texts(states),
        people=[(person.id, person.name, people[person.id]) for person in people_for(actor, dataset.id)],
        nobody=people[None],
        sources=sorted(_texts(sources).items()),
        sessions=sorted(_texts(sessions).items()),
        splits={split or "none": count for split, count in _texts(splits).items()},
        poses=[(group, groups[group], typical.get(group)) for group in sorted(g for g in groups if isinstance(g, int))],
        labelled=labelled,
        curated=curated,
        outliers={kind: _count(dataset.id, SampleFilter(outliers=(kind,))) for kind in OUTLIERS},
    )


def _count(dataset_id: str, wanted: SampleFilter) -> int:
    return db.session.scalar(select(func.count()).select_from(Sample).where(*conditions_of(dataset_id, wanted))) or 0


def _texts(counter: Counter[object]) -> dict[str, int]:
    return {"" if value is None else str(value): count for value, count in counter.items()}
