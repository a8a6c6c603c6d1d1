"""What administrators do to accounts, and what nobody else can."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.conftest import Browser, LogIn, error_of
from webapp.services import accounts


@pytest.fixture
def admin(log_in: LogIn) -> Browser:
    return log_in("root", role="admin")


def role_of(app: Flask, username: str) -> str:
    with app.app_context():
        return accounts.get_account(username).role


def test_the_page_lists_accounts_and_counts(admin: Browser, log_in: LogIn) -> None:
    log_in("anna", email="anna@example.org")

    page = admin.get("/admin/").text

    assert "anna@example.org" in page
    assert "sqlite:///" in page


def test_an_administrator_gives_and_takes_roles(app: Flask, admin: Browser, log_in: LogIn) -> None:
    anna = log_in("anna")

    answer = admin.send_form(f"/admin/users/{anna.user_id}/role", role="coach")

    assert answer.status_code == 302
    assert role_of(app, "anna") == "coach"
    admin.send_json(f"/admin/users/{anna.user_id}/role", {"role": "user"})
    assert role_of(app, "anna") == "user"


@pytest.mark.parametrize("role", ["user", "coach"])
def test_others_may_not(app: Flask, log_in: LogIn, role: str) -> None:
    browser = log_in("someone", role=role)

    answer = browser.send_json(f"/admin/users/{browser.user_id}/role", {"role": "admin"})

    assert answer.status_code == 403
    assert "needs the role admin" in error_of(answer)
    assert role_of(app, "someone") == role


def test_the_last_administrator_can_neither_be_demoted_nor_switched_off(app: Flask, admin: Browser) -> None:
    demoted = admin.send_json(f"/admin/users/{admin.user_id}/role", {"role": "user"})
    switched_off = admin.send_json(f"/admin/users/{admin.user_id}/active", {"active": False})

    assert (demoted.status_code, switched_off.status_code) == (422, 422)
    assert "last active administrator" in error_of(demoted)
    assert role_of(app, "root") == "admin"


def test_an_administrator_switched_off_does_not_count_as_another(admin: Browser, log_in: LogIn) -> None:
    other = log_in("other", role="admin")
    admin.send_json(f"/admin/users/{other.user_id}/active", {"active": False})

    answer = admin.send_json(f"/admin/users/{admin.user_id}/role", {"role": "user"})

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("url", "body", "status", "sentence"),
    [
        ("/admin/users/1/role", {"role": "king"}, 422, "no role 'king'"),
        ("/admin/users/1/role", {"role": 3}, 400, "role must be a text"),
        ("/admin/users/1/role", {}, 400, "lacks role"),
        ("/admin/users/999/role", {"role": "user"}, 404, "no account with the number 999"),
        ("/admin/users/1/active", {"active": "yes"}, 400, "active must be true or false"),
        ("/admin/users/99999999999999999999999/active", {"active": True}, 404, "nothing at this address"),
    ],
)
def test_bad_input_is_refused(admin: Browser, url: str, body: object, status: int, sentence: str) -> None:
    answer = admin.send_json(url, body)

    assert answer.status_code == status
    assert sentence in error_of(answer)
