"""Signing up, logging in and out, changing the password, the first administrator."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask

from tests.conftest import PASSWORD, Browser, LogIn, MakeAccount
from webapp.app import announce_first_admin, create_app
from webapp.config import Settings
from webapp.services import accounts

NEW = {"username": "Ella", "email": "", "password": "blue ladder 42", "password_again": "blue ladder 42"}


def log_in_by_form(browser: Browser, identity: str, password: str = PASSWORD, url: str = "/login") -> int:
    return browser.send_form(url, identity=identity, password=password).status_code


@pytest.fixture
def first_admin_url(app: Flask, settings: Settings, capsys: pytest.CaptureFixture[str]) -> str:
    with app.app_context():
        announce_first_admin(app, settings)
    found = re.search(r"http://127\.0\.0\.1:5000(/accounts/first-admin/\S+)", capsys.readouterr().out)
    assert found, "no link was printed"
    return found.group(1)


def test_who_signs_up_is_told_that_datasets_keep_pictures(visitor: Browser) -> None:
    page = visitor.get("/signup").text

    assert "Pictures are stored only where somebody collects them into a dataset." in page


def test_signing_up_without_an_address_logs_in_with_the_role_user(visitor: Browser, app: Flask) -> None:
    answer = visitor.send_form("/signup", **NEW)

    assert (answer.status_code, answer.location) == (302, "/record/")
    assert visitor.get("/live/").status_code == 200
    with app.app_context():
        assert accounts.get_account("ella").role == "user"
        assert accounts.get_account("ella").email is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"username": "a"}, "is not possible: 2 to 32"),
        ({"username": "two words"}, "is not possible"),
        ({"username": "x" * 33}, "is not possible"),
        ({"username": "anna@example.org"}, "is not possible"),
        ({"username": ""}, "Choose a user name."),
        ({"email": "nobody"}, "is not an e-mail address"),
        ({"password": "short", "password_again": "short"}, "The password has 5 characters; it needs 10 to 128"),
        ({"password": "x" * 129, "password_again": "x" * 129}, "has 129 characters"),
        ({"password": "ababababab", "password_again": "ababababab"}, "repeats the same few characters"),
        ({"password": "Password1234", "password_again": "Password1234"}, "everybody tries first"),
        ({"password": "0123456789", "password_again": "0123456789"}, "everybody tries first"),
        ({"password_again": "another one 42"}, "The two passwords differ."),
        ({"username": "LadderBlue", "password": "ladderblue42", "password_again": "ladderblue42"}, "is your user name"),
    ],
)
def test_a_sign_up_against_the_rules_is_refused_with_the_rule(
    visitor: Browser, app: Flask, changes: dict[str, str], sentence: str
) -> None:
    answer = visitor.send_form("/signup", **(NEW | changes))

    assert answer.status_code == 422
    assert sentence in answer.text
    with app.app_context():
        assert not accounts.all_accounts()


@pytest.mark.parametrize("username", ["anna", "ANNA", "Ａnna"])
def test_a_user_name_that_reads_the_same_is_taken(visitor: Browser, make_account: MakeAccount, username: str) -> None:
    make_account("Anna")

    answer = visitor.send_form("/signup", **(NEW | {"username": username}))

    assert answer.status_code == 422
    assert "is taken" in answer.text


def test_an_address_can_be_used_once(visitor: Browser, make_account: MakeAccount) -> None:
    make_account("anna", email="anna@example.org")

    answer = visitor.send_form("/signup", **(NEW | {"email": "Anna@Example.org"}))

    assert answer.status_code == 422
    assert "is taken" in answer.text


def test_sign_up_can_be_switched_off(settings: Settings) -> None:
    app = create_app(Settings(instance_dir=settings.instance_dir, async_mode="threading", allow_signup=False))
    visitor = Browser(app.test_client())

    answer = visitor.send_form("/signup", **NEW)

    assert answer.status_code == 403
    assert "/signup" not in visitor.get("/login").text


@pytest.mark.parametrize("identity", ["Anna", "anna", " ANNA ", "anna@example.org", "Anna@Example.ORG"])
def test_name_or_address_in_any_case_logs_in(visitor: Browser, make_account: MakeAccount, identity: str) -> None:
    make_account("Anna", email="anna@example.org")

    status = log_in_by_form(visitor, identity)

    assert status == 302
    assert visitor.get("/live/").status_code == 200


def test_a_wrong_password_and_an_unknown_name_answer_alike(visitor: Browser, make_account: MakeAccount) -> None:
    make_account("anna")

    wrong = visitor.send_form("/login", identity="anna", password="not the one at all")
    unknown = visitor.send_form("/login", identity="nobody", password="not the one at all")

    assert (wrong.status_code, unknown.status_code) == (422, 422)
    assert "The user name or the password is wrong." in wrong.text
    # CSRF tokens are signed with the second they were made in
    texts = [re.sub(r'"I[jm][\w.-]{40,}"', '"token"', answer.text) for answer in (wrong, unknown)]
    assert '"token"' in texts[0]
    assert texts[0].replace("anna", "nobody") == texts[1]


def test_an_account_switched_off_cannot_log_in(visitor: Browser, make_account: MakeAccount) -> None:
    make_account("anna", active=False)

    assert log_in_by_form(visitor, "anna") == 422
    assert visitor.get("/live/").status_code == 302


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "\thttps://evil.example"],
)
def test_the_login_leads_to_no_other_site(visitor: Browser, make_account: MakeAccount, target: str) -> None:
    make_account("anna")

    answer = visitor.client.post(
        "/login",
        query_string={"next": target},
        data={"identity": "anna", "password": PASSWORD, "csrf_token": visitor.token},
    )

    led_to = urlsplit(urljoin("http://localhost/login", answer.location or ""))
    assert (led_to.scheme, led_to.netloc) == ("http", "localhost")


def test_the_login_leads_on_to_the_page_that_was_wanted(visitor: Browser, make_account: MakeAccount) -> None:
    make_account("anna")

    answer = visitor.send_form("/login?next=/history/?action=Squat", identity="anna", password=PASSWORD)

    assert answer.location == "/history/?action=Squat"


def test_the_eleventh_wrong_password_of_a_minute_is_turned_away(visitor: Browser, make_account: MakeAccount) -> None:
    make_account("anna")
    statuses = [log_in_by_form(visitor, "anna", "") for _ in range(11)]

    assert statuses == [422] * 10 + [429]
    assert log_in_by_form(visitor, "anna") == 429
    assert "Wait a minute" in visitor.send_form("/login", identity="anna").text


def test_logging_in_rightly_uses_up_no_tries(app: Flask, make_account: MakeAccount) -> None:
    make_account("anna")
    browsers = [Browser(app.test_client()) for _ in range(11)]

    assert {log_in_by_form(browser, "anna") for browser in browsers} == {302}


def test_logging_out_ends_the_login(log_in: LogIn) -> None:
    anna = log_in("anna")

    answer = anna.send_form("/logout")

    assert (answer.status_code, answer.location) == (302, "/login")
    assert anna.get("/live/").status_code == 302


def test_a_changed_password_ends_the_other_logins(app: Flask, log_in: LogIn) -> None:
    anna, elsewhere = log_in("anna"), Browser(app.test_client())
    log_in_by_form(elsewhere, "anna")
    fields = {"new_password": "green ladder 43", "new_password_confirm": "green ladder 43"}

    answer = anna.send_form("/accounts/password", password=PASSWORD, **fields)

    assert (answer.status_code, answer.location) == (302, "/accounts/")
    assert anna.get("/live/").status_code == 200
    assert elsewhere.get("/live/").status_code == 302
    assert log_in_by_form(Browser(app.test_client()), "anna", "green ladder 43") == 302


def test_a_new_password_keeps_the_rules_too(log_in: LogIn) -> None:
    fields = {"new_password": "password123", "new_password_confirm": "password123"}

    answer = log_in("anna").send_form("/accounts/password", password=PASSWORD, **fields)

    assert answer.status_code == 422
    assert "everybody tries first" in answer.text


def test_the_printed_link_creates_the_administrator_once(app: Flask, visitor: Browser, first_admin_url: str) -> None:
    first = visitor.send_form(first_admin_url, **NEW)
    second = Browser(app.test_client()).send_form(first_admin_url, **(NEW | {"username": "Mallory"}))

    assert (first.status_code, first.location) == (302, "/admin/")
    assert visitor.get("/admin/").status_code == 200
    assert second.status_code == 403
    assert "does not work any more" in second.text
    with app.app_context():
        assert [account.username for account in accounts.all_accounts()] == ["Ella"]


def test_a_second_printed_link_dies_with_the_first_administrator(
    app: Flask, settings: Settings, visitor: Browser, first_admin_url: str
) -> None:
    with app.app_context():
        other = accounts.issue_first_admin_token()
    visitor.send_form(first_admin_url, **NEW)

    answer = Browser(app.test_client()).get(f"/accounts/first-admin/{other}")

    assert answer.status_code == 403


def test_a_failed_try_does_not_use_the_link_up(visitor: Browser, first_admin_url: str) -> None:
    failed = visitor.send_form(first_admin_url, **(NEW | {"password": "short", "password_again": "short"}))

    assert failed.status_code == 422
    assert visitor.send_form(first_admin_url, **NEW).status_code == 302


def test_a_made_up_link_is_refused(visitor: Browser, first_admin_url: str) -> None:
    assert visitor.get("/accounts/first-admin/guess").status_code == 403


def test_no_link_is_printed_once_there_is_an_administrator(
    app: Flask, settings: Settings, make_account: MakeAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    make_account("root", role="admin")

    with app.app_context():
        announce_first_admin(app, settings)

    assert capsys.readouterr().out == ""
