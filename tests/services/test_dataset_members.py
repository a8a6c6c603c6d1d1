"""Sharing: by the exact name, by the owner alone, and everybody may leave."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.conftest import MakeAccount
from webapp.core.errors import InvalidInputError, NotAllowedError, NotFoundError
from webapp.core.skeleton import UPPER_BODY_6
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.services import dataset_members as members
from webapp.services import datasets
from webapp.services.dataset_access import dataset_for


@pytest.fixture
def account(app: Flask, make_account: MakeAccount, context: None) -> dict[str, User]:
    made = {}
    for name, role, active in (
        ("anna", "user", True),
        ("bert", "user", True),
        ("carl", "user", True),
        ("chief", "admin", True),
        ("gone", "user", False),
    ):
        found = db.session.get(User, make_account(name, role=role, active=active, email=f"{name}@example.org"))
        assert found is not None
        made[name] = found
    return made


@pytest.fixture
def arms(account: dict[str, User]) -> str:
    return datasets.create_dataset(account["anna"], "Arms", UPPER_BODY_6).id


@pytest.mark.parametrize(
    ("role", "may"), [("viewer", ("look",)), ("labeller", ("look", "label")), ("editor", ("look", "label", "edit"))]
)
def test_a_member_may_what_the_role_says_and_no_more(
    account: dict[str, User], arms: str, role: str, may: tuple[str, ...]
) -> None:
    members.add_member(account["anna"], arms, " Bert ", role)

    for need in ("look", "label", "edit", "own"):
        if need in may:
            assert dataset_for(account["bert"], arms, need).id == arms
        else:
            with pytest.raises(NotAllowedError, match="ask its owner"):
                dataset_for(account["bert"], arms, need)


def test_roles_are_changed_and_taken_back(account: dict[str, User], arms: str) -> None:
    members.add_member(account["anna"], arms, "bert", "viewer")
    members.set_member_role(account["anna"], arms, account["bert"].id, "editor")
    assert [(one.username, one.role) for one in members.members_of(account["bert"], arms)] == [("bert", "editor")]

    members.remove_member(account["anna"], arms, account["bert"].id)

    with pytest.raises(NotFoundError):
        dataset_for(account["bert"], arms, "look")


def test_a_member_may_leave_but_not_throw_others_out(account: dict[str, User], arms: str) -> None:
    for name in ("bert", "carl"):
        members.add_member(account["anna"], arms, name, "editor")

    with pytest.raises(NotAllowedError):
        members.remove_member(account["bert"], arms, account["carl"].id)
    members.remove_member(account["bert"], arms, account["bert"].id)

    assert [one.username for one in members.members_of(account["anna"], arms)] == ["carl"]


def test_an_editor_shares_nothing_and_raises_nobody(account: dict[str, User], arms: str) -> None:
    members.add_member(account["anna"], arms, "bert", "editor")

    with pytest.raises(NotAllowedError):
        members.add_member(account["bert"], arms, "carl", "viewer")
    with pytest.raises(NotAllowedError):
        members.set_member_role(account["bert"], arms, account["bert"].id, "editor")


def test_an_administrator_manages_what_an_account_left_behind(account: dict[str, User], arms: str) -> None:
    assert members.add_member(account["chief"], arms, "bert", "viewer") == "bert"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ber", "no active account named 'ber'"),
        ("bert@example.org", "no active account"),
        ("gone", "no active account"),
        ("anna", "anna is the owner"),
    ],
)
def test_only_the_exact_name_of_an_active_account_is_found(
    account: dict[str, User], arms: str, name: str, said: str
) -> None:
    with pytest.raises((InvalidInputError, NotFoundError), match=said):
        members.add_member(account["anna"], arms, name, "viewer")


def test_nobody_is_shared_with_twice_or_as_something_unknown(account: dict[str, User], arms: str) -> None:
    members.add_member(account["anna"], arms, "bert", "viewer")

    with pytest.raises(InvalidInputError, match="shared with bert already"):
        members.add_member(account["anna"], arms, "BERT", "editor")
    with pytest.raises(InvalidInputError, match="role 'owner' is unknown"):
        members.add_member(account["anna"], arms, "carl", "owner")


def test_there_is_a_most_of_members(account: dict[str, User], arms: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MAX_MEMBERS", 1)
    members.add_member(account["anna"], arms, "bert", "viewer")

    with pytest.raises(InvalidInputError, match="shared with 1 accounts"):
        members.add_member(account["anna"], arms, "carl", "viewer")
