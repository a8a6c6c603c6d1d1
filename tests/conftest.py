"""What tests of the server share: a real app on a migrated database of its own, accounts, and browsers logged in."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_security import hash_password
from werkzeug.test import TestResponse

from tests.postgres import running_server
from webapp.app import create_app
from webapp.config import Settings
from webapp.db.accounts import Role, User
from webapp.db.base import db
from webapp.db.engine import transaction
from webapp.db.schema import upgrade
from webapp.services.account_rules import username_key

PASSWORD = "seven green bicycles"


@dataclass
class Browser:
    """A client that keeps its cookies and sends the CSRF token of the pages it has seen."""

    client: FlaskClient
    user_id: int | None = None

    @cached_property
    def token(self) -> str:
        page = self.client.get("/accounts/" if self.user_id else "/login").text
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found, "the page has no CSRF token"
        return found.group(1)

    def get(self, url: str, **options: Any) -> TestResponse:
        return self.client.get(url, **options)

    def get_json(self, url: str) -> TestResponse:
        return self.client.get(url, headers={"Accept": "application/json"})

    def send_json(self, url: str, body: object, method: str = "POST") -> TestResponse:
        headers = {"X-CSRFToken": self.token, "Accept": "application/json"}
        return self.client.open(url, method=method, json=body, headers=headers)

    def send_bytes(self, url: str, body: bytes, content_type: str = "application/json") -> TestResponse:
        headers = {"X-CSRFToken": self.token, "Accept": "application/json"}
        return self.client.post(url, data=body, content_type=content_type, headers=headers)

    def send_form(self, url: str, **fields: object) -> TestResponse:
        return self.client.post(url, data={"csrf_token": self.token, **fields})


def error_of(answer: TestResponse) -> str:
    """The sentence of a refusal in JSON, without regard to its first letter."""
    body = answer.get_json()
    assert set(body) == {"error"}, body
    sentence = str(body["error"])
    assert sentence.endswith((".", "!", "?")), sentence
    return sentence[:1].lower() + sentence[1:]


MakeAccount = Callable[..., int]
LogIn = Callable[..., Browser]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server for this run of the tests, without tables at first."""
    with running_server() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database at the latest version, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    app = create_app(Settings(instance_dir=folder, async_mode="threading"))
    with app.app_context():
        upgrade()
        # a single file: what WAL still holds beside it would not be copied
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()
    return folder / "moveprint.sqlite3"


@pytest.fixture
def settings(tmp_path: Path, migrated_database: Path) -> Settings:
    instance_dir = tmp_path / "instance"
    instance_dir.mkdir()
    shutil.copy(migrated_database, instance_dir / "moveprint.sqlite3")
    return Settings(instance_dir=instance_dir, async_mode="threading")


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def context(app: Flask) -> Iterator[None]:
    """An app context for tests that call services; not together with clients, which bring contexts of their own."""
    with app.app_context():
        yield


@pytest.fixture(scope="session")
def password_hash() -> Callable[[Flask], str]:
    """The hash of PASSWORD, made once: argon2 is slow on purpose."""
    kept: list[str] = []

    def answer(app: Flask) -> str:
        if not kept:
            with app.app_context():
                kept.append(hash_password(PASSWORD))
        return kept[0]

    return answer


@pytest.fixture
def make_account(app: Flask, password_hash: Callable[[Flask], str]) -> MakeAccount:
    """What stores an account with PASSWORD and answers its number."""

    def make(username: str, role: str = "user", email: str | None = None, active: bool = True) -> int:
        with app.app_context(), transaction() as session:
            roles = [session.query(Role).filter_by(name=role).one()]
            key = username_key(username)
            user = User(username=username, username_key=key, email=email, active=active, roles=roles)
            user.password = password_hash(app)
            session.add(user)
            session.flush()
            return user.id

    return make


@pytest.fixture
def log_in(app: Flask, make_account: MakeAccount) -> LogIn:
    """What answers the browser of a new account, logged in without the slow password."""

    def browser(username: str, role: str = "user", email: str | None = None) -> Browser:
        user_id = make_account(username, role=role, email=email)
        client = app.test_client()
        with app.app_context():
            user = db.session.get(User, user_id)
            assert user is not None
            uniquifier = user.fs_uniquifier
        with client.session_transaction() as session:
            session["_user_id"], session["_fresh"] = uniquifier, True
        return Browser(client, user_id)

    return browser


@pytest.fixture
def visitor(app: Flask) -> Browser:
    """A browser nobody has logged in with."""
    return Browser(app.test_client())
