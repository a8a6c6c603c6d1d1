"""Samples that repeat an earlier one, once that is gone: the last of them must not be taken for one too many."""

from __future__ import annotations

from sqlalchemy import exists, update
from sqlalchemy.orm import Session, aliased

from webapp.db.datasets import Sample


def forget_gone_originals(session: Session, dataset_id: str) -> None:
    """In the transaction that deletes samples. Which of the rest repeat each other is for the next search."""
    original = aliased(Sample)
    there = exists().where(
        original.dataset_id == dataset_id, original.deleted_at.is_(None), original.position == Sample.duplicate_of
    )
    of_gone = Sample.dataset_id == dataset_id, Sample.duplicate_of.is_not(None), ~there
    change = update(Sample).where(*of_gone).values(duplicate_of=None)
    session.execute(change, execution_options={"synchronize_session": False})
