"""The queue: least sure first, nobody is given what somebody else is at, and everything comes in the end."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from flask import Flask

from tests.conftest import MakeAccount
from tests.dataset_seeding import Seeded, seed_dataset
from tests.services.datasets import account, body_of, sample_row
from webapp.config import Settings
from webapp.core.errors import InvalidInputError, NotAllowedError
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.engine import transaction
from webapp.services.label_queue import Next, next_to_review
from webapp.services.labels import save_label


@pytest.fixture
def anna(make_account: MakeAccount, context: None) -> User:
    return account(make_account("anna"))


@pytest.fixture
def ben(make_account: MakeAccount, context: None) -> User:
    return account(make_account("ben"))


@pytest.fixture
def arms(anna: User, ben: User, settings: Settings) -> Seeded:
    """Of every four: two proposed, one reviewed, one unlabelled."""
    return seed_dataset(anna, settings.instance_dir, 12, members={ben.id: "labeller"})


def ids(found: Next) -> list[str]:
    return [shown.sample.id for shown in found.samples]


def test_the_least_sure_proposals_come_first_then_what_has_no_label(anna: User, arms: Seeded) -> None:
    found = next_to_review(anna, arms.dataset_id, 20)

    rows = [shown.sample for shown in found.samples]
    assert found.left == len(rows) == 9
    assert [row.state for row in rows] == ["proposed"] * 6 + ["unlabelled"] * 3
    sure = [row.confidence or 0 for row in rows[:6]]
    assert sure == sorted(sure)
    by_position = next_to_review(anna, arms.dataset_id, 20, order="position")
    assert ids(by_position) == [one for number, one in enumerate(arms.sample_ids) if number % 4 != 2]


def test_two_people_are_given_different_ones_until_the_claims_end(anna: User, ben: User, arms: Seeded) -> None:
    annas, bens = ids(next_to_review(anna, arms.dataset_id, 5)), ids(next_to_review(ben, arms.dataset_id, 5))
    assert (len(annas), len(bens)) == (5, 4)
    assert not set(annas) & set(bens)
    assert ids(next_to_review(anna, arms.dataset_id, 5)) == annas
    assert ids(next_to_review(ben, arms.dataset_id, 20)) == bens

    with transaction():
        for sample_id in annas:
            claimed_until = sample_row(sample_id).claimed_until
            assert claimed_until is not None
            sample_row(sample_id).claimed_until = claimed_until - dt.timedelta(minutes=5, seconds=1)
            db.session.flush()

    assert len(ids(next_to_review(ben, arms.dataset_id, 20))) == 9


def test_what_is_saved_is_not_given_again_and_counts_no_more(anna: User, ben: User, arms: Seeded) -> None:
    first = ids(next_to_review(anna, arms.dataset_id, 1))[0]

    save_label(anna, arms.dataset_id, first, body_of(first))

    found = next_to_review(ben, arms.dataset_id, 20)
    assert found.left == 8
    assert first not in ids(found)


def test_what_comes_after_a_sample_is_first_and_then_it_begins_anew(anna: User, arms: Seeded) -> None:
    everything = ids(next_to_review(anna, arms.dataset_id, 20))

    for place in (0, 4, 7, 8):
        after = ids(next_to_review(anna, arms.dataset_id, 20, after=everything[place]))
        assert after == everything[place + 1 :] + everything[: place + 1]
    assert ids(next_to_review(anna, arms.dataset_id, 20, after="f" * 32)) == everything


def test_many_who_ask_at_once_share_what_there_is(
    app: Flask, anna: User, arms: Seeded, make_account: MakeAccount
) -> None:
    dataset_id = arms.dataset_id
    admins = [make_account(f"admin{number}", role="admin") for number in range(3)]
    gate, given = threading.Barrier(3), []

    def ask(user_id: int) -> None:
        with app.app_context():
            gate.wait()
            given.append(ids(next_to_review(account(user_id), dataset_id, 3)))

    threads = [threading.Thread(target=ask, args=(user_id,)) for user_id in admins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    claimed = [sample_id for some in given for sample_id in some]
    assert len(claimed) == len(set(claimed))
    assert len(given) == 3


def test_numbers_and_orders_beyond_sense_are_refused_and_viewers_have_no_queue(
    anna: User, arms: Seeded, make_account: MakeAccount, settings: Settings
) -> None:
    viewer = account(make_account("viewer"))
    other = seed_dataset(anna, settings.instance_dir, 2, name="Legs", members={viewer.id: "viewer"})

    with pytest.raises(InvalidInputError, match="count must be 1 to 20, got 0"):
        next_to_review(anna, arms.dataset_id, 0)
    with pytest.raises(InvalidInputError, match="order must be one of unsure, position"):
        next_to_review(anna, arms.dataset_id, order="luck")
    with pytest.raises(NotAllowedError):
        next_to_review(viewer, other.dataset_id)
