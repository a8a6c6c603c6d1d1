"""Changing many samples at once: excluding, accepting, naming the person, choosing the split, deleting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, case, delete, exists, func, insert, literal, select, update
from sqlalchemy.orm import Session, aliased

from webapp.core.errors import InvalidInputError
from webapp.datasets.label_bytes import BOX_ALONE_BYTES
from webapp.datasets.records import SPLITS
from webapp.db.accounts import User
from webapp.db.base import utc_now
from webapp.db.datasets import Dataset, LabelRevision, Picture, PicturedPerson, Sample, VersionSample
from webapp.db.engine import transaction
from webapp.services.dataset_access import Need, dataset_for, raise_change_number
from webapp.services.picture_files import delete_unused
from webapp.services.repeats import forget_gone_originals
from webapp.services.samples import NONE, SampleFilter, conditions_of

MAX_IDS = 1000
_AT_ONCE = 500
_NEEDS: Mapping[str, Need] = {
    "accept": "label",
    "exclude": "label",
    "include": "label",
    "person": "edit",
    "split": "edit",
    "delete": "edit",
}
ACTIONS = tuple(_NEEDS)
Part = Sequence[str]
"""Ids of some of the samples."""


def edit_samples(
    actor: User, dataset_id: str, which: Sequence[str] | SampleFilter, action: str, value: str | None = None
) -> int:
    """Do it to the samples of these ids, or of this filter; how many were changed. Unknown ids are passed by.

    accept: proposals count as reviewed from now on. include: what was excluded is again what it was before. person:
    an id of one of the owner's people, None for nobody. split: train, validation, test or None. delete: those that a
    version holds can come back with it, the others go with their labels, and pictures that show nobody else.
    """
    if action not in _NEEDS:
        raise InvalidInputError(f"action must be one of {', '.join(ACTIONS)}, got {action!r:.40}")
    if not isinstance(which, SampleFilter) and len(which) > MAX_IDS:
        raise InvalidInputError(f"sample_ids must be at most {MAX_IDS}, got {len(which)}; send them in parts")
    value = None if value == NONE else value
    gone: set[str] = set()
    with transaction() as session:
        dataset = dataset_for(actor, dataset_id, _NEEDS[action], session)
        if action == "person":
            _require_person(session, dataset, value)
        change = _change(session, actor, action, value, gone)
        ids = session.scalars(_chosen(dataset.id, which)).all()
        changed = sum(change(ids[at : at + _AT_ONCE]) for at in range(0, len(ids), _AT_ONCE))
        if changed:
            raise_change_number(session, dataset.id)
        if changed and action == "delete":
            forget_gone_originals(session, dataset.id)
    if gone:
        delete_unused(gone)
    return changed


def _chosen(dataset_id: str, which: Sequence[str] | SampleFilter) -> Any:
    query = select(Sample.id).order_by(Sample.id).with_for_update(of=Sample)
    if isinstance(which, SampleFilter):
        return query.where(*conditions_of(dataset_id, which))
    return query.where(*conditions_of(dataset_id, SampleFilter()), Sample.id.in_(which))


def _change(session: Session, actor: User, action: str, value: str | None, gone: set[str]) -> Callable[[Part], int]:
    """What does it to some of them."""
    if action == "accept":
        return lambda part: _accept(session, actor, part)
    if action == "exclude":
        return lambda part: _update(session, part, Sample.state != "excluded", state="excluded")
    if action == "include":
        return lambda part: _update(session, part, Sample.state == "excluded", state=_state_before())
    if action == "delete":
        return lambda part: _delete(session, part, gone)
    if action == "person":
        return lambda part: _update(session, part, Sample.person_id.is_distinct_from(value), person_id=value)
    if value is not None and value not in SPLITS:
        raise InvalidInputError(f"split must be one of {', '.join(SPLITS)} or null, got {value!r:.40}")
    return lambda part: _update(session, part, Sample.split.is_distinct_from(value), split=value)


def _update(session: Session, part: Part, condition: ColumnElement[bool], **values: Any) -> int:
    change = update(Sample).where(Sample.id.in_(part), condition).values(**values)
    return len(session.scalars(change.returning(Sample.id), execution_options={"synchronize_session": False}).all())


def _state_before() -> ColumnElement[str]:
    """Of an excluded sample: what its newest label that was not excluded is; else by whether it has keypoints."""
    earlier = aliased(LabelRevision)
    of_sample = earlier.sample_id == Sample.id, earlier.revision <= Sample.revision
    newest = select(earlier.state).where(*of_sample, earlier.state != "excluded").order_by(earlier.revision.desc())
    has_keypoints = exists().where(
        LabelRevision.sample_id == Sample.id,
        LabelRevision.revision == Sample.revision,
        func.length(LabelRevision.label) > BOX_ALONE_BYTES,
    )
    by_keypoints = case((has_keypoints, "proposed"), else_="unlabelled")
    return func.coalesce(newest.limit(1).correlate(Sample).scalar_subquery(), by_keypoints)


def _accept(session: Session, actor: User, part: Part) -> int:
    """The same label once more, as reviewed, so that its history says who accepted it."""
    now, every = utc_now(), aliased(LabelRevision)
    highest = select(func.max(every.revision)).where(every.sample_id == Sample.id).correlate(Sample).scalar_subquery()
    proposed = Sample.id.in_(part), Sample.state == "proposed", Sample.revision > 0
    columns = ("sample_id", "revision", "label", "state", "origin", "author_id", "made_at")
    rows = (
        select(
            Sample.id,
            highest + 1,
            LabelRevision.label,
            literal("reviewed"),
            literal("hand"),
            literal(actor.id),
            literal(now, LabelRevision.made_at.type),
        )
        .join(LabelRevision, (LabelRevision.sample_id == Sample.id) & (LabelRevision.revision == Sample.revision))
        .where(*proposed)
    )
    session.execute(insert(LabelRevision).from_select(columns, rows))
    values = {"revision": highest, "state": "reviewed", "labelled_by": actor.id, "labelled_at": now}
    free = {"claimed_by": None, "claimed_until": None}
    change = update(Sample).where(*proposed).values(**values, **free).returning(Sample.id)
    return len(session.scalars(change, execution_options={"synchronize_session": False}).all())


def _delete(session: Session, part: Part, gone: set[str]) -> int:
    """The hashes of pictures that show nobody any more are added to gone."""
    held = exists().where(VersionSample.sample_id == Sample.id)
    kept = _update(session, part, held, deleted_at=utc_now(), claimed_by=None, claimed_until=None)
    unheld = Sample.id.in_(part), Sample.deleted_at.is_(None)
    picture_ids = set(session.scalars(select(Sample.picture_id).where(*unheld)))
    unsynchronised = {"synchronize_session": False}
    deleted = session.scalars(delete(Sample).where(*unheld).returning(Sample.id), execution_options=unsynchronised)
    count = len(deleted.all())
    empty = Picture.id.in_(picture_ids), ~exists().where(Sample.picture_id == Picture.id)
    shas = session.scalars(delete(Picture).where(*empty).returning(Picture.sha256), execution_options=unsynchronised)
    gone.update(shas)
    return kept + count


def _require_person(session: Session, dataset: Dataset, person_id: str | None) -> None:
    person = None if person_id is None else session.get(PicturedPerson, person_id)
    if person_id is not None and (person is None or person.owner_id != dataset.owner_id):
        raise InvalidInputError(f"there is no person {person_id!r:.40} among those of this dataset's owner")
