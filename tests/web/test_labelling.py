"""The labelling page and its neighbours: who may come, and where the next, the last and the labelled one before are."""

from __future__ import annotations

import json
import re

import pytest
from flask import Flask
from sqlalchemy import update

from tests.conftest import Browser, LogIn, error_of
from tests.dataset_seeding import Seeded, seed_dataset
from webapp.config import Settings
from webapp.core.skeleton import UPPER_BODY_6
from webapp.db.accounts import User
from webapp.db.base import db, utc_now
from webapp.db.datasets import Sample
from webapp.db.engine import transaction

STATES = ("proposed", "unlabelled", "excluded")


@pytest.fixture
def owner(log_in: LogIn) -> Browser:
    return log_in("owner")


@pytest.fixture
def viewer(log_in: LogIn) -> Browser:
    return log_in("viewer")


@pytest.fixture
def arms(app: Flask, settings: Settings, owner: Browser, viewer: Browser) -> Seeded:
    """Nine samples of sessions monday, tuesday, monday, three each, of nobody in particular."""
    with app.app_context():
        user = db.session.get(User, owner.user_id)
        assert user is not None
        assert viewer.user_id is not None
        roles = {viewer.user_id: "viewer"}
        return seed_dataset(user, settings.instance_dir, 9, states=STATES, people=(None,), members=roles)


def beside(browser: Browser, arms: Seeded, query: str) -> str | None:
    answer = browser.get(f"/datasets/{arms.dataset_id}/label/places?{query}", headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: str | None = answer.get_json()["sample_id"]
    return found


def test_the_page_brings_the_skeleton_and_says_who_may_only_look(owner: Browser, viewer: Browser, arms: Seeded) -> None:
    own, seen = (person.get(f"/datasets/{arms.dataset_id}/label").get_data(as_text=True) for person in (owner, viewer))

    skeleton = re.search("data-skeleton='([^']+)'", own)
    assert skeleton is not None
    assert json.loads(skeleton.group(1))["keypoints"] == list(UPPER_BODY_6.keypoints)
    assert 'data-can-label="1"' in own
    assert 'data-can-label="0"' in seen
    assert 'data-do="accept"' not in seen


def test_strangers_are_told_that_there_is_no_such_dataset(log_in: LogIn, arms: Seeded) -> None:
    stranger = log_in("stranger")

    assert stranger.get(f"/datasets/{arms.dataset_id}/label").status_code == 404
    assert stranger.get(f"/datasets/{arms.dataset_id}/label/places?position=0").status_code == 404


def test_neighbours_are_found_by_position_and_end_at_both_ends(viewer: Browser, arms: Seeded) -> None:
    ids = arms.sample_ids

    assert beside(viewer, arms, f"of={ids[3]}&step=following") == ids[4]
    assert beside(viewer, arms, f"of={ids[3]}&step=preceding") == ids[2]
    assert beside(viewer, arms, f"of={ids[0]}&step=preceding") is None
    assert beside(viewer, arms, f"of={ids[-1]}&step=following") is None


def test_deleted_samples_are_passed_over(app: Flask, owner: Browser, arms: Seeded) -> None:
    ids = arms.sample_ids
    with app.app_context(), transaction() as session:
        session.execute(update(Sample).where(Sample.id.in_((ids[4], ids[8]))).values(deleted_at=utc_now()))

    assert beside(owner, arms, f"of={ids[3]}&step=following") == ids[5]
    assert beside(owner, arms, "position=4") == ids[5]
    assert beside(owner, arms, "position=8") == ids[7], "the last one that is there"


def test_the_labelled_one_before_is_of_the_same_session(owner: Browser, arms: Seeded) -> None:
    ids = arms.sample_ids

    assert beside(owner, arms, f"of={ids[2]}&step=labelled") == ids[0]
    assert beside(owner, arms, f"of={ids[7]}&step=labelled") == ids[6]
    assert beside(owner, arms, f"of={ids[6]}&step=labelled") == ids[0], "the session goes on after another one"
    assert beside(owner, arms, f"of={ids[0]}&step=labelled") is None


@pytest.mark.parametrize("query", ["", "step=sideways", "position=-1", "position=many", "position=99999999999"])
def test_nonsense_is_refused_with_the_value(owner: Browser, arms: Seeded, query: str) -> None:
    answer = owner.get(f"/datasets/{arms.dataset_id}/label/places?{query}", headers={"Accept": "application/json"})

    assert answer.status_code == 400
    assert "must be" in error_of(answer)


def test_a_sample_of_another_dataset_has_no_neighbours(owner: Browser, arms: Seeded) -> None:
    answer = owner.get(
        f"/datasets/{arms.dataset_id}/label/places?of=nowhere&step=following", headers={"Accept": "application/json"}
    )

    assert answer.status_code == 404
    assert "nowhere" in error_of(answer)
