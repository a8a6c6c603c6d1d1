"""Who may come where: declared on every route, enforced before it runs."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.conftest import Browser, LogIn
from webapp.db.accounts import ROLES
from webapp.web.access import PUBLIC, declared_access

PUBLIC_ENDPOINTS = {
    "static",
    "security.static",
    "security.login",
    "security.logout",
    "live.start",
    "live.health",
    "accounts.sign_up",
    "accounts.first_admin",
}


def test_every_route_declares_its_access(app: Flask) -> None:
    undeclared = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if declared_access(app, rule.endpoint) not in {PUBLIC, *ROLES}
    }

    assert not undeclared


def test_only_these_routes_are_public(app: Flask) -> None:
    public = {rule.endpoint for rule in app.url_map.iter_rules() if declared_access(app, rule.endpoint) == PUBLIC}

    assert public == PUBLIC_ENDPOINTS


def test_a_route_that_declares_nothing_is_closed_even_to_administrators(app: Flask, log_in: LogIn) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    admin = log_in("root", role="admin")

    answer = admin.get("/forgotten")

    assert answer.status_code == 403
    assert "secret" not in answer.text


PAGES = [
    ("/live/", "user"),
    ("/record/", "user"),
    ("/actions/", "user"),
    ("/history/", "user"),
    ("/models/", "user"),
    ("/accounts/", "user"),
    ("/accounts/password", "user"),
    ("/admin/", "admin"),
]


@pytest.mark.parametrize(("url", "needed"), PAGES)
@pytest.mark.parametrize("role", ROLES)
def test_pages_open_from_their_role_on(log_in: LogIn, role: str, url: str, needed: str) -> None:
    browser = log_in("someone", role=role)

    answer = browser.get(url)

    assert answer.status_code == (200 if ROLES.index(role) >= ROLES.index(needed) else 403)


@pytest.mark.parametrize("url", [url for url, _ in PAGES])
def test_a_visitor_is_sent_to_the_login_and_back(visitor: Browser, url: str) -> None:
    answer = visitor.get(url)

    assert answer.status_code == 302
    assert answer.location == f"/login?next={url}"


def test_a_visitor_who_wants_json_is_told_so(visitor: Browser) -> None:
    answer = visitor.get_json("/history/")

    assert answer.status_code == 401
    assert answer.json == {"error": "Log in first."}


def test_an_account_switched_off_is_logged_out_at_once(app: Flask, log_in: LogIn) -> None:
    anna, admin = log_in("anna"), log_in("root", role="admin")
    assert anna.get("/live/").status_code == 200

    admin.send_json(f"/admin/users/{anna.user_id}/active", {"active": False})

    assert anna.get("/live/").status_code == 302


@pytest.mark.parametrize(
    "url",
    [
        "/actions/",
        "/actions/check",
        "/feedback/preview",
        "/negatives/",
        "/admin/users/1/role",
        "/logout",
        "/login",
        "/signup",
        "/accounts/password",
    ],
)
def test_a_change_without_the_token_is_refused(log_in: LogIn, url: str) -> None:
    browser = log_in("root", role="admin")

    answer = browser.client.post(url, json={}, headers={"Accept": "application/json"})

    assert answer.status_code == 400
    assert "out of date" in answer.get_json()["error"]


def test_what_does_not_exist_says_so_in_both_forms(log_in: LogIn) -> None:
    anna = log_in("anna")

    page, json = anna.get("/nowhere"), anna.get_json("/nowhere")

    assert (page.status_code, json.status_code) == (404, 404)
    assert "<h1" in page.text
    assert set(json.get_json()) == {"error"}


def test_a_method_that_is_not_taken_names_those_that_are(log_in: LogIn) -> None:
    answer = log_in("anna").send_json("/history/", {})

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
