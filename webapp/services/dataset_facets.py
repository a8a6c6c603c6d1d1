"""What a dataset's samples can be filtered by, and how many each choice has."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import case, func, literal, select
from sqlalchemy.orm import aliased

from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import DatasetVersion, LabelRevision, Picture, Sample
from webapp.db.jobs import Job
from webapp.services.dataset_access import dataset_for
from webapp.services.label_glances import Points, typical_poses
from webapp.services.people import people_for
from webapp.services.samples import SampleFilter, conditions_of

OUTLIERS = ("bones", "model", "duplicate", "unsure")
"""What samples may be worth a look for."""
_COLUMNS = (Sample.state, Sample.person_id, Sample.split, Sample.pose_group, Picture.source, Picture.session)


@dataclass(frozen=True)
class Facets:
    """Samples by what they are, without deleted ones.

    people: (id, name, samples) of everybody who may be named in the dataset, by name; nobody: samples of nobody
    named. splits: "none" stands for those without one. poses: (group, samples, a typical one). labelled: samples with
    a label; curated: those of them that were looked at for outliers, whether or not their bones can be judged.
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


@dataclass(frozen=True)
class _Counts:
    """Samples by the values of each column. labels: of those with a label, and of those that were looked at."""

    columns: Mapping[str, Mapping[Any, int]]
    labels: tuple[int, int]
    outliers: Mapping[str, int]
    poses: Mapping[int, Points]


def facets(actor: User, dataset_id: str) -> Facets:
    """What is counted is kept until the dataset changes."""
    dataset = dataset_for(actor, dataset_id, "look")
    counts = _counts(dataset.id, dataset.change_number, _last_curated(dataset.id))
    people, groups = counts.columns["person_id"], counts.columns["pose_group"]
    return Facets(
        total=sum(counts.columns["state"].values()),
        states=counts.columns["state"],
        people=[(person.id, person.name, people.get(person.id, 0)) for person in people_for(actor, dataset.id)],
        nobody=people.get(None, 0),
        sources=sorted(counts.columns["source"].items()),
        sessions=sorted(counts.columns["session"].items()),
        splits={split or "none": count for split, count in counts.columns["split"].items()},
        poses=[(group, groups[group], counts.poses.get(group)) for group in sorted(groups.keys() - {None})],
        labelled=counts.labels[0],
        curated=counts.labels[1],
        outliers=counts.outliers,
    )


@lru_cache(maxsize=16)
def _counts(dataset_id: str, _change_number: int, curated_at: datetime | None) -> _Counts:
    """One query after the other, between which other requests are served."""
    columns = {}
    for column in _COLUMNS:
        columns[column.key] = _by(column, dataset_id)
        time.sleep(0)
    outliers = {kind: _count(dataset_id, SampleFilter(outliers=(kind,))) for kind in OUTLIERS}
    time.sleep(0)
    return _Counts(columns, _labels(dataset_id, curated_at), outliers, typical_poses(dataset_id))


def _by(column: Any, dataset_id: str) -> dict[Any, int]:
    query = select(column, func.count()).select_from(Sample)
    if column.class_ is Picture:
        query = query.join(Picture, Picture.id == Sample.picture_id)
    there = Sample.dataset_id == dataset_id, Sample.deleted_at.is_(None)
    return dict(db.session.execute(query.where(*there).group_by(column)).all())


def _last_curated(dataset_id: str) -> datetime | None:
    """When the last search for outliers that was done began; None where older labels have come back since."""
    done = Job.dataset_id == dataset_id, Job.kind == "curate", Job.state == "succeeded"
    went_back = DatasetVersion.dataset_id == dataset_id, DatasetVersion.reason == "restore"
    curated_at = db.session.scalar(select(func.max(Job.started_at)).where(*done))
    back_at = db.session.scalar(select(func.max(DatasetVersion.made_at)).where(*went_back))
    return None if curated_at is None or (back_at is not None and back_at >= curated_at) else curated_at


def _labels(dataset_id: str, curated_at: datetime | None) -> tuple[int, int]:
    """How many samples have a label, and how many of those labels have been looked at.

    Figures are cleared with the label that they are of. A label without any may have too few keypoints to be judged,
    or be excluded: it was looked at when it, or the same one before somebody accepted it, is older than the search.
    """
    looked_at = Sample.bone_error.is_not(None) | Sample.pose_group.is_not(None)
    if curated_at is not None:
        earlier, present = aliased(LabelRevision), aliased(LabelRevision)
        older = (
            select(literal(1))
            .where(earlier.sample_id == Sample.id, earlier.made_at <= curated_at, earlier.label == present.label)
            .where(present.sample_id == Sample.id, present.revision == Sample.revision)
        )
        looked_at |= older.correlate(Sample).exists()
    query = select(func.count(), func.count(case((looked_at, 1)))).where(
        Sample.dataset_id == dataset_id, Sample.deleted_at.is_(None), Sample.revision > 0
    )
    labelled, curated = db.session.execute(query).one()
    return labelled, curated


def _count(dataset_id: str, wanted: SampleFilter) -> int:
    return db.session.scalar(select(func.count()).select_from(Sample).where(*conditions_of(dataset_id, wanted))) or 0
