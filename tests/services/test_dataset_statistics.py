"""A dataset in numbers, counted by hand beside it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import MakeAccount
from tests.dataset_seeding import Seeded, seed_dataset
from tests.services.datasets import account, body_of, sample_row
from webapp.config import Settings
from webapp.core.errors import NotFoundError
from webapp.core.records import Box
from webapp.core.skeleton import BLAZEPOSE_33, UPPER_BODY_6
from webapp.datasets.crops import crop_square, to_crop
from webapp.datasets.records import ABSENT
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.services.dataset_statistics import SIDE, statistics
from webapp.services.labels import labels_of, save_label
from webapp.services.people import rename_person
from webapp.services.sample_edits import edit_samples

COUNT = 30


@pytest.fixture
def anna(make_account: MakeAccount, context: None) -> User:
    return account(make_account("anna"))


@pytest.fixture
def arms(anna: User, settings: Settings) -> Seeded:
    return seed_dataset(anna, settings.instance_dir, COUNT)


def test_samples_are_counted_by_everything_and_excluded_ones_by_state_alone(anna: User, arms: Seeded) -> None:
    edit_samples(anna, arms.dataset_id, arms.sample_ids[:3], "exclude")
    edit_samples(anna, arms.dataset_id, arms.sample_ids[3:9], "split", "train")
    edit_samples(anna, arms.dataset_id, arms.sample_ids[29:], "delete")

    found = statistics(anna, arms.dataset_id)

    assert (found.samples, found.pictures) == (29, 29)
    assert found.by_state == {"excluded": 3, "proposed": 13, "reviewed": 6, "unlabelled": 7}
    assert found.by_split == {"train": 6, "none": 20}
    assert sum(found.by_source.values()) == 26
    assert set(found.people) == {(None, 8), ("Anna", 9), ("Ben", 9)}
    assert sum(found.confidence) == 19


def test_keypoints_are_counted_where_they_are(anna: User, arms: Seeded) -> None:
    save_label(anna, arms.dataset_id, arms.sample_ids[0], body_of(arms.sample_ids[0], moved={1: (0.0, 0.0)}))
    rows = [sample_row(sample_id) for sample_id in arms.sample_ids]
    labels = labels_of(rows)
    visibility = np.zeros((6, 3), int)
    positions = np.zeros((6, SIDE, SIDE), int)
    lengths = []
    for row in rows:
        label = labels[row.id]
        if label is None:
            continue
        box = Box(row.x1_px, row.y1_px, row.x2_px, row.y2_px)
        for keypoint, (place, seen) in enumerate(zip(label.keypoints_px, label.visibility, strict=True)):
            visibility[keypoint, seen] += 1
            x, y = to_crop(place, crop_square(box))
            if seen != ABSENT and 0 <= x <= 1 and 0 <= y <= 1:
                positions[keypoint, min(int(y * SIDE), SIDE - 1), min(int(x * SIDE), SIDE - 1)] += 1
        start, end = UPPER_BODY_6.edge_indices[0]
        lengths.append(
            np.linalg.norm(label.keypoints_px[start] - label.keypoints_px[end]) / max(box.width_px, box.height_px)
        )

    found = statistics(anna, arms.dataset_id)

    np.testing.assert_array_equal(found.labels.by_visibility, visibility)
    # a keypoint on the line between two cells may count in either
    assert np.abs(found.labels.positions - positions).sum() <= 2
    assert [(bone.start, bone.end) for bone in found.labels.bones] == list(UPPER_BODY_6.edges)
    assert found.labels.bones[0].median == pytest.approx(np.nanmedian(lengths), rel=1e-4)


def test_numbers_follow_every_change_and_a_persons_new_name(anna: User, arms: Seeded) -> None:
    before = statistics(anna, arms.dataset_id)
    assert statistics(anna, arms.dataset_id).labels is before.labels
    sample_id = arms.sample_ids[3]

    save_label(anna, arms.dataset_id, sample_id, body_of(sample_id, moved={0: (100, 100)}))
    rename_person(anna, arms.people["Ben"], "Benjamin")
    db.session.expire_all()
    after = statistics(anna, arms.dataset_id)

    assert after.labels.by_visibility.sum() == before.labels.by_visibility.sum() + 6
    assert "Benjamin" in {name for name, _ in after.people}


@pytest.mark.parametrize("count", [0, 1])
def test_a_dataset_with_nothing_labelled_has_numbers_too(anna: User, settings: Settings, count: int) -> None:
    seeded = seed_dataset(anna, settings.instance_dir, count, skeleton=BLAZEPOSE_33, states=("unlabelled",))

    found = statistics(anna, seeded.dataset_id)

    assert (found.samples, found.labels.bones, int(found.labels.positions.sum())) == (count, [], 0)
    assert found.labels.positions.shape == (33, SIDE, SIDE)


def test_strangers_get_no_numbers(arms: Seeded, make_account: MakeAccount) -> None:
    with pytest.raises(NotFoundError):
        statistics(account(make_account("stranger")), arms.dataset_id)
