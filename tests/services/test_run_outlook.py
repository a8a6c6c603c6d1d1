"""What speaks against a training run is told before it is started."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from tests.conftest import MakeAccount
from tests.dataset_seeding import seed_dataset
from tests.services.datasets import account
from webapp.config import Settings
from webapp.db.accounts import User
from webapp.db.datasets import Dataset, Sample
from webapp.db.engine import transaction
from webapp.services.run_outlook import Outlook, outlook


@pytest.fixture
def anna(context: None, make_account: MakeAccount) -> User:
    return account(make_account("anna"))


def seen(anna: User, settings: Settings, count: int, **options: object) -> Outlook:
    seeded = seed_dataset(anna, settings.instance_dir, count, **options)  # type: ignore[arg-type]
    return outlook(anna, seeded.dataset_id)


def test_a_dataset_with_many_reviewed_samples_of_several_people_has_no_warning(anna: User, settings: Settings) -> None:
    found = seen(anna, settings, 120, states=("reviewed",), people=("Ann", "Ben", "Cleo"), different_pictures=6)

    assert (found.by_state["reviewed"], found.people, found.nobody, found.keypoints) == (120, 3, 0, 6)
    assert found.warnings == []


def test_nobody_reviewed_few_reviewed_and_no_label_are_told_apart(anna: User, settings: Settings) -> None:
    assert "Nobody has reviewed a label" in seen(anna, settings, 6, name="A", states=("proposed",)).warnings[0]
    assert "Only 6 reviewed" in seen(anna, settings, 6, name="B", states=("reviewed",)).warnings[0]
    assert seen(anna, settings, 6, name="C", states=("unlabelled",)).warnings == [
        "No sample has a label: there is nothing to learn from yet."
    ]


def test_one_person_alone_is_told(anna: User, settings: Settings) -> None:
    warnings = seen(anna, settings, 6, states=("reviewed",), people=("Solo",)).warnings

    assert any("Only Solo is in it" in sentence for sentence in warnings)


def test_two_people_leave_nobody_for_a_test(anna: User, settings: Settings) -> None:
    warnings = seen(anna, settings, 6, states=("reviewed",), people=("Ann", "Ben")).warnings

    assert any("nobody is left for a test" in sentence for sentence in warnings)


def test_a_keypoint_that_is_labelled_nowhere_is_told(anna: User, settings: Settings) -> None:
    # of sample 2 in tests.dataset_seeding the third keypoint is absent
    seeded = seed_dataset(anna, settings.instance_dir, 3, states=("reviewed",))
    with transaction() as session:
        gone = {"state": "excluded"}
        session.execute(update(Sample).where(Sample.id.in_(seeded.sample_ids[:2])).values(gone))
        session.execute(update(Dataset).where(Dataset.id == seeded.dataset_id).values(change_number=9))

    warnings = outlook(anna, seeded.dataset_id).warnings

    assert any("left_elbow is labelled nowhere" in sentence for sentence in warnings)
