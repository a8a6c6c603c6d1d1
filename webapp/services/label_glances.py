"""Labels as small drawings: where the keypoints are within the square that a thumbnail shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, and_, func, select

from webapp.core.errors import InvalidInputError
from webapp.datasets.crops import crop_square, to_crop
from webapp.datasets.label_bytes import from_bytes
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import LabelRevision, Sample
from webapp.services.dataset_access import dataset_for

MAX_GLANCES = 400
"""Asked for at once: a page of samples with what each of them repeats."""
LOOKED_AT = 40
"""Labels of each pose group that are looked at for the one in its middle."""

Points = list[tuple[float, float] | None]
"""Per keypoint x and y as shares of the square, to a thousandth; None where it is absent."""


@dataclass(frozen=True)
class Glance:
    """A sample as it is drawn small. points: None where it has no label."""

    sample_id: str
    position: int
    revision: int
    points: Points | None


def glances(actor: User, dataset_id: str, positions: Sequence[int]) -> list[Glance]:
    """Those of the samples at these positions that are there."""
    if len(positions) > MAX_GLANCES:
        raise InvalidInputError(f"positions must be at most {MAX_GLANCES} numbers, got {len(positions)}")
    dataset = dataset_for(actor, dataset_id, "look")
    query = select(Sample.id, Sample.position, Sample.revision, LabelRevision.label).outerjoin(
        LabelRevision, _counting_label()
    )
    wanted = (Sample.dataset_id == dataset.id, Sample.position.in_(positions), Sample.deleted_at.is_(None))
    return [
        Glance(sample_id, position, revision, None if label is None else points_of(label))
        for sample_id, position, revision, label in db.session.execute(query.where(*wanted))
    ]


def typical_poses(dataset_id: str) -> dict[int, Points]:
    """For each pose group the label nearest to the mean of its first ones."""
    place = func.row_number().over(partition_by=Sample.pose_group, order_by=Sample.position)
    there = (Sample.dataset_id == dataset_id, Sample.pose_group.is_not(None), Sample.deleted_at.is_(None))
    first = select(Sample.id, place.label("place")).where(*there).subquery()
    query = (
        select(Sample.pose_group, LabelRevision.label)
        .join(first, first.c.id == Sample.id)
        .join(LabelRevision, _counting_label())
        .where(first.c.place <= LOOKED_AT)
        .order_by(Sample.pose_group, Sample.position)
    )
    found: dict[int, list[Points]] = {}
    for group, label in db.session.execute(query):
        points = points_of(label)
        if group is not None and points is not None:
            found.setdefault(group, []).append(points)
    return {group: _middle_one(labels) for group, labels in found.items()}


def points_of(label: bytes) -> Points | None:
    """The keypoints of a stored label within its own square; None where it has none."""
    box, stored = from_bytes(label)
    if stored is None:
        return None
    units = to_crop(stored.keypoints_px, crop_square(box))
    return [None if np.isnan(x) else (round(float(x), 3), round(float(y), 3)) for x, y in units]


def _counting_label() -> ColumnElement[bool]:
    return and_(LabelRevision.sample_id == Sample.id, LabelRevision.revision == Sample.revision)


def _middle_one(labels: Sequence[Points]) -> Points:
    stacked = np.array([[point or (np.nan, np.nan) for point in points] for points in labels])
    seen = ~np.isnan(stacked)
    mean = np.where(seen, stacked, 0).sum(axis=0) / np.maximum(1, seen.sum(axis=0))
    # an absent keypoint counts as far off, so that the one chosen is as whole as can be
    errors = np.where(seen, np.abs(stacked - mean), 0.5).sum(axis=(1, 2))
    return labels[int(errors.argmin())]
