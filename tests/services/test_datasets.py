"""Datasets: each with one skeleton, names once per owner, seen by whom they are shared with, deleted whole."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from tests.conftest import MakeAccount
from tests.dataset_seeding import Seeded, picture_path, seed_dataset
from webapp.config import Settings
from webapp.core.errors import InvalidInputError, NotAllowedError, NotFoundError
from webapp.core.skeleton import COCO_17, HAND_21, UPPER_BODY_6, Skeleton
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Dataset, LabelRevision, Picture, Sample
from webapp.db.engine import transaction
from webapp.db.jobs import Job
from webapp.services import datasets, erasing
from webapp.services.dataset_access import skeleton_of

CRAB = Skeleton("crab", ("top", "claw", "pincer"), (("top", "claw"),), flip_pairs=(("claw", "pincer"),))


def account(user_id: int) -> User:
    found = db.session.get(User, user_id)
    assert found is not None
    return found


@pytest.fixture
def anna(app: Flask, make_account: MakeAccount, context: None) -> User:
    return account(make_account("anna"))


@pytest.fixture
def bert(app: Flask, make_account: MakeAccount, context: None) -> User:
    return account(make_account("bert"))


@pytest.fixture
def chief(app: Flask, make_account: MakeAccount, context: None) -> User:
    return account(make_account("chief", role="admin"))


@pytest.mark.parametrize("skeleton", [UPPER_BODY_6, HAND_21, CRAB], ids=lambda one: one.name)
def test_a_dataset_keeps_its_skeleton(anna: User, skeleton: Skeleton) -> None:
    made = datasets.create_dataset(anna, "  Kitchen   left ", skeleton)
    db.session.expire_all()

    assert (made.name, skeleton_of(made)) == ("Kitchen left", skeleton)


def test_a_name_is_there_once_per_owner_in_any_case(anna: User, bert: User) -> None:
    datasets.create_dataset(anna, "Kitchen", UPPER_BODY_6)
    datasets.create_dataset(bert, "Kitchen", UPPER_BODY_6)

    with pytest.raises(InvalidInputError, match="another dataset named 'KITCHEN'"):
        datasets.create_dataset(anna, "KITCHEN", COCO_17)
    other = datasets.create_dataset(anna, "Garden", UPPER_BODY_6)
    with pytest.raises(InvalidInputError, match="another dataset named 'kitchen'"):
        datasets.rename_dataset(anna, other.id, "kitchen")
    assert datasets.rename_dataset(anna, other.id, "GARDEN").name == "GARDEN"


def test_there_is_a_most_of_datasets(anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "MAX_DATASETS", 2)
    for name in ("one", "two"):
        datasets.create_dataset(anna, name, UPPER_BODY_6)

    with pytest.raises(InvalidInputError, match="you have 2 datasets"):
        datasets.create_dataset(anna, "three", UPPER_BODY_6)


def test_the_list_says_how_far_each_is(anna: User, settings: Settings) -> None:
    seeded = seed_dataset(
        anna, settings.instance_dir, 8, name="Arms", states=("proposed", "reviewed", "excluded", "unlabelled")
    )
    datasets.create_dataset(anna, "Empty", HAND_21)
    with transaction() as session:
        session.get_one(Sample, seeded.sample_ids[7]).deleted_at = session.get_one(
            Sample, seeded.sample_ids[7]
        ).added_at

    arms, empty = datasets.list_datasets(anna)

    assert arms.contents.by_state == {"proposed": 2, "reviewed": 2, "excluded": 2, "unlabelled": 1}
    assert (arms.contents.pictures, arms.contents.people, arms.contents.usable) == (7, 2, 5)
    assert (arms.contents.reviewed, arms.contents.reviewed_percent) == (2, 40)
    assert [sample.id for sample in arms.contents.examples] == [seeded.sample_ids[at] for at in (5, 4, 3, 1)]
    assert (empty.contents.pictures, empty.contents.reviewed_percent, empty.contents.changed_at) == (0, 0, None)


def test_the_list_holds_what_is_shared_and_for_administrators_everything(
    anna: User, bert: User, chief: User, settings: Settings
) -> None:
    datasets.create_dataset(anna, "Private", UPPER_BODY_6)
    seed_dataset(anna, settings.instance_dir, 1, name="Shared", members={bert.id: "labeller"})

    assert [(one.dataset.name, one.owner, one.level) for one in datasets.list_datasets(bert)] == [
        ("Shared", "anna", "label")
    ]
    assert [(one.dataset.name, one.level) for one in datasets.list_datasets(chief)] == [
        ("Private", "own"),
        ("Shared", "own"),
    ]


def test_a_dataset_of_somebody_else_does_not_exist(anna: User, bert: User) -> None:
    made = datasets.create_dataset(anna, "Kitchen", UPPER_BODY_6)

    for do in (
        lambda: datasets.get_dataset(bert, made.id),
        lambda: datasets.rename_dataset(bert, made.id, "Mine"),
        lambda: erasing.delete_dataset(bert, made.id, "Kitchen"),
    ):
        with pytest.raises(NotFoundError):
            do()


def test_an_editor_neither_renames_nor_deletes(anna: User, bert: User, settings: Settings) -> None:
    seeded = seed_dataset(anna, settings.instance_dir, 1, name="Arms", members={bert.id: "editor"})

    with pytest.raises(NotAllowedError):
        datasets.rename_dataset(bert, seeded.dataset_id, "Mine")
    with pytest.raises(NotAllowedError):
        erasing.delete_dataset(bert, seeded.dataset_id, "Arms")


class TestDeleting:
    @pytest.fixture
    def arms(self, anna: User, settings: Settings) -> Seeded:
        return seed_dataset(anna, settings.instance_dir, 4, name="Arms")

    def test_needs_the_name_typed(self, anna: User, arms: Seeded) -> None:
        with pytest.raises(InvalidInputError, match="type the dataset's name, Arms"):
            erasing.delete_dataset(anna, arms.dataset_id, "Legs")

        assert db.session.get(Dataset, arms.dataset_id) is not None

    def test_takes_everything_and_the_files(self, anna: User, arms: Seeded, settings: Settings) -> None:
        files = [picture_path(settings.instance_dir, sha) for sha in db.session.scalars(select(Picture.sha256))]
        assert all(file.is_file() for file in files)

        erasing.delete_dataset(anna, arms.dataset_id, " arms ")

        for table in (Dataset, Picture, Sample, LabelRevision):
            assert db.session.scalar(select(table).limit(1)) is None
        assert not any(file.exists() for file in files)

    def test_leaves_a_file_that_another_dataset_has_too(self, anna: User, bert: User, settings: Settings) -> None:
        mine = seed_dataset(anna, settings.instance_dir, 3, name="Mine")
        theirs = seed_dataset(bert, settings.instance_dir, 2, name="Theirs")
        shared = db.session.scalars(select(Picture.sha256).where(Picture.dataset_id == theirs.dataset_id)).all()
        only_mine = set(db.session.scalars(select(Picture.sha256))) - set(shared)

        erasing.delete_dataset(anna, mine.dataset_id, "Mine")

        assert all(picture_path(settings.instance_dir, sha).is_file() for sha in shared)
        assert len(only_mine) == 1
        assert not any(picture_path(settings.instance_dir, sha).exists() for sha in only_mine)

    @pytest.mark.parametrize("state", ["queued", "running"])
    def test_waits_for_jobs(self, anna: User, arms: Seeded, state: str) -> None:
        with transaction() as session:
            session.add(Job(kind="propose", dataset_id=arms.dataset_id, state=state, parameters="{}"))

        with pytest.raises(InvalidInputError, match="a job is at work in Arms"):
            erasing.delete_dataset(anna, arms.dataset_id, "Arms")
