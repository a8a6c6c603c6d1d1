"""Versions: what a dataset held at one moment, frozen, compared with another, and brought back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, literal, select, update
from sqlalchemy.orm import Session

from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.datasets.label_bytes import from_bytes
from webapp.db.accounts import User
from webapp.db.base import db, new_id, utc_now
from webapp.db.datasets import Dataset, DatasetVersion, LabelRevision, Sample, VersionSample
from webapp.db.engine import transaction
from webapp.services.dataset_access import dataset_for, raise_change_number
from webapp.services.proposals import least_sure
from webapp.services.repeats import forget_gone_originals

NOTE_MAX = 200
_COLUMNS = ("version_id", "sample_id", "revision", "state", "person_id", "split")
_AT_ONCE = 500


@dataclass(frozen=True)
class ShownVersion:
    """made_by: None for an account that is gone."""

    version: DatasetVersion
    made_by: str | None
    samples: int


def freeze(session: Session, dataset_id: str, reason: str, note: str, made_by: int | None) -> DatasetVersion:
    """Within a transaction: the dataset as it is now as a version. Nothing changed since the newest: that one again."""
    dataset = session.get(Dataset, dataset_id, with_for_update=True, populate_existing=True)
    if dataset is None:
        raise NotFoundError(f"there is no dataset {dataset_id!r:.40}")
    of_dataset = select(DatasetVersion).where(DatasetVersion.dataset_id == dataset_id)
    newest = session.scalar(of_dataset.order_by(DatasetVersion.number.desc()).limit(1))
    if newest is not None and newest.change_number == dataset.change_number:
        newest.note = newest.note or note
        return newest
    version = DatasetVersion(id=new_id(), dataset_id=dataset_id, reason=reason, note=note, made_by=made_by)
    version.number = 1 if newest is None else newest.number + 1
    version.change_number, version.made_at = dataset.change_number, utc_now()
    session.add(version)
    session.flush()
    held = select(literal(version.id), Sample.id, Sample.revision, Sample.state, Sample.person_id, Sample.split).where(
        Sample.dataset_id == dataset_id, Sample.deleted_at.is_(None)
    )
    session.execute(insert(VersionSample).from_select(_COLUMNS, held))
    return version


def make_version(actor: User, dataset_id: str, note: str) -> ShownVersion:
    """By hand, for those who may edit."""
    note = " ".join(note.split())
    if len(note) > NOTE_MAX or not note.isprintable():
        raise InvalidInputError(f"a note is a line of at most {NOTE_MAX} characters, got {len(note)}: {note!r:.40}")
    with transaction() as session:
        dataset = dataset_for(actor, dataset_id, "edit", session)
        number = freeze(session, dataset.id, "hand", note, actor.id).number
    return next(shown for shown in list_versions(actor, dataset_id) if shown.version.number == number)


def list_versions(actor: User, dataset_id: str) -> Sequence[ShownVersion]:
    """The newest first."""
    dataset = dataset_for(actor, dataset_id, "look")
    samples = select(func.count()).where(VersionSample.version_id == DatasetVersion.id).scalar_subquery()
    query = (
        select(DatasetVersion, User.username, samples)
        .outerjoin(User, User.id == DatasetVersion.made_by)
        .where(DatasetVersion.dataset_id == dataset.id)
        .order_by(DatasetVersion.number.desc())
    )
    return [ShownVersion(version, made_by, count or 0) for version, made_by, count in db.session.execute(query)]


def version_of(session: Session, dataset: Dataset, number: int) -> DatasetVersion:
    query = select(DatasetVersion).where(DatasetVersion.dataset_id == dataset.id, DatasetVersion.number == number)
    version = session.scalar(query)
    if version is None:
        raise NotFoundError(f"{dataset.name} has no version {number}; see its versions")
    return version


def restore(actor: User, dataset_id: str, number: int) -> DatasetVersion:
    """The dataset as the version holds it, deleted samples among it; what is there now is frozen first and answered.

    A label comes back by its revision counting again; later revisions stay in the sample's history.
    """
    with transaction() as session:
        dataset = dataset_for(actor, dataset_id, "edit", session)
        version = version_of(session, dataset, number)
        # samples before the dataset, as everybody who saves a label locks them: so that neither waits for the other
        every = select(Sample.id).where(Sample.dataset_id == dataset.id).order_by(Sample.id)
        session.scalars(every.with_for_update(of=Sample)).all()
        present = freeze(session, dataset.id, "restore", f"before going back to version {number}", actor.id)
        labels = _labels_to_come_back(session, version.id)
        _take_back(session, dataset.id, version.id)
        for at in range(0, len(labels), _AT_ONCE):
            session.execute(update(Sample), labels[at : at + _AT_ONCE])
        forget_gone_originals(session, dataset.id)
        raise_change_number(session, dataset.id)
    return present


def _take_back(session: Session, dataset_id: str, version_id: str) -> None:
    in_version = select(VersionSample.sample_id).where(VersionSample.version_id == version_id)
    unsynchronised = {"synchronize_session": False}
    gone = Sample.dataset_id == dataset_id, Sample.deleted_at.is_(None), Sample.id.not_in(in_version)
    left = update(Sample).where(*gone).values(deleted_at=utc_now(), claimed_by=None, claimed_until=None)
    session.execute(left, execution_options=unsynchronised)
    columns = ("revision", "state", "person_id", "split")
    held = {name: getattr(VersionSample, name) for name in columns}
    back = update(Sample).where(Sample.id == VersionSample.sample_id, VersionSample.version_id == version_id)
    session.execute(back.values(**held, deleted_at=None), execution_options=unsynchronised)


def _labels_to_come_back(session: Session, version_id: str) -> list[Mapping[str, object]]:
    """Of samples with another label now: what its row says of the label that comes back."""
    query = (
        select(Sample.id, LabelRevision)
        .join(VersionSample, VersionSample.sample_id == Sample.id)
        .outerjoin(
            LabelRevision,
            (LabelRevision.sample_id == Sample.id) & (LabelRevision.revision == VersionSample.revision),
        )
        .where(VersionSample.version_id == version_id, VersionSample.revision != Sample.revision)
    )
    return [{"id": sample_id, **_of_label(revision)} for sample_id, revision in session.execute(query)]


def _of_label(revision: LabelRevision | None) -> Mapping[str, object]:
    unknown = dict.fromkeys(("confidence", "labelled_by", "labelled_at", "bone_error", "disagreement", "pose_group"))
    if revision is None:
        return unknown
    box, label = from_bytes(revision.label)
    by_hand = revision.origin == "hand"
    return {
        **unknown,
        "x1_px": box.x1_px,
        "y1_px": box.y1_px,
        "x2_px": box.x2_px,
        "y2_px": box.y2_px,
        "confidence": None if label is None else least_sure(label),
        "labelled_by": revision.author_id if by_hand else None,
        "labelled_at": revision.made_at,
    }
