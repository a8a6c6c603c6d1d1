"""Where samples are in a dataset: by number, side by side, and the labelled one before of the same session."""

from __future__ import annotations

from typing import Literal, get_args

from sqlalchemy import Select, or_, select

from webapp.core.errors import NotFoundError
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Picture, Sample
from webapp.services.dataset_access import dataset_for

Step = Literal["following", "preceding", "labelled"]
STEPS: tuple[Step, ...] = get_args(Step)
"""The next by position; the one before; the nearest before it that has a label, of the same session and person."""


def sample_at(actor: User, dataset_id: str, position: int) -> str | None:
    """The id of the sample at this position; where it is gone the next one, else the last. None: there are none."""
    dataset = dataset_for(actor, dataset_id, "look")
    there = _there(dataset.id)
    found = db.session.scalar(there.where(Sample.position >= position).order_by(Sample.position).limit(1))
    return found or db.session.scalar(there.order_by(Sample.position.desc()).limit(1))


def sample_beside(actor: User, dataset_id: str, sample_id: str, step: str) -> str | None:
    """The id of the sample that lies one step from this one; None where there is none. NotFoundError without it."""
    dataset = dataset_for(actor, dataset_id, "look")
    sample = db.session.get(Sample, sample_id)
    if sample is None or sample.dataset_id != dataset.id:
        raise NotFoundError(f"there is no sample {sample_id!r:.40} in {dataset.name}")
    if step == "following":
        later = _there(dataset.id).where(Sample.position > sample.position)
        return db.session.scalar(later.order_by(Sample.position).limit(1))
    earlier = _there(dataset.id).where(Sample.position < sample.position)
    if step == "labelled":
        earlier = earlier.where(
            Picture.session == sample.picture.session,
            Picture.id != sample.picture_id,
            Sample.revision > 0,
            Sample.state.in_(("proposed", "reviewed")),
            or_(Sample.person_id == sample.person_id, Sample.person_id.is_(None) | (sample.person_id is None)),
        )
    return db.session.scalar(earlier.order_by(Sample.position.desc()).limit(1))


def _there(dataset_id: str) -> Select[str]:
    return select(Sample.id).join(Picture).where(Sample.dataset_id == dataset_id, Sample.deleted_at.is_(None))
