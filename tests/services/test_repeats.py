"""Samples that repeat another do so only as long as that is there."""

from __future__ import annotations

import pytest

from tests.conftest import PASSWORD
from tests.dataset_seeding import Seeded, seed_dataset
from webapp.config import Settings
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Sample
from webapp.db.engine import transaction
from webapp.services import accounts, erasing
from webapp.services.dataset_access import raise_change_number
from webapp.services.dataset_versions import make_version, restore
from webapp.services.sample_edits import edit_samples

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def anna() -> User:
    return accounts.create_account("anna", PASSWORD, role="user")


@pytest.fixture
def arms(anna: User, settings: Settings) -> Seeded:
    """Anna is at position 0, where 3 repeats her."""
    seeded = seed_dataset(anna, settings.instance_dir, 6, name="Arms")
    with transaction() as session:
        for position, original in ((3, 0), (4, 2)):
            session.get_one(Sample, seeded.sample_ids[position]).duplicate_of = original
    return seeded


def originals(arms: Seeded) -> list[int | None]:
    db.session.expire_all()
    there = db.session.query(Sample).filter_by(dataset_id=arms.dataset_id, deleted_at=None).order_by(Sample.position)
    return [sample.duplicate_of for sample in there]


@pytest.mark.parametrize("is_held", [False, True])
def test_the_last_of_two_repeats_nothing_once_the_other_is_deleted(anna: User, arms: Seeded, is_held: bool) -> None:
    if is_held:
        make_version(anna, arms.dataset_id, "")

    edit_samples(anna, arms.dataset_id, arms.sample_ids[:1], "delete")

    assert originals(arms) == [None, None, None, 2, None]


def test_the_pictures_of_a_deleted_person_are_repeated_by_none(anna: User, arms: Seeded) -> None:
    erasing.delete_person(anna, arms.people["Anna"])

    assert len(originals(arms)) < 6
    assert 0 not in originals(arms)


def test_nothing_repeats_what_going_back_to_a_version_takes_out(anna: User, arms: Seeded) -> None:
    make_version(anna, arms.dataset_id, "with everybody")
    edit_samples(anna, arms.dataset_id, arms.sample_ids[:1], "delete")
    number = make_version(anna, arms.dataset_id, "without the first").version.number
    with transaction() as session:
        session.get_one(Sample, arms.sample_ids[0]).deleted_at = None
        session.get_one(Sample, arms.sample_ids[3]).duplicate_of = 0
        raise_change_number(session, arms.dataset_id)

    restore(anna, arms.dataset_id, number)

    assert originals(arms) == [None, None, None, 2, None]
