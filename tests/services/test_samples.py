"""Finding samples by everything the grid filters by, and changing many at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from tests.conftest import MakeAccount
from tests.dataset_seeding import Seeded, picture_path, seed_dataset
from tests.services.datasets import account, sample_row
from webapp.config import Settings
from webapp.core.errors import InvalidInputError, NotAllowedError, NotFoundError
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Dataset, LabelRevision, Picture, Sample
from webapp.services.dataset_versions import make_version
from webapp.services.sample_edits import ACTIONS, edit_samples
from webapp.services.samples import (
    BONES_OFF,
    MODEL_OFF,
    ORDERS,
    UNSURE,
    SampleFilter,
    find_picture,
    find_sample,
    list_samples,
)

COUNT = 60


@pytest.fixture
def anna(make_account: MakeAccount, context: None) -> User:
    return account(make_account("anna"))


@pytest.fixture
def arms(anna: User, settings: Settings) -> Seeded:
    return seed_dataset(anna, settings.instance_dir, COUNT)


def positions(actor: User, seeded: Seeded, wanted: SampleFilter, order: str = "position") -> list[int]:
    page = list_samples(actor, seeded.dataset_id, wanted, order, limit=200)
    assert page.total == len(page.samples)
    return [shown.sample.position for shown in page.samples]


def rows(seeded: Seeded) -> list[Sample]:
    return [sample_row(sample_id) for sample_id in seeded.sample_ids]


def test_every_filter_finds_what_it_says(anna: User, arms: Seeded) -> None:
    anna_id = arms.people["Anna"]
    expected = {
        SampleFilter(): list(range(COUNT)),
        SampleFilter(states=("reviewed",)): [n for n in range(COUNT) if n % 4 == 2],
        SampleFilter(states=("reviewed", "unlabelled")): [n for n in range(COUNT) if n % 4 >= 2],
        SampleFilter(people=(anna_id,)): [n for n in range(COUNT) if n % 3 == 0],
        SampleFilter(people=("none",)): [n for n in range(COUNT) if n % 3 == 2],
        SampleFilter(people=("none", anna_id)): [n for n in range(COUNT) if n % 3 != 1],
        SampleFilter(sources=("video",)): [n for n in range(COUNT) if n // 2 % 3 == 2],
        SampleFilter(sessions=("monday",)): [n for n in range(COUNT) if n // 3 % 2 == 0],
        SampleFilter(pose_groups=(1, 2)): [n for n in range(COUNT) if n % 8 in {1, 2} and n % 4 != 3],
        SampleFilter(splits=("none",)): list(range(COUNT)),
        SampleFilter(splits=("test",)): [],
        SampleFilter(text="FIGURE-0004"): list(range(40, 50)),
        SampleFilter(text="%"): [],
        SampleFilter(text="_"): [],
        SampleFilter(outliers=("duplicate",)): [49],
        SampleFilter(states=("proposed",), sources=("webcam",), people=(anna_id,)): [
            n for n in range(COUNT) if n % 4 < 2 and n // 2 % 3 == 0 and n % 3 == 0
        ],
    }
    for wanted, found in expected.items():
        assert positions(anna, arms, wanted) == found, wanted


def test_outliers_are_beyond_their_thresholds_and_unsure_is_said_of_proposals(anna: User, arms: Seeded) -> None:
    stored = rows(arms)
    bones = {row.position for row in stored if (row.bone_error or 0) > BONES_OFF}
    model = {row.position for row in stored if (row.disagreement or 0) > MODEL_OFF}
    unsure = {row.position for row in stored if row.state == "proposed" and (row.confidence or 0) < UNSURE}

    assert bones
    assert model
    assert unsure
    assert set(positions(anna, arms, SampleFilter(outliers=("bones",)))) == bones
    assert set(positions(anna, arms, SampleFilter(outliers=("model",)))) == model
    assert set(positions(anna, arms, SampleFilter(outliers=("unsure",)))) == unsure
    assert set(positions(anna, arms, SampleFilter(outliers=("bones", "unsure")))) == bones | unsure


def test_every_order_goes_by_its_number_and_those_without_come_last(anna: User, arms: Seeded) -> None:
    by_position = {row.position: row for row in rows(arms)}
    for order in ORDERS:
        assert sorted(positions(anna, arms, SampleFilter(), order)) == list(range(COUNT)), order
    for order, sign in (("confidence", 1), ("bone_error", -1), ("disagreement", -1)):
        values = [getattr(by_position[n], order) for n in positions(anna, arms, SampleFilter(), order)]
        known = [value for value in values if value is not None]
        assert values[len(known) :] == [None] * (COUNT - len(known))
        assert known == sorted(known, key=lambda value: sign * value)
    assert positions(anna, arms, SampleFilter(), "newest") == list(range(COUNT))[::-1]


def test_pages_follow_each_other_and_one_beyond_the_last_is_empty_but_counted(anna: User, arms: Seeded) -> None:
    for wanted in (SampleFilter(), SampleFilter(states=("proposed", "reviewed", "unlabelled"))):
        parts = [list_samples(anna, arms.dataset_id, wanted, offset=offset, limit=25) for offset in (0, 25, 50, 75)]
        assert [[shown.sample.position for shown in part.samples] for part in parts] == [
            list(range(25)),
            list(range(25, 50)),
            list(range(50, 60)),
            [],
        ]
        assert {part.total for part in parts} == {COUNT}


def test_what_is_kept_of_a_filter_is_found_anew_after_every_change(anna: User, arms: Seeded) -> None:
    wanted = SampleFilter(states=("reviewed",))
    before = positions(anna, arms, wanted)
    edit_samples(anna, arms.dataset_id, [arms.sample_ids[before[0]]], "exclude")
    assert positions(anna, arms, wanted) == before[1:]


def test_wishes_that_cannot_be_are_refused(anna: User, arms: Seeded) -> None:
    with pytest.raises(InvalidInputError, match="limit must be 1 to 200, got 201"):
        list_samples(anna, arms.dataset_id, SampleFilter(), limit=201)
    with pytest.raises(InvalidInputError, match="order must be one of position"):
        list_samples(anna, arms.dataset_id, SampleFilter(), "luck")
    with pytest.raises(
        InvalidInputError, match="state must be one of unlabelled, proposed, reviewed, excluded, got 'x"
    ):
        SampleFilter(states=("x",))
    with pytest.raises(InvalidInputError, match="outlier must be one of bones, model, duplicate, unsure"):
        SampleFilter(outliers=("x",))


def test_excluding_and_including_goes_back_to_what_was_before(anna: User, arms: Seeded) -> None:
    before = [row.state for row in rows(arms)]
    number = db.session.get_one(Dataset, arms.dataset_id).change_number

    assert edit_samples(anna, arms.dataset_id, arms.sample_ids[:8], "exclude") == 8
    assert edit_samples(anna, arms.dataset_id, arms.sample_ids[:8], "exclude") == 0
    assert [row.state for row in rows(arms)][:9] == ["excluded"] * 8 + before[8:9]
    assert edit_samples(anna, arms.dataset_id, SampleFilter(states=("excluded",)), "include") == 8

    assert [row.state for row in rows(arms)] == before
    assert db.session.get_one(Dataset, arms.dataset_id).change_number == number + 2


def test_accepting_makes_proposals_reviewed_with_their_labels_and_says_who(anna: User, arms: Seeded) -> None:
    sample_id = arms.sample_ids[0]

    assert edit_samples(anna, arms.dataset_id, SampleFilter(), "accept") == COUNT // 2

    row = sample_row(sample_id)
    first, second = (db.session.get_one(LabelRevision, (sample_id, number)) for number in (1, 2))
    assert (row.revision, row.state, row.labelled_by) == (2, "reviewed", anna.id)
    assert (second.label, second.state, second.origin, second.author_id) == (first.label, "reviewed", "hand", anna.id)
    assert edit_samples(anna, arms.dataset_id, [sample_id], "exclude") == 1
    assert edit_samples(anna, arms.dataset_id, [sample_id], "include") == 1
    assert sample_row(sample_id).state == "reviewed"
    assert {row.state for row in rows(arms)} == {"reviewed", "unlabelled"}


def test_person_and_split_are_set_and_taken_away(anna: User, arms: Seeded) -> None:
    some, ben_id = arms.sample_ids[:6], arms.people["Ben"]

    assert edit_samples(anna, arms.dataset_id, some, "person", ben_id) == 4
    assert edit_samples(anna, arms.dataset_id, some, "split", "test") == 6
    assert {(sample_row(one).person_id, sample_row(one).split) for one in some} == {(ben_id, "test")}
    assert edit_samples(anna, arms.dataset_id, some, "person", None) == 6
    assert edit_samples(anna, arms.dataset_id, some, "split", "none") == 6
    assert {(sample_row(one).person_id, sample_row(one).split) for one in some} == {(None, None)}


def test_deleting_takes_rows_and_files_unless_a_version_holds_them(
    anna: User, arms: Seeded, settings: Settings
) -> None:
    paths: dict[str, Path] = {}
    for sample_id in arms.sample_ids:
        paths[sample_id] = picture_path(settings.instance_dir, sample_row(sample_id).picture.sha256)
    gone, held = arms.sample_ids[0], arms.sample_ids[1]

    assert edit_samples(anna, arms.dataset_id, [gone], "delete") == 1
    make_version(anna, arms.dataset_id, "")
    assert edit_samples(anna, arms.dataset_id, [held, gone, "f" * 32], "delete") == 1

    db.session.expire_all()
    assert db.session.get(Sample, gone) is None
    assert not paths[gone].exists()
    assert sample_row(held).deleted_at is not None
    assert paths[held].exists()
    assert positions(anna, arms, SampleFilter())[:2] == [2, 3]
    for sample_id in (gone, held):
        with pytest.raises(NotFoundError):
            find_sample(anna, arms.dataset_id, sample_id)


def test_a_picture_stays_while_it_shows_somebody_else(anna: User, arms: Seeded, settings: Settings) -> None:
    first, second = (sample_row(one) for one in arms.sample_ids[:2])
    second.picture_id = first.picture_id
    db.session.commit()
    sha256, picture_id = first.picture.sha256, first.picture_id

    edit_samples(anna, arms.dataset_id, arms.sample_ids[:1], "delete")
    assert picture_path(settings.instance_dir, sha256).exists()
    edit_samples(anna, arms.dataset_id, arms.sample_ids[1:2], "delete")

    assert not picture_path(settings.instance_dir, sha256).exists()
    assert db.session.scalar(select(Picture.id).where(Picture.id == picture_id)) is None


def test_of_another_dataset_nothing_is_changed_or_shown(
    anna: User, arms: Seeded, make_account: MakeAccount, settings: Settings
) -> None:
    ben = account(make_account("ben"))
    bens = seed_dataset(ben, settings.instance_dir, 4, name="Bens")

    assert edit_samples(anna, arms.dataset_id, bens.sample_ids, "delete") == 0
    assert {row.deleted_at for row in rows(bens)} == {None}
    with pytest.raises(InvalidInputError, match="among those of this dataset's owner"):
        edit_samples(anna, arms.dataset_id, arms.sample_ids[:1], "person", bens.people["Anna"])
    with pytest.raises(NotFoundError):
        find_sample(anna, arms.dataset_id, bens.sample_ids[0])
    with pytest.raises(NotFoundError):
        find_picture(anna, arms.dataset_id, bens.picture_ids[0])
    with pytest.raises(NotFoundError):
        edit_samples(ben, arms.dataset_id, arms.sample_ids, "delete")


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("viewer", set()),
        ("labeller", {"exclude", "include", "accept"}),
        ("editor", {"exclude", "include", "accept", "person", "split", "delete"}),
    ],
)
def test_labellers_review_and_editors_sort_and_delete(
    anna: User, make_account: MakeAccount, settings: Settings, role: str, may: set[str]
) -> None:
    helper = account(make_account("helper"))
    seeded = seed_dataset(anna, settings.instance_dir, 2, members={helper.id: role})

    for action in ACTIONS:
        if action in may:
            edit_samples(helper, seeded.dataset_id, seeded.sample_ids, action)
        else:
            with pytest.raises(NotAllowedError):
                edit_samples(helper, seeded.dataset_id, seeded.sample_ids, action)


def test_an_edit_that_cannot_be_is_refused(anna: User, arms: Seeded) -> None:
    for action, value, sentence in (
        ("burn", None, "action must be one of accept"),
        ("split", "half", "split must be one of train, validation, test or null, got 'half'"),
        ("person", "f" * 32, "there is no person"),
    ):
        with pytest.raises(InvalidInputError, match=sentence):
            edit_samples(anna, arms.dataset_id, arms.sample_ids, action, value)
    with pytest.raises(InvalidInputError, match="at most 1000, got 1001"):
        edit_samples(anna, arms.dataset_id, ["f" * 32] * 1001, "accept")
