"""Finding samples: every filter and order of the grid, one page at a time, and one sample by its id."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, or_, select
from sqlalchemy.orm import Session

from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.datasets.records import SPLITS
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import PICTURE_SOURCES, SAMPLE_STATES, Dataset, Picture, PicturedPerson, Sample
from webapp.services.dataset_access import dataset_for

NONE = "none"
"""In a filter: without a person, without a split."""
MAX_PAGE = 200
BONES_OFF = 3.5
"""Robust standard deviations; of a normal spread one in two thousand lies beyond."""
MODEL_OFF = 0.1
"""Longer sides of the box that a label's keypoints lie from where the model sees them, on the mean."""
UNSURE = 0.5
"""A proposal whose least sure keypoint is below this."""

_OUTLIERS: Mapping[str, ColumnElement[bool]] = {
    "bones": Sample.bone_error > BONES_OFF,
    "model": Sample.disagreement > MODEL_OFF,
    "duplicate": Sample.duplicate_of.is_not(None),
    "unsure": and_(Sample.confidence < UNSURE, Sample.state == "proposed"),
}
_ORDERS: Mapping[str, Sequence[ColumnElement[Any]]] = {
    "position": (Sample.position.asc(),),
    "confidence": (Sample.confidence.asc().nulls_last(), Sample.position.asc()),
    "bone_error": (Sample.bone_error.desc().nulls_last(), Sample.position.asc()),
    "disagreement": (Sample.disagreement.desc().nulls_last(), Sample.position.asc()),
    "newest": (Sample.position.desc(),),
}
ORDERS = tuple(_ORDERS)
"""By coming; least sure first; worst bones first; farthest from the model first; the last that came first."""


@dataclass(frozen=True)
class SampleFilter:
    """What samples are wanted: of each key any of the values, all where it has none. text: within the file's name."""

    states: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    pose_groups: tuple[int, ...] = ()
    splits: tuple[str, ...] = ()
    outliers: tuple[str, ...] = ()
    text: str = ""

    def __post_init__(self) -> None:
        for key, values, known in (
            ("state", self.states, SAMPLE_STATES),
            ("source", self.sources, PICTURE_SOURCES),
            ("split", self.splits, (*SPLITS, NONE)),
            ("outlier", self.outliers, tuple(_OUTLIERS)),
        ):
            unknown = next((value for value in values if value not in known), None)
            if unknown is not None:
                raise InvalidInputError(f"{key} must be one of {', '.join(known)}, got {unknown!r:.40}")


@dataclass(frozen=True)
class ShownSample:
    """A sample with its picture, and the names of who is in it and who labelled it."""

    sample: Sample
    person: str | None
    labelled_by: str | None


@dataclass(frozen=True)
class SamplePage:
    """total: of the filter. change_number: of the dataset, when this was looked up."""

    total: int
    offset: int
    change_number: int
    samples: Sequence[ShownSample]


def list_samples(
    actor: User, dataset_id: str, wanted: SampleFilter, order: str = "position", *, offset: int = 0, limit: int = 100
) -> SamplePage:
    """At most MAX_PAGE samples. InvalidInputError for an unknown order or numbers beyond sense."""
    if order not in _ORDERS:
        raise InvalidInputError(f"order must be one of {', '.join(ORDERS)}, got {order!r:.40}")
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInputError(f"limit must be 1 to {MAX_PAGE}, got {limit}")
    dataset = dataset_for(actor, dataset_id, "look")
    found = _positions(dataset.id, dataset.change_number, wanted, order)
    page = found[offset : offset + limit]
    shown = _shown(
        db.session(), Sample.dataset_id == dataset.id, Sample.position.in_(page), Sample.deleted_at.is_(None)
    )
    at = {position: place for place, position in enumerate(page)}
    samples = sorted(shown, key=lambda one: at[one.sample.position])
    return SamplePage(len(found), offset, dataset.change_number, samples)


@lru_cache(maxsize=64)
def _positions(dataset_id: str, _change_number: int, wanted: SampleFilter, order: str) -> array[int]:
    """Of all that is wanted; kept until the dataset changes, so that going through the pages finds them once."""
    query = select(Sample.position).where(*conditions_of(dataset_id, wanted)).order_by(*_ORDERS[order])
    return array("l", db.session.scalars(query))


def find_sample(actor: User, dataset_id: str, sample_id: str) -> ShownSample:
    dataset = dataset_for(actor, dataset_id, "look")
    sample = sample_in(db.session(), dataset, sample_id)
    return shown_samples(db.session(), [sample.id])[0]


def find_picture(actor: User, dataset_id: str, picture_id: str) -> Picture:
    dataset = dataset_for(actor, dataset_id, "look")
    picture = db.session.get(Picture, picture_id)
    if picture is None or picture.dataset_id != dataset.id:
        raise NotFoundError(f"there is no picture {picture_id!r:.40} in {dataset.name}")
    return picture


def find_any_sample(actor: User, dataset_id: str, sample_id: str) -> Sample:
    """The sample, also a deleted one that a version still holds: for its thumbnail beside others of that version."""
    dataset = dataset_for(actor, dataset_id, "look")
    sample = db.session.get(Sample, sample_id)
    if sample is None or sample.dataset_id != dataset.id:
        raise NotFoundError(f"there is no sample {sample_id!r:.40} in {dataset.name}")
    return sample


def sample_in(session: Session, dataset: Dataset, sample_id: str, *, to_change: bool = False) -> Sample:
    """The dataset's sample, locked where it is to be changed; NotFoundError where it is deleted or of another."""
    sample = session.get(Sample, sample_id, with_for_update={"of": Sample} if to_change else None)
    if sample is None or sample.dataset_id != dataset.id or sample.deleted_at is not None:
        raise NotFoundError(f"there is no sample {sample_id!r:.40} in {dataset.name}; it may have been deleted")
    return sample


def shown_samples(session: Session, sample_ids: Sequence[str]) -> Sequence[ShownSample]:
    """These, in this order."""
    found = {shown.sample.id: shown for shown in _shown(session, Sample.id.in_(sample_ids))}
    return [found[sample_id] for sample_id in sample_ids if sample_id in found]


def _shown(session: Session, *conditions: ColumnElement[bool]) -> list[ShownSample]:
    query = (
        select(Sample, PicturedPerson.name, User.username)
        .outerjoin(PicturedPerson, PicturedPerson.id == Sample.person_id)
        .outerjoin(User, User.id == Sample.labelled_by)
        .where(*conditions)
    )
    return [ShownSample(sample, person, by) for sample, person, by in session.execute(query)]


def conditions_of(dataset_id: str, wanted: SampleFilter) -> list[ColumnElement[bool]]:
    """What a sample must fulfil, deleted ones never do."""
    conditions: list[ColumnElement[bool]] = [Sample.dataset_id == dataset_id, Sample.deleted_at.is_(None)]
    if wanted.states:
        conditions.append(Sample.state.in_(wanted.states))
    if wanted.people:
        conditions.append(_one_of(Sample.person_id, wanted.people))
    if wanted.splits:
        conditions.append(_one_of(Sample.split, wanted.splits))
    if wanted.pose_groups:
        conditions.append(Sample.pose_group.in_(wanted.pose_groups))
    if wanted.outliers:
        conditions.append(or_(false(), *(_OUTLIERS[outlier] for outlier in wanted.outliers)))
    if wanted.sources or wanted.sessions or wanted.text:
        conditions.append(Sample.picture_id.in_(_pictures(dataset_id, wanted)))
    return conditions


def _one_of(column: Any, values: Sequence[str]) -> ColumnElement[bool]:
    named = column.in_([value for value in values if value != NONE])
    return or_(named, column.is_(None)) if NONE in values else named


def _pictures(dataset_id: str, wanted: SampleFilter) -> Select[Any]:
    query = select(Picture.id).where(Picture.dataset_id == dataset_id)
    if wanted.sources:
        query = query.where(Picture.source.in_(wanted.sources))
    if wanted.sessions:
        query = query.where(Picture.session.in_(wanted.sessions))
    if wanted.text:
        query = query.where(Picture.file_name.icontains(wanted.text, autoescape=True))
    return query
