"""Accounts where several people or processes meet."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask

from tests.conftest import MakeAccount
from webapp.core.errors import InvalidInputError, MoveprintError, NotAllowedError, NotFoundError
from webapp.db.base import db
from webapp.services import accounts
from webapp.services.account_rules import check_password, clean_email, clean_username

PASSWORD = "orange kettle 9"


def at_once(app: Flask, attempts: list[Callable[[], object]]) -> list[object]:
    """Each attempt in a thread of its own, all let go together; what they answered or raised."""
    gate, results = threading.Barrier(len(attempts)), []

    def run(attempt: Callable[[], object]) -> None:
        with app.app_context():
            gate.wait()
            try:
                results.append(attempt())
            except MoveprintError as error:
                results.append(error)

    threads = [threading.Thread(target=run, args=(attempt,)) for attempt in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_two_first_administrators_at_once_one_comes_in(app: Flask) -> None:
    with app.app_context():
        tokens = [accounts.issue_first_admin_token() for _ in range(2)]

    results = at_once(
        app,
        [
            lambda: accounts.create_first_admin(str(tokens[0]), "anna", PASSWORD).username,
            lambda: accounts.create_first_admin(str(tokens[1]), "ben", PASSWORD).username,
        ],
    )

    with app.app_context():
        names = [account.username for account in accounts.all_accounts()]
    assert len(names) == 1
    assert sorted(isinstance(result, NotAllowedError) for result in results) == [False, True]


def test_of_two_sign_ups_with_one_name_one_comes_in(app: Flask) -> None:
    results = at_once(app, [lambda name=name: accounts.create_account(name, PASSWORD).id for name in ("Anna", "anna")])  # type: ignore[misc]

    assert sorted(isinstance(result, InvalidInputError) for result in results) == [False, True]


def test_the_first_admin_token_is_not_in_the_database(app: Flask) -> None:
    with app.app_context():
        token = accounts.issue_first_admin_token()
        with db.engine.connect() as connection:
            stored = connection.exec_driver_sql("SELECT token_hash FROM first_admin_tokens").scalars().all()

    assert token is not None
    assert len(stored) == 1
    assert token not in stored[0]


def test_a_password_is_stored_as_argon2(app: Flask) -> None:
    with app.app_context():
        account = accounts.create_account("anna", PASSWORD)

        assert account.password.startswith("$argon2id$")


def test_an_account_nobody_has_is_not_found(context: None, make_account: MakeAccount) -> None:
    make_account("anna")

    with pytest.raises(NotFoundError, match="no account 'ben'"):
        accounts.get_account("ben")


@pytest.mark.parametrize("identity", ["", "\0", "anna\0", "an\nna"])
def test_an_identity_that_no_account_can_have_finds_none(
    context: None, make_account: MakeAccount, identity: str
) -> None:
    make_account("anna")

    assert accounts.find_by_identity(identity) is None


@pytest.mark.parametrize("name", ["li", "李雷", "Zoë", "x.y-z_1", "Ω2"])
def test_names_of_every_script_are_possible(name: str) -> None:
    assert clean_username(f" {name} ") == name


@pytest.mark.parametrize(("text", "kept"), [("", None), ("  ", None), (None, None), (" A@B.example ", "a@b.example")])
def test_an_address_is_optional_and_kept_in_lower_case(text: str | None, kept: str | None) -> None:
    assert clean_email(text) == kept


@pytest.mark.parametrize(
    "password", ["correct horse", "十个以上的汉字密码呢好吗", "x7 x8 x9 x0 y1", "passwordless living"]
)
def test_long_and_unusual_passwords_will_do(password: str) -> None:
    check_password(password, "anna")


def test_a_refusal_never_shows_the_password() -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_password("Sunshine99", "anna")

    assert "sunshine" not in str(caught.value).lower()
