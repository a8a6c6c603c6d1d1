"""A dataset in numbers: samples by what they are, keypoints by how visible and where they are, bones by length."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, func, select

from webapp.core.skeleton import Skeleton
from webapp.datasets.crops import MARGIN
from webapp.datasets.label_bytes import ManyLabels, many_from_bytes
from webapp.datasets.records import ABSENT, HIDDEN, VISIBLE
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Dataset, LabelRevision, Picture, PicturedPerson, Sample
from webapp.services.dataset_access import dataset_for, skeleton_of
from webapp.services.samples import NONE

SIDE = 32
"""Cells of the positions' maps, across and down the crop."""
BINS = 20
_AT_ONCE = 2000
_RANGE = (5, 50, 95)
"""Percentiles of a bone's length that are told."""
_Counted = tuple[Counter[str], Counter[str], Counter[str], Counter[str]]


@dataclass(frozen=True)
class Bone:
    """How long an edge of the skeleton is, in shares of the box's longer side: most are between low and high."""

    start: str
    end: str
    low: float
    median: float
    high: float


@dataclass(frozen=True)
class LabelNumbers:
    """by_visibility: (K, 3), how often absent, hidden, visible. positions: (K, 32, 32) in the crop, row by row."""

    by_visibility: NDArray[np.int64]
    positions: NDArray[np.int64]
    bones: Sequence[Bone]


@dataclass(frozen=True)
class Statistics:
    """Excluded samples count in by_state alone. people: (name, samples), None for nobody; most samples first.

    confidence: samples by their least sure keypoint, BINS equal parts of 0..1.
    """

    samples: int
    pictures: int
    by_state: Mapping[str, int]
    by_source: Mapping[str, int]
    by_split: Mapping[str, int]
    people: Sequence[tuple[str | None, int]]
    keypoints: Sequence[str]
    confidence: Sequence[int]
    labels: LabelNumbers


@dataclass(frozen=True)
class _Kept:
    """What does not change until the dataset does."""

    pictures: int
    counted: _Counted
    confidence: Sequence[int]
    labels: LabelNumbers


def statistics(actor: User, dataset_id: str) -> Statistics:
    """All but people's names is kept until the dataset changes."""
    dataset = dataset_for(actor, dataset_id, "look")
    kept = _kept(dataset.id, dataset.change_number)
    states, sources, splits, people = kept.counted
    return Statistics(
        samples=sum(states.values()),
        pictures=kept.pictures,
        by_state=states,
        by_source=sources,
        by_split=splits,
        people=_named(people),
        keypoints=skeleton_of(dataset).keypoints,
        confidence=kept.confidence,
        labels=kept.labels,
    )


@lru_cache(maxsize=16)
def _kept(dataset_id: str, _change_number: int) -> _Kept:
    there = Sample.dataset_id == dataset_id, Sample.deleted_at.is_(None)
    return _Kept(
        pictures=db.session.scalar(select(func.count(Sample.picture_id.distinct())).where(*there)) or 0,
        counted=_counted(there),
        confidence=_confidence((*there, Sample.state != "excluded")),
        labels=_label_numbers(dataset_id),
    )


def _counted(conditions: Sequence[Any]) -> _Counted:
    """Samples by state; and by source, split and person's id without excluded ones, "none" where there is none."""
    columns = (Sample.state, Picture.source, Sample.split, Sample.person_id)
    query = select(*columns, func.count()).join(Picture, Picture.id == Sample.picture_id).where(*conditions)
    counters: _Counted = Counter(), Counter(), Counter(), Counter()
    for *values, count in db.session.execute(query.group_by(*columns)):
        told = counters[:1] if values[0] == "excluded" else counters
        for counter, value in zip(told, values, strict=False):
            counter[value or NONE] += count
    return counters


def _named(people: Counter[str]) -> list[tuple[str | None, int]]:
    query = select(PicturedPerson.id, PicturedPerson.name).where(PicturedPerson.id.in_(people))
    names = {row.id: row.name for row in db.session.execute(query)}
    return [(names.get(person_id), count) for person_id, count in people.most_common()]


def _confidence(conditions: Sequence[Any]) -> list[int]:
    sure = np.array(
        db.session.scalars(select(Sample.confidence).where(*conditions, Sample.confidence.is_not(None))).all()
    )
    return [int(count) for count in np.histogram(sure, BINS, (0.0, 1.0))[0]]


def _label_numbers(dataset_id: str) -> LabelNumbers:
    """Of every label that counts. Worked out in parts, between which other requests are served."""
    skeleton = skeleton_of(db.session.get_one(Dataset, dataset_id))
    count = len(skeleton.keypoints)
    by_visibility = np.zeros((count, 3), np.int64)
    positions = np.zeros(count * SIDE * SIDE, np.int64)
    lengths = [np.zeros((0, len(skeleton.edges)), np.float32)]
    query = (
        select(LabelRevision.label)
        .join(Sample, and_(Sample.id == LabelRevision.sample_id, Sample.revision == LabelRevision.revision))
        .where(Sample.dataset_id == dataset_id, Sample.deleted_at.is_(None), Sample.state != "excluded")
    )
    for part in db.session.scalars(query).partitions(_AT_ONCE):
        labels = many_from_bytes(part, count)
        by_visibility += np.stack([(labels.visibility == v).sum(axis=0) for v in (ABSENT, HIDDEN, VISIBLE)], axis=1)
        positions += np.bincount(_cells(labels), minlength=len(positions))
        lengths.append(_bone_lengths(labels, skeleton))
        time.sleep(0)
    bones = _bones(skeleton, np.concatenate(lengths))
    return LabelNumbers(by_visibility, positions.reshape(count, SIDE, SIDE), bones)


def _cells(labels: ManyLabels) -> NDArray[np.int64]:
    """Which cell of which keypoint's map each keypoint that is there lies in; what is beyond the crop is left out."""
    x1, y1, x2, y2 = labels.boxes_px.T
    side_px = MARGIN * np.maximum(x2 - x1, y2 - y1)
    corners = np.stack([(x1 + x2 - side_px) / 2, (y1 + y2 - side_px) / 2], axis=1)
    shares = (labels.keypoints_px - corners[:, None]) / side_px[:, None, None]
    inside = ((shares >= 0) & (shares <= 1)).all(axis=2)  # NaN is not
    cells = np.minimum(np.where(inside[..., None], shares, 0) * SIDE, SIDE - 1).astype(np.int64)
    keypoint = np.arange(shares.shape[1])
    return np.asarray(((keypoint * SIDE + cells[..., 1]) * SIDE + cells[..., 0])[inside])


def _bone_lengths(labels: ManyLabels, skeleton: Skeleton) -> NDArray[np.float32]:
    """(N, E) in shares of the box's longer side; NaN where an end is absent."""
    ends = np.array(skeleton.edge_indices, np.int64).reshape(-1, 2)
    apart = labels.keypoints_px[:, ends[:, 0]] - labels.keypoints_px[:, ends[:, 1]]
    x1, y1, x2, y2 = labels.boxes_px.T
    size_px = np.maximum(x2 - x1, y2 - y1)
    return np.asarray(np.hypot(apart[..., 0], apart[..., 1]) / size_px[:, None], np.float32)


def _bones(skeleton: Skeleton, lengths: NDArray[np.float32]) -> list[Bone]:
    """Without those that are nowhere whole."""
    bones = []
    for (start, end), column in zip(skeleton.edges, lengths.T, strict=True):
        known = column[~np.isnan(column)]
        if len(known):
            low, median, high = (float(value) for value in np.percentile(known, _RANGE))
            bones.append(Bone(start, end, low, median, high))
    return bones
