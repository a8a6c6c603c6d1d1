"""A new run is compared with the model that proposed most of the dataset's labels, unless somebody says otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import update

from tests.conftest import MakeAccount
from tests.dataset_seeding import Seeded, seed_dataset
from tests.services.datasets import account
from webapp.config import Settings
from webapp.db.accounts import User
from webapp.db.base import db, utc_now
from webapp.db.datasets import Dataset, Sample
from webapp.db.engine import transaction
from webapp.services import models
from webapp.services.dataset_jobs import usual_teacher


@pytest.fixture
def owner(context: None, make_account: MakeAccount) -> User:
    return account(make_account("anna"))


@pytest.fixture
def arms(owner: User, settings: Settings) -> Seeded:
    return seed_dataset(owner, settings.instance_dir, 8)


def labelled_by(arms: Seeded, teachers: Sequence[str | None], deleted: int = 0) -> None:
    """One teacher for each sample; so many of the first are deleted."""
    with transaction() as session:
        for at, (sample_id, teacher) in enumerate(zip(arms.sample_ids, teachers, strict=True)):
            values = {"teacher": teacher, "deleted_at": utc_now() if at < deleted else None}
            session.execute(update(Sample).where(Sample.id == sample_id).values(values))


def usual(owner: User, arms: Seeded) -> str | None:
    known = [entry for entry in models.known(owner) if entry.role == "pose"]
    return usual_teacher(db.session.get_one(Dataset, arms.dataset_id), known)


LITE, HEAVY = "blazepose_lite", "blazepose_heavy"


@pytest.mark.parametrize(
    ("teachers", "deleted", "expected"),
    [
        ([HEAVY] * 3 + [LITE] * 5, 0, LITE),
        ([LITE] * 5 + [HEAVY] * 3, 4, HEAVY),
        ([*["gone-v1"] * 7, HEAVY], 0, HEAVY),
        ([None] * 8, 0, None),
    ],
    ids=["most", "deleted", "model gone", "by hand"],
)
def test_the_usual_teacher_is_the_model_that_most_labels_began_with(
    owner: User, arms: Seeded, *, teachers: list[str | None], deleted: int, expected: str | None
) -> None:
    labelled_by(arms, teachers, deleted)

    assert usual(owner, arms) == expected
