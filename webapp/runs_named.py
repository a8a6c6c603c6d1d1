"""The training run that a command names."""

from __future__ import annotations

import re

from sqlalchemy import or_, select

from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Dataset
from webapp.db.runs import TrainingRun

_SHOWN = 5
_ID_SHOWN = 8


def named_run(said: str) -> TrainingRun:
    """The one whose id begins so, or of this name; NotFoundError where there is none, InvalidInputError for several."""
    which = TrainingRun.name == said
    if re.fullmatch(r"[0-9a-f]{4,32}", said):
        which = or_(which, TrainingRun.id.startswith(said))
    found = db.session.scalars(select(TrainingRun).where(which).order_by(TrainingRun.created_at.desc())).all()
    if not found:
        raise NotFoundError(f"there is no training run {said!r:.80}; see python -m webapp runs list")
    if len(found) > 1:
        ids = ", ".join(run.id[:_ID_SHOWN] for run in found[:_SHOWN])
        raise InvalidInputError(f"{len(found)} runs are called {said!r:.80}; name one by its id, the newest: {ids}")
    return found[0]


def short_id(run: TrainingRun) -> str:
    """Enough of its id to name it by."""
    return run.id[:_ID_SHOWN]


def owner_of_run(run: TrainingRun) -> User:
    """As whom a command acts: whoever is at this machine's command line may do what the dataset's owner may."""
    return db.session.get_one(User, db.session.get_one(Dataset, run.dataset_id).owner_id)
