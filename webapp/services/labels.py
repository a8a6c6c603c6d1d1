"""Labels: immutable revisions, saved only upon the one that was seen, so that two people never overwrite each other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from webapp.core.errors import MoveprintError
from webapp.core.records import Box
from webapp.datasets.label_bytes import from_bytes, to_bytes
from webapp.datasets.records import Label
from webapp.db.accounts import User
from webapp.db.base import db, utc_now
from webapp.db.datasets import LabelRevision, Sample
from webapp.db.engine import transaction
from webapp.services.dataset_access import dataset_for, raise_change_number, skeleton_of
from webapp.services.label_json import NewLabel, label_from_json
from webapp.services.samples import ShownSample, find_any_sample, find_sample, sample_in, shown_samples

_SAME_PX = 0.01


class LabelConflictError(MoveprintError):
    """Somebody else labelled the sample meanwhile; nothing was stored. theirs: the sample as it is now. HTTP 409."""

    def __init__(self, theirs: ShownSample) -> None:
        who = theirs.labelled_by or "a model or an import"
        super().__init__(f"this sample was labelled by {who} meanwhile; choose one of the two labels")
        self.theirs = theirs


@dataclass(frozen=True)
class PastLabel:
    """One of the labels that a sample had or has. author: None for an account that is gone."""

    revision: int
    state: str
    origin: str
    author: str | None
    made_at: dt.datetime
    box: Box
    label: Label | None


def labels_of(samples: Sequence[Sample]) -> Mapping[str, Label | None]:
    """The labels that count, by sample id."""
    wanted = [and_(LabelRevision.sample_id == one.id, LabelRevision.revision == one.revision) for one in samples]
    query = select(LabelRevision.sample_id, LabelRevision.label).where(or_(*wanted)) if wanted else None
    found = {} if query is None else {key: from_bytes(data)[1] for key, data in db.session.execute(query).all()}
    return {one.id: found.get(one.id) for one in samples}


def save_label(actor: User, dataset_id: str, sample_id: str, body: Mapping[str, object]) -> ShownSample:
    """Store what somebody labelled as the sample's next revision, and end their claim on it.

    The same label of the same person once more changes nothing. LabelConflictError where the sample has another
    revision than the one they saw.
    """
    with transaction() as session:
        dataset = dataset_for(actor, dataset_id, "label", session)
        sample = sample_in(session, dataset, sample_id, to_change=True)
        new = label_from_json(body, sample.picture, len(skeleton_of(dataset).keypoints))
        stored = session.get(LabelRevision, (sample.id, sample.revision)) if sample.revision else None
        data = to_bytes(new.box, new.label)
        if sample.revision != new.revision:
            if stored is None or (stored.author_id, stored.label, stored.state) != (actor.id, data, new.state):
                raise LabelConflictError(shown_samples(session, [sample.id])[0])
        elif not _says_the_same(sample, stored, new):
            revision = LabelRevision(label=data, state=new.state, origin="hand", author_id=actor.id)
            _add_revision(session, sample, stored, new, revision)
            raise_change_number(session, dataset.id)
        sample.claimed_by = sample.claimed_until = None
    return find_sample(actor, dataset_id, sample_id)


def past_labels(actor: User, dataset_id: str, sample_id: str) -> Sequence[PastLabel]:
    """Every label that the sample had, the newest first."""
    sample = find_any_sample(actor, dataset_id, sample_id)
    query = (
        select(LabelRevision, User.username)
        .outerjoin(User, User.id == LabelRevision.author_id)
        .where(LabelRevision.sample_id == sample.id)
        .order_by(LabelRevision.revision.desc())
    )
    found = []
    for row, author in db.session.execute(query):
        box, label = from_bytes(row.label)
        found.append(PastLabel(row.revision, row.state, row.origin, author, row.made_at, box, label))
    return found


def _add_revision(
    session: Session, sample: Sample, before: LabelRevision | None, new: NewLabel, revision: LabelRevision
) -> None:
    # after a restored version the newest revision may be above the one that counts
    highest = session.scalar(select(func.max(LabelRevision.revision)).where(LabelRevision.sample_id == sample.id)) or 0
    now = utc_now()
    revision.sample_id, revision.revision, revision.made_at = sample.id, highest + 1, now
    session.add(revision)
    if before is None or not _same_keypoints(from_bytes(before.label)[1], new.label):
        # they were worked out of the label before
        sample.bone_error = sample.disagreement = sample.pose_group = None
    sample.revision, sample.state = revision.revision, new.state
    sample.x1_px, sample.y1_px, sample.x2_px, sample.y2_px = new.box.x1_px, new.box.y1_px, new.box.x2_px, new.box.y2_px
    sample.labelled_by, sample.labelled_at = revision.author_id, now


def _says_the_same(sample: Sample, stored: LabelRevision | None, new: NewLabel) -> bool:
    box = Box(sample.x1_px, sample.y1_px, sample.x2_px, sample.y2_px)
    label = None if stored is None else from_bytes(stored.label)[1]
    return (sample.state, box) == (new.state, new.box) and _same_keypoints(label, new.label, 0.0)


def _same_keypoints(one: Label | None, other: Label | None, within_px: float = _SAME_PX) -> bool:
    if one is None or other is None:
        return one is other
    same_places = np.allclose(one.keypoints_px, other.keypoints_px, rtol=0, atol=within_px, equal_nan=True)
    return same_places and np.array_equal(one.visibility, other.visibility)
