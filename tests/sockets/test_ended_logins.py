"""What happens to open live connections when their account's logins end."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.conftest import MakeAccount
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.services import accounts
from webapp.sockets.connections import Connection
from webapp.sockets.rate import RateLimit
from webapp.sockets.server import EXTENSION
from webapp.sockets.sessions import LiveSession


@pytest.fixture
def cut(app: Flask) -> list[str]:
    return []


def open_session(app: Flask, user_id: int, name: str, cut: list[str]) -> None:
    connection = Connection(name, unsent_packets=lambda: 0, cut=lambda: cut.append(name))
    session = LiveSession(name, user_id, connection, RateLimit(60, lambda: 0.0))
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
