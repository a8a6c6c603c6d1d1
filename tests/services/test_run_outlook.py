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
from webapp.jobs.train_data import MIN_SAMPLES
from webapp.services.run_outlook import FEWEST, Outlook, outlook
from webapp.training.config import RunSettings

SETTINGS = RunSettings()


@pytest.fixture
def anna(context: None, make_account: MakeAccount) -> User:
    return account(make_account("anna"))


def seen(anna: User, settings: Settings, count: int, **options: object) -> Outlook:
    seeded = seed_dataset(anna, settings.instance_dir, count, **options)  # type: ignore[arg-type]
    return outlook(anna, seeded.dataset_id, SETTINGS)


def test_a_dataset_with_many_reviewed_samples_of_several_people_has_no_warning(anna: User, settings: Settings) -> None:
    found = seen(anna, settings, 120, states=("reviewed",), people=tuple("ABCDE"), different_pictures=6)

    assert (found.by_state["reviewed"], found.people, found.nobody, found.keypoints) == (120, 5, 0, 6)
    assert (found.warnings, found.problem) == ([], None)
    assert found.split == "5 people: about 3 for training, 1 for validation, 1 for the test."


def test_three_people_leave_one_to_learn_from(anna: User, settings: Settings) -> None:
    found = seen(anna, settings, 120, states=("reviewed",), people=("Ann", "Ben", "Cleo"), different_pictures=6)

    assert found.split == "3 people: about 1 for training, 1 for validation, 1 for the test."
    assert found.warnings == ["Only 1 person to learn from: a model needs more to do well with somebody new."]


def test_what_is_told_follows_the_chosen_states(anna: User, settings: Settings) -> None:
    seeded = seed_dataset(anna, settings.instance_dir, 12, states=("proposed",), people=("Ann", "Ben", "Cleo"))

    assert "Nobody has reviewed" in (outlook(anna, seeded.dataset_id, SETTINGS).problem or "")
    found = outlook(anna, seeded.dataset_id, RunSettings(states=("reviewed", "proposed")))
    assert found.problem is None
    assert "Only 12 reviewed or proposed" in found.warnings[0]


def test_a_run_needs_as_many_samples_as_the_job_says() -> None:
    assert FEWEST == MIN_SAMPLES


def test_nobody_reviewed_few_reviewed_and_no_label_are_told_apart(anna: User, settings: Settings) -> None:
    assert "Nobody has reviewed a label" in seen(anna, settings, 6, name="A", states=("proposed",)).warnings[0]
    assert "Only 6 reviewed" in seen(anna, settings, 6, name="B", states=("reviewed",)).warnings[0]
    assert seen(anna, settings, 6, name="C", states=("unlabelled",)).warnings == [
        "No sample has a label: there is nothing to learn from yet."
    ]


def test_one_person_alone_is_told(anna: User, settings: Settings) -> None:
    warnings = seen(anna, settings, 12, states=("reviewed",), people=("Solo",)).warnings

    assert any("Only Solo is in it" in sentence for sentence in warnings)


def test_two_people_leave_nobody_for_a_test(anna: User, settings: Settings) -> None:
    warnings = seen(anna, settings, 12, states=("reviewed",), people=("Ann", "Ben")).warnings

    assert any("nobody is left for a test" in sentence for sentence in warnings)


def test_a_keypoint_that_is_labelled_nowhere_is_told(anna: User, settings: Settings) -> None:
    # of sample 2 in tests.dataset_seeding the third keypoint is absent
    seeded = seed_dataset(anna, settings.instance_dir, 3, states=("reviewed",))
    with transaction() as session:
        gone = {"state": "excluded"}
        session.execute(update(Sample).where(Sample.id.in_(seeded.sample_ids[:2])).values(gone))
        session.execute(update(Dataset).where(Dataset.id == seeded.dataset_id).values(change_number=9))

    warnings = outlook(anna, seeded.dataset_id, SETTINGS).warnings

    assert any("left_elbow is labelled nowhere" in sentence for sentence in warnings)
