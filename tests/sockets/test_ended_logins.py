"""What happens to open live connections when their account's logins end."""

from __future__ import annotations

import re
import urllib.parse
import urllib.request

import pytest
from flask import Flask

from tests.conftest import MakeAccount
from tests.sockets.asking import wait_until_cut
from tests.sockets.conftest import Server
from webapp.bench.instance import PASSWORD
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.services import accounts
from webapp.sockets.connections import Connection
from webapp.sockets.server import EXTENSION
from webapp.sockets.sessions import LiveSession, session_rates


@pytest.fixture
def cut(app: Flask) -> list[str]:
    return []


def open_session(app: Flask, user_id: int, name: str, cut: list[str]) -> None:
    connection = Connection(name, unsent_packets=lambda: 0, cut=lambda: cut.append(name))
    session = LiveSession(name, user_id, connection, session_rates(60, lambda: 0.0))
    app.extensions[EXTENSION].sessions.open(session)


def test_a_new_password_cuts_the_accounts_connections_and_no_others(
    app: Flask, make_account: MakeAccount, cut: list[str]
) -> None:
    anna, bert = make_account("anna"), make_account("bert")
    open_session(app, anna, "annas", cut)
    open_session(app, bert, "berts", cut)

    with app.app_context():
        accounts.set_password(anna, "another-long-password")

    assert cut == ["annas"]


def test_switching_an_account_off_cuts_its_connections(app: Flask, make_account: MakeAccount, cut: list[str]) -> None:
    chief, anna = make_account("chief", role="admin"), make_account("anna")
    open_session(app, anna, "annas", cut)

    with app.app_context():
        accounts.set_active(db.session.get_one(User, chief), anna, active=False)

    assert cut == ["annas"]


def send_form(server: Server, username: str, path: str, **fields: str) -> None:
    """Send a form of the page as that account's browser would."""
    headers = {"Cookie": server.cookies[username]}
    page = urllib.request.urlopen(urllib.request.Request(f"{server.url}/accounts/", headers=headers))
    token = re.search(r'name="csrf-token" content="([^"]+)"', page.read().decode())
    assert token is not None
    body = urllib.parse.urlencode({"csrf_token": token.group(1), **fields}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{server.url}{path}", body, headers)).close()


def test_a_password_changed_on_the_page_ends_the_live_view(web: Server) -> None:
    web.add_account("dora")
    client, other = web.live("dora"), web.live("alice")
    new = "another-long-password"

    send_form(web, "dora", "/accounts/password", password=PASSWORD, new_password=new, new_password_confirm=new)

    wait_until_cut(client, timeout_s=1)  # by the request itself, not by the next look into the database
    assert other.connected


def test_a_password_changed_on_the_command_line_ends_the_live_view(web: Server) -> None:
    web.add_account("emil")
    client, other = web.live("emil"), web.live("alice")

    web.instance.command("user", "password", "emil", text="another-long-password\n")

    wait_until_cut(client)
    assert other.connected


def test_logging_out_ends_the_live_view_of_other_tabs(web: Server) -> None:
    web.add_account("fred")
    client, other = web.live("fred"), web.live("alice")

    send_form(web, "fred", "/logout")

    wait_until_cut(client, timeout_s=1)
    assert other.connected
