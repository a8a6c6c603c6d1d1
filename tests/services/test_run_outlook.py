"""What speaks against a training run is told before it is started."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from tests.conftest import MakeAccount
from tests.dataset_seeding import seed_dataset
from tests.services.datasets import account
from webapp.config import Settings
from webapp.db.accounts import User
from webapp.db.datasets import Dataset, Picture, Sample
from webapp.db.engine import transaction
from webapp.jobs.train_data import MIN_SAMPLES
from webapp.services.run_outlook import FEWEST, Outlook, outlook
from webapp.training.config import RunSettings
from webapp.web.run_form import SPLIT_NAMES, STATE_NAMES

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


def test_who_is_kept_together_is_named_with_the_reason_and_what_divides_them(anna: User, settings: Settings) -> None:
    people = ("Ann", "Ben", "Cleo", "Dora", "Emil")
    seeded = seed_dataset(anna, settings.instance_dir, 120, states=("reviewed",), people=people, different_pictures=6)
    with transaction() as session:
        session.execute(update(Picture).values(source="webcam", session="alone"))
        for number in (0, 1, 2, 5):  # Ann, Ben, Cleo, and one more of Ann
            session.get_one(Picture, seeded.picture_ids[number]).session = "evening"
        session.get_one(Sample, seeded.sample_ids[5]).person_id = None

    found = outlook(anna, seeded.dataset_id, SETTINGS)

    assert found.split is not None
    parts, reason = found.split.split(" Kept together, ")
    assert parts == "3 groups of people: about 1 for training, 1 for validation, 1 for the test."
    assert reason == (
        "because samples of nobody named may show any of them: Ann, Ben and Cleo. "
        'To divide them, choose "Nobody named" in the grid and say who is in these samples.'
    )


def test_somebody_named_in_an_excluded_sample_alone_counts_as_well(anna: User, settings: Settings) -> None:
    seeded = seed_dataset(
        anna, settings.instance_dir, 24, states=("reviewed",), people=("Ann", "Ben"), different_pictures=6
    )
    with transaction() as session:
        session.execute(update(Picture).values(source="webcam", session="alone"))
        for number in (0, 1, 2):
            session.get_one(Picture, seeded.picture_ids[number]).session = "evening"
            session.get_one(Sample, seeded.sample_ids[number]).state = "excluded" if number < 2 else "reviewed"
        session.get_one(Sample, seeded.sample_ids[2]).person_id = None

    problem = outlook(anna, seeded.dataset_id, SETTINGS).problem

    assert problem is not None
    assert problem.startswith("Ann and Ben are kept together, because 1 sample of nobody named may show any of them: ")
    assert problem.endswith('record somebody else, or split "By recording".')


def test_what_is_told_follows_the_chosen_states(anna: User, settings: Settings) -> None:
    seeded = seed_dataset(anna, settings.instance_dir, 12, states=("proposed",), people=("Ann", "Ben", "Cleo"))

    assert "Nobody has reviewed" in (outlook(anna, seeded.dataset_id, SETTINGS).problem or "")
    found = outlook(anna, seeded.dataset_id, RunSettings(states=("reviewed", "proposed")))
    assert found.problem is None
    assert "Only 12 reviewed or proposed" in found.warnings[0]


def test_who_cannot_begin_is_told_how_many_proposed_labels_would_come_in(anna: User, settings: Settings) -> None:
    people = ("Dora", "Ann", "Ben", "Cleo")
    seeded = seed_dataset(anna, settings.instance_dir, 40, states=("reviewed", *["proposed"] * 3), people=people)

    problem = outlook(anna, seeded.dataset_id, SETTINGS).problem or ""

    assert problem.startswith("Dora is the only person in all 10 samples: ")
    assert problem.endswith(
        ' or split "By recording". Or tick "proposed by a model" (Labels): '
        "30 proposed labels of 3 people would come in."
    )
    assert SPLIT_NAMES["source"].startswith("By recording:")
    assert SPLIT_NAMES["person"].startswith("By person:")
    assert STATE_NAMES["proposed"] == "proposed by a model"


def test_proposed_labels_that_would_not_help_are_not_offered(anna: User, settings: Settings) -> None:
    seeded = seed_dataset(anna, settings.instance_dir, 40, states=("reviewed", "proposed"), people=("Dora",))

    assert "tick" not in (outlook(anna, seeded.dataset_id, SETTINGS).problem or "tick")


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
