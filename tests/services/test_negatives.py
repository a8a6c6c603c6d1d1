"""Movements that are none of the actions: kept once, sent with the bank, bounded."""

from __future__ import annotations

import pytest

from tests.conftest import MakeAccount
from tests.movements import arm_raise
from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.core.sequence_file import from_bytes
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.services import actions, banks, negatives
from webapp.services.negatives import NewNegative


def account(user_id: int) -> User:
    user = db.session.get(User, user_id)
    assert user is not None
    return user


@pytest.fixture
def anna(make_account: MakeAccount, context: None) -> User:
    return account(make_account("anna"))


def new(key: str = "one", source: str = "everyday", frames: int = 60) -> NewNegative:
    return NewNegative(key, arm_raise(frames), source, "blazepose", "blazepose_full")


def test_an_enabled_negative_is_in_the_bank_whole(anna: User) -> None:
    number = banks.bank_number(anna.id)
    used = negatives.add_negative(anna, new("one"))
    unused = negatives.add_negative(anna, new("two", "resting"))
    negatives.set_negative_enabled(anna, unused.id, False)

    bank = banks.load_bank(anna.id)

    assert bank.number == number + 3
    assert [from_bytes(stored).duration_s for stored in bank.negatives] == [used.duration_s]
    assert negatives.negative_sequence(anna, unused.id).duration_s == unused.duration_s


def test_a_bank_holds_takes_and_negatives_beside_each_other(anna: User) -> None:
    action, _ = actions.create_action(anna, "Arm raise")
    for key in ("one", "two"):
        negatives.add_negative(anna, new(key))
        take = actions.NewTake(key, arm_raise(), 0.3, 1.6, "webcam", "blazepose", "blazepose_full")
        actions.add_take(anna, action.id, take)
    actions.set_options(anna, action.id, mirror=True, threshold_factor=1.25)

    bank = banks.load_bank(anna.id)

    assert [(one.name, len(one.takes), one.mirror, one.threshold_factor) for one in bank.actions] == [
        ("Arm raise", 2, True, 1.25)
    ]
    assert len(bank.negatives) == 2


def test_one_posted_twice_is_stored_once(anna: User) -> None:
    assert negatives.add_negative(anna, new()).id == negatives.add_negative(anna, new()).id
    assert len(negatives.list_negatives(anna)) == 1


def test_a_deleted_one_leaves_the_bank(anna: User) -> None:
    negative = negatives.add_negative(anna, new())

    negatives.delete_negative(anna, negative.id)

    assert (banks.load_bank(anna.id).negatives, list(negatives.list_negatives(anna))) == ((), [])


def test_more_than_an_account_keeps_are_refused(anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(negatives, "MAX_NEGATIVES", 1)
    negatives.add_negative(anna, new("one"))

    with pytest.raises(InvalidInputError, match="you have 1 movements that are none of your actions, the most"):
        negatives.add_negative(anna, new("two"))


@pytest.mark.parametrize(
    ("negative", "sentence"),
    [
        (new(source="feedback"), "source 'feedback' is unknown; known: everyday, resting"),
        (new(frames=4), "0.10 s in 4 frames; it needs 0.3 s and 5 frames"),
        (new(key=""), "client_key must be 1 to 64 characters, got 0"),
    ],
)
def test_what_will_not_do_is_refused(anna: User, negative: NewNegative, sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=sentence):
        negatives.add_negative(anna, negative)


@pytest.mark.parametrize("role", ["user", "coach"])
def test_someone_elses_does_not_exist(anna: User, make_account: MakeAccount, role: str) -> None:
    negative = negatives.add_negative(anna, new())
    other = account(make_account("other", role=role))

    for attempt in (
        lambda: negatives.negative_sequence(other, negative.id),
        lambda: negatives.set_negative_enabled(other, negative.id, False),
        lambda: negatives.delete_negative(other, negative.id),
    ):
        with pytest.raises(NotFoundError):
            attempt()
    assert list(negatives.list_negatives(other)) == []


@pytest.mark.parametrize("factor", [0.0, -1.0, 0.2, 3.1, float("nan"), float("inf")])
def test_a_factor_beyond_all_sense_is_refused(anna: User, factor: float) -> None:
    action, _ = actions.create_action(anna, "Arm raise")

    with pytest.raises(InvalidInputError, match=r"threshold_factor must lie within 0.25 to 3"):
        actions.set_options(anna, action.id, threshold_factor=factor)
