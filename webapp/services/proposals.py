"""Labels that a teacher proposes: stored unless somebody was quicker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.orm import Session

from webapp.core.records import Box
from webapp.datasets.label_bytes import to_bytes
from webapp.datasets.records import ABSENT, Label
from webapp.db.base import utc_now
from webapp.db.datasets import LabelRevision, Sample
from webapp.services.dataset_access import raise_change_number

PROPOSABLE = ("unlabelled", "proposed")
"""States of samples that a teacher may label; what a person has seen is never touched."""


@dataclass(frozen=True)
class Proposal:
    """A label for a sample as it was when the teacher looked: that revision, in that box."""

    sample_id: str
    revision: int
    box: Box
    label: Label


def store_proposals(
    session: Session, dataset_id: str, teacher: str, proposals: Sequence[Proposal], author_id: int | None
) -> int:
    """Within a transaction: each becomes its sample's label, "proposed"; answers how many.

    A sample that was labelled, reviewed, excluded or deleted since the teacher looked, or that somebody is labelling
    just now, is left as it is.
    """
    if not proposals:
        return 0
    highest = _highest_revisions(session, [proposal.sample_id for proposal in proposals])
    now, labels = utc_now(), []
    for proposal in proposals:
        revision = highest.get(proposal.sample_id, 0) + 1
        unchanged = (
            Sample.id == proposal.sample_id,
            Sample.revision == proposal.revision,
            Sample.state.in_(PROPOSABLE),
            Sample.deleted_at.is_(None),
            # somebody has it open at this moment
            or_(Sample.claimed_until.is_(None), Sample.claimed_until < now),
        )
        values = {
            "revision": revision,
            "state": "proposed",
            "teacher": teacher,
            "confidence": least_sure(proposal.label),
            "labelled_by": None,
            "labelled_at": now,
            # they were worked out of the label before
            **dict.fromkeys(("bone_error", "disagreement", "pose_group")),
        }
        if session.scalar(update(Sample).where(*unchanged).values(values).returning(Sample.id)) is None:
            continue
        labels.append(
            {
                "sample_id": proposal.sample_id,
                "revision": revision,
                "label": to_bytes(proposal.box, proposal.label),
                "state": "proposed",
                "origin": "teacher",
                "author_id": author_id,
                "made_at": now,
            }
        )
    if labels:
        session.execute(insert(LabelRevision), labels)
        raise_change_number(session, dataset_id)
    return len(labels)


def least_sure(label: Label) -> float | None:
    """How sure the teacher was of the keypoint that it was least sure of, of those that it saw."""
    if label.confidence is None:
        return None
    seen = label.confidence[label.visibility != ABSENT]
    return float(seen.min()) if len(seen) else 0.0


def _highest_revisions(session: Session, sample_ids: Sequence[str]) -> dict[str, int]:
    query = select(LabelRevision.sample_id, func.max(LabelRevision.revision).label("highest"))
    rows = session.execute(query.where(LabelRevision.sample_id.in_(sample_ids)).group_by(LabelRevision.sample_id))
    return {row.sample_id: row.highest for row in rows}
