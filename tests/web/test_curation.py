"""Looking over a dataset: its pages, what its samples can be filtered by, labels drawn small, warnings."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.conftest import Browser, LogIn, error_of
from tests.dataset_seeding import Seeded, seed_dataset
from tests.web.teaching import got
from webapp.config import Settings
from webapp.db.base import db, utc_now
from webapp.db.datasets import Sample
from webapp.db.engine import transaction
from webapp.services.accounts import get_account
from webapp.services.label_glances import MAX_GLANCES

COUNT = 24
PAGES = ("pictures", "statistics", "versions")


@pytest.fixture
def anna(log_in: LogIn) -> Browser:
    return log_in("anna")


@pytest.fixture
def seeded(app: Flask, settings: Settings, anna: Browser) -> Seeded:
    with app.app_context():
        return seed_dataset(get_account("anna"), settings.instance_dir, COUNT)


def of(seeded: Seeded, page: str) -> str:
    return f"/datasets/{seeded.dataset_id}/{page}"


def facets(browser: Browser, seeded: Seeded) -> dict[str, Any]:
    found: dict[str, Any] = got(browser, of(seeded, "pictures/facets"))
    return found


def change(app: Flask, seeded: Seeded, *positions: int, **values: object) -> None:
    """Give the samples at these positions other values."""
    with app.app_context(), transaction() as session:
        for position in positions:
            sample = session.get(Sample, seeded.sample_ids[position])
            assert sample is not None
            for name, value in values.items():
                setattr(sample, name, value)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_begins_with_the_frame_of_the_dataset(anna: Browser, seeded: Seeded, page: str) -> None:
    answer = anna.get(of(seeded, page))

    assert answer.status_code == 200
    assert "Arms" in answer.text
    assert 'aria-label="This dataset"' in answer.text


@pytest.mark.parametrize("page", [*PAGES, "pictures/facets", "pictures/glances?positions=1"])
def test_what_somebody_may_not_look_at_is_not_there(log_in: LogIn, seeded: Seeded, page: str) -> None:
    assert log_in("ben").get_json(of(seeded, page)).status_code == 404


def test_a_viewer_is_offered_nothing_that_changes_it(
    app: Flask, settings: Settings, anna: Browser, log_in: LogIn
) -> None:
    viewer = log_in("viewer")
    assert viewer.user_id
    with app.app_context():
        seeded = seed_dataset(get_account("anna"), settings.instance_dir, 3, members={viewer.user_id: "viewer"})

    pages = {page: viewer.get(of(seeded, page)).text for page in PAGES}

    assert 'data-may-edit="false"' in pages["pictures"]
    assert "data-action" not in pages["pictures"]
    assert "data-curate" not in pages["pictures"]
    assert "data-freeze" not in pages["versions"]
    assert "data-action" in anna.get(of(seeded, "pictures")).text


def test_facets_count_every_sample_once(anna: Browser, seeded: Seeded) -> None:
    found = facets(anna, seeded)

    assert found["total"] == COUNT
    assert found["states"] == {"proposed": 12, "reviewed": 6, "unlabelled": 6}
    assert [(one["name"], one["samples"]) for one in found["people"]] == [("Anna", 8), ("Ben", 8)]
    assert found["nobody"] == 8
    assert sum(one["samples"] for one in found["sources"]) == COUNT
    assert {one["session"] for one in found["sessions"]} == {"monday", "tuesday"}
    assert found["splits"] == {"none": COUNT}
    assert (found["labelled"], found["curated"]) == (18, 18)


def test_deleted_samples_are_in_no_facet(app: Flask, anna: Browser, seeded: Seeded) -> None:
    change(app, seeded, 0, 3, deleted_at=utc_now())

    found = facets(anna, seeded)

    assert found["total"] == COUNT - 2
    assert [one["samples"] for one in found["people"]] == [6, 8]


def test_each_pose_group_is_drawn_by_a_label_of_its_own(anna: Browser, seeded: Seeded) -> None:
    groups = facets(anna, seeded)["pose_groups"]

    assert [one["pose_group"] for one in groups] == [0, 1, 2, 4, 5, 6]
    for one in groups:
        assert len(one["points"]) == 6
        assert all(point is None or all(0 <= share <= 1 for share in point) for point in one["points"])


def test_glances_are_labels_within_the_square_of_the_thumbnail(anna: Browser, seeded: Seeded) -> None:
    glances = got(anna, of(seeded, "pictures/glances?positions=0,2,3,999"))["glances"]

    assert set(glances) == {"0", "2", "3"}
    assert glances["0"]["sample_id"] == seeded.sample_ids[0]
    assert any(point is not None for point in glances["0"]["points"])
    assert glances["3"]["points"] is None  # it has no label yet
    assert seeded.sample_ids[2] in glances["2"]["thumbnail_url"]


@pytest.mark.parametrize("positions", ["", "one", "1,,2", "-1", "1e3", "9999999999"])
def test_positions_that_are_no_numbers_are_refused(anna: Browser, seeded: Seeded, positions: str) -> None:
    answer = anna.get_json(of(seeded, f"pictures/glances?positions={positions}"))

    assert answer.status_code == 400
    assert error_of(answer).startswith("positions must be whole numbers")


def test_too_many_glances_at_once_are_refused(anna: Browser, seeded: Seeded) -> None:
    positions = ",".join(str(number) for number in range(MAX_GLANCES + 1))

    answer = anna.get_json(of(seeded, f"pictures/glances?positions={positions}"))

    assert answer.status_code == 422
    assert str(MAX_GLANCES) in error_of(answer)


def test_a_person_in_two_splits_is_warned_of(app: Flask, anna: Browser, seeded: Seeded) -> None:
    change(app, seeded, 0, split="train")
    change(app, seeded, 3, split="test")
    change(app, seeded, 1, 4, split="test")

    page = anna.get(of(seeded, "statistics")).text

    assert "Anna (training and test) is in more than one split" in page
    assert "8 of 24 samples name nobody" in page
    assert "Ben (" not in page


def test_excluded_samples_warn_of_nothing(app: Flask, anna: Browser, seeded: Seeded) -> None:
    change(app, seeded, 0, split="train")
    change(app, seeded, 3, split="test", state="excluded")

    assert "more than one split" not in anna.get(of(seeded, "statistics")).text


def test_a_dataset_of_one_person_is_warned_of(app: Flask, settings: Settings, anna: Browser) -> None:
    with app.app_context():
        alone = seed_dataset(get_account("anna"), settings.instance_dir, 6, people=("Clara",))
        db.session.remove()

    assert "Only Clara is in it" in anna.get(of(alone, "statistics")).text


def test_a_model_that_knows_none_of_the_joints_is_not_offered_for_comparing(anna: Browser, seeded: Seeded) -> None:
    page = anna.get(of(seeded, "pictures")).text

    assert 'value="hands' not in page.split("data-model>")[1].split("</select>")[0]
