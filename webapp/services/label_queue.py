"""What is to be reviewed next: the least sure first, and never the same to two people at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from webapp.core.errors import InvalidInputError
from webapp.db.accounts import User
from webapp.db.base import utc_now
from webapp.db.datasets import Sample
from webapp.db.engine import transaction
from webapp.services.dataset_access import dataset_for
from webapp.services.samples import ShownSample, shown_samples

CLAIM_S = 300.0
"""How long somebody has what they were given for themselves; saving its label ends it."""
MAX_COUNT = 20
ORDERS = ("unsure", "position")
UNREVIEWED = ("proposed", "unlabelled")

_STAGE = case((Sample.state == "proposed", 0), else_=1)
_SURE = func.coalesce(Sample.confidence, 1.0)
_Key = tuple[float, ...]


@dataclass(frozen=True)
class Next:
    """left: everything that is to be reviewed, what others are at included. samples: claimed for who asked."""

    left: int
    samples: Sequence[ShownSample]


def next_to_review(
    actor: User, dataset_id: str, count: int = 5, after: str | None = None, order: str = "unsure"
) -> Next:
    """Proposals, least sure first, then what has no label; with order "position" all in the order of their coming.

    after: id of a sample; what comes after it is given first, then it goes on from the beginning.
    """
    if order not in ORDERS:
        raise InvalidInputError(f"order must be one of {', '.join(ORDERS)}, got {order!r:.40}")
    if not 1 <= count <= MAX_COUNT:
        raise InvalidInputError(f"count must be 1 to {MAX_COUNT}, got {count}")
    now = utc_now()
    with transaction() as session:
        dataset = dataset_for(actor, dataset_id, "label", session)
        unreviewed = Sample.dataset_id == dataset.id, Sample.deleted_at.is_(None), Sample.state.in_(UNREVIEWED)
        left = session.scalar(select(func.count()).select_from(Sample).where(*unreviewed)) or 0
        free = or_(Sample.claimed_until.is_(None), Sample.claimed_until <= now, Sample.claimed_by == actor.id)
        columns: list[Any] = [_STAGE, _SURE, Sample.position] if order == "unsure" else [Sample.position]
        places = [*_from(session, dataset.id, after, columns), *columns]
        query = select(Sample.id).where(*unreviewed, free).order_by(*places)
        ids = session.scalars(query.limit(count).with_for_update(of=Sample, skip_locked=True)).all()
        until = now + dt.timedelta(seconds=CLAIM_S)
        session.execute(update(Sample).where(Sample.id.in_(ids)).values(claimed_by=actor.id, claimed_until=until))
        shown = shown_samples(session, ids)
    return Next(left, shown)


def _from(session: Session, dataset_id: str, after: str | None, columns: Sequence[Any]) -> list[ColumnElement[Any]]:
    """What to order by before the columns, so that what follows that sample comes first."""
    sample = None if after is None else session.get(Sample, after)
    if sample is None or sample.dataset_id != dataset_id:
        return []
    never_proposed = sample.state == "unlabelled" or (sample.state != "proposed" and sample.confidence is None)
    sure = 1.0 if sample.confidence is None else sample.confidence
    key: _Key = (sample.position,) if len(columns) == 1 else (float(never_proposed), sure, sample.position)
    return [case((_beyond(columns, key), 0), else_=1)]


def _beyond(columns: Sequence[Any], key: _Key) -> ColumnElement[bool]:
    """Whether the columns, compared from the first to the last, are larger than the key."""
    return or_(
        *(
            and_(*(columns[before] == key[before] for before in range(place)), columns[place] > key[place])
            for place in range(len(key))
        )
    )
