"""Saving labels: two people never overwrite each other, a retry changes nothing, and every label is kept."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask

from tests.conftest import MakeAccount
from tests.dataset_seeding import HEIGHT_PX, WIDTH_PX, Seeded, seed_dataset
from tests.services.datasets import account, body_of, sample_row
from webapp.config import Settings
from webapp.core.errors import InvalidInputError, MoveprintError, NotAllowedError, NotFoundError
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Dataset, LabelRevision
from webapp.db.engine import transaction
from webapp.services import labels
from webapp.services.labels import LabelConflictError, past_labels, save_label


@pytest.fixture
def anna(make_account: MakeAccount, context: None) -> User:
    return account(make_account("anna"))


@pytest.fixture
def ben(make_account: MakeAccount, context: None) -> User:
    return account(make_account("ben"))


@pytest.fixture
def arms(anna: User, ben: User, settings: Settings) -> Seeded:
    return seed_dataset(anna, settings.instance_dir, 4, members={ben.id: "labeller"})


def change_number(dataset_id: str) -> int:
    db.session.expire_all()
    return db.session.get_one(Dataset, dataset_id).change_number


def test_a_saved_label_is_the_next_revision_and_ends_the_claim(anna: User, arms: Seeded) -> None:
    sample_id = arms.sample_ids[0]
    with transaction():
        sample_row(sample_id).claimed_by = anna.id
    before = change_number(arms.dataset_id)

    saved = save_label(anna, arms.dataset_id, sample_id, body_of(sample_id, moved={2: (10.5, 20.25)})).sample

    label = labels.labels_of([saved])[sample_id]
    assert label is not None
    assert (saved.revision, saved.state, saved.labelled_by, saved.claimed_by) == (2, "reviewed", anna.id, None)
    assert (label.keypoints_px[2].tolist(), label.confidence) == ([10.5, 20.25], None)
    assert (saved.bone_error, saved.pose_group) == (None, None)
    assert change_number(arms.dataset_id) == before + 1


def test_accepting_keeps_every_keypoint_to_the_bit_and_what_was_worked_out_of_them(anna: User, arms: Seeded) -> None:
    sample_id = arms.sample_ids[1]
    row = sample_row(sample_id)
    before, bone_error = labels.labels_of([row])[sample_id], row.bone_error

    saved = save_label(anna, arms.dataset_id, sample_id, body_of(sample_id)).sample

    after = labels.labels_of([saved])[sample_id]
    assert before is not None
    assert after is not None
    assert after.keypoints_px.tobytes() == before.keypoints_px.tobytes()
    assert saved.bone_error == bone_error


def test_of_two_people_the_second_is_shown_the_firsts_label_and_nothing_is_lost(
    anna: User, ben: User, arms: Seeded
) -> None:
    sample_id = arms.sample_ids[0]
    annas, bens = body_of(sample_id, moved={0: (11, 12)}), body_of(sample_id, moved={0: (21, 22)})
    save_label(anna, arms.dataset_id, sample_id, annas)

    with pytest.raises(LabelConflictError, match="labelled by anna meanwhile") as conflict:
        save_label(ben, arms.dataset_id, sample_id, bens)
    assert conflict.value.theirs.sample.revision == 2
    save_label(ben, arms.dataset_id, sample_id, bens | {"revision": 2})

    past = past_labels(anna, arms.dataset_id, sample_id)
    assert [(one.revision, one.origin, one.author) for one in past] == [
        (3, "hand", "ben"),
        (2, "hand", "anna"),
        (1, "teacher", None),
    ]
    assert past[1].label is not None
    assert past[1].label.keypoints_px[0].tolist() == [11, 12]


def test_the_same_label_sent_again_changes_nothing(anna: User, ben: User, arms: Seeded) -> None:
    sample_id = arms.sample_ids[0]
    body = body_of(sample_id, moved={0: (11, 12)})
    save_label(anna, arms.dataset_id, sample_id, body)
    number = change_number(arms.dataset_id)

    again = save_label(anna, arms.dataset_id, sample_id, body)
    unchanged = save_label(ben, arms.dataset_id, sample_id, body | {"revision": 2})

    assert (again.sample.revision, unchanged.sample.revision) == (2, 2)
    assert change_number(arms.dataset_id) == number
    with pytest.raises(LabelConflictError):
        save_label(ben, arms.dataset_id, sample_id, body)


def test_of_many_who_save_at_once_one_is_first_and_the_others_are_told(app: Flask, anna: User, arms: Seeded) -> None:
    sample_id, user_id, dataset_id = arms.sample_ids[0], anna.id, arms.dataset_id
    bodies = [body_of(sample_id, moved={0: (10 + number, 12)}) for number in range(4)]
    gate = threading.Barrier(4)
    told: list[int | None] = []

    def save(body: dict[str, Any]) -> None:
        with app.app_context():
            gate.wait()
            try:
                told.append(save_label(account(user_id), dataset_id, sample_id, body).sample.revision)
            except LabelConflictError:
                told.append(None)

    threads = [threading.Thread(target=save, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(told, key=str) == [2, None, None, None]
    assert db.session.query(LabelRevision).filter_by(sample_id=sample_id).count() == 2


def test_an_unlabelled_sample_gets_its_first_revision_and_can_lose_all_keypoints_again(
    anna: User, arms: Seeded
) -> None:
    sample_id = arms.sample_ids[3]
    first = save_label(anna, arms.dataset_id, sample_id, body_of(sample_id, "proposed", {1: (30, 40)})).sample
    assert (first.revision, first.state) == (1, "proposed")
    emptied = body_of(sample_id, "proposed") | {"keypoints": [[None, None, 0]] * 6}

    saved = save_label(anna, arms.dataset_id, sample_id, emptied).sample

    assert (saved.revision, saved.state) == (2, "unlabelled")
    assert labels.labels_of([saved])[sample_id] is None


ABSENT_ROW = [None, None, 0]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"keypoints": [ABSENT_ROW] * 5}, "must be a list of 6"),
        ({"keypoints": "many"}, "must be a list of 6"),
        ({"keypoints": [[1, 2]] + [ABSENT_ROW] * 5}, r"keypoint 0 must be \[x, y, visibility\]"),
        ({"keypoints": [[1, 2, 3]] + [ABSENT_ROW] * 5}, "visibility 0, 1 or 2, got 3"),
        ({"keypoints": [[1, 2, True]] + [ABSENT_ROW] * 5}, "visibility 0, 1 or 2, got True"),
        ({"keypoints": [[1, 2, 0]] + [ABSENT_ROW] * 5}, "keypoint 0 is absent, so it must be"),
        ({"keypoints": [[None, 2, 2]] + [ABSENT_ROW] * 5}, "must hold numbers, got None"),
        ({"keypoints": [[float("nan"), 2, 2]] + [ABSENT_ROW] * 5}, "nan, which is no coordinate"),
        ({"keypoints": [[10**400, 2, 2]] + [ABSENT_ROW] * 5}, "too large"),
        ({"keypoints": [[WIDTH_PX + 1, 2, 2]] + [ABSENT_ROW] * 5}, "keypoint 0 must lie in the picture of 320 x 240"),
        ({"keypoints": [[5, -1, 1]] + [ABSENT_ROW] * 5}, "keypoint 0 must lie in the picture"),
        ({"keypoints": [ABSENT_ROW] * 6}, "needs at least one keypoint"),
        ({"state": "unlabelled"}, "not unlabelled"),
        ({"state": "perfect"}, "state must be one of"),
        ({"state": []}, "state must be one of"),
        ({"revision": "1"}, "revision must be a whole number"),
        ({"revision": True}, "revision must be a whole number"),
        ({"revision": -1}, "revision must be a whole number"),
        ({"box_px": [10, 10, 5, 20]}, "corners in order"),
        ({"box_px": [1, 2, 3]}, "box_px must be"),
        ({"box_px": [400, 10, 500, HEIGHT_PX]}, "must lie on the picture"),
        ({"box_px": [-9000, 10, 500, 20]}, "must lie on the picture"),
        ({"box_px": [0, 0, float("inf"), 5]}, "inf, which is no coordinate"),
    ],
)
def test_a_label_that_cannot_be_is_refused_and_nothing_is_stored(
    anna: User, arms: Seeded, change: dict[str, object], sentence: str
) -> None:
    sample_id = arms.sample_ids[0]

    with pytest.raises(InvalidInputError, match=sentence):
        save_label(anna, arms.dataset_id, sample_id, body_of(sample_id) | change)

    assert sample_row(sample_id).revision == 1


def test_who_may_only_look_does_not_label_and_another_datasets_sample_is_not_there(
    anna: User, ben: User, arms: Seeded, make_account: MakeAccount, settings: Settings
) -> None:
    viewer, stranger = account(make_account("viewer")), account(make_account("stranger"))
    other = seed_dataset(anna, settings.instance_dir, 2, name="Legs", members={viewer.id: "viewer", ben.id: "labeller"})
    sample_id = other.sample_ids[0]
    attempts: list[tuple[User, str, str, type[MoveprintError]]] = [
        (viewer, other.dataset_id, sample_id, NotAllowedError),
        (stranger, other.dataset_id, sample_id, NotFoundError),
        (ben, arms.dataset_id, sample_id, NotFoundError),
        (ben, other.dataset_id, "f" * 32, NotFoundError),
    ]

    for actor, dataset_id, wanted, error in attempts:
        with pytest.raises(error):
            save_label(actor, dataset_id, wanted, body_of(sample_id))
    assert sample_row(sample_id).revision == 1
