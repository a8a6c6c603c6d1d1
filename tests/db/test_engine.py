"""How the database is reached."""

from __future__ import annotations

import sqlite3
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from webapp.core.errors import InvalidInputError
from webapp.db.base import db
from webapp.db.engine import PASSING_FAULTS, database_url, init_database, transaction
from webapp.db.schema import upgrade


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_gets_the_driver_that_suits_eventlet(scheme: str) -> None:
    url = database_url(f"{scheme}://anna:p%40ss@db.example:5433/moves?sslmode=require")

    assert url == "postgresql+psycopg2://anna:p%40ss@db.example:5433/moves?sslmode=require"


@pytest.mark.parametrize("url", ["mysql://localhost/x", "no url", "://", "oracle://x"])
def test_an_unknown_database_is_refused_with_what_is_supported(url: str) -> None:
    with pytest.raises(InvalidInputError, match="database_url"):
        database_url(url)


def test_the_folder_of_a_new_database_is_its_owners_alone(tmp_path: Path) -> None:
    init_database(Flask("new"), f"sqlite:///{tmp_path}/new/moveprint.sqlite3")

    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_sqlite_connections_are_set_up_for_several_processes(app: Flask) -> None:
    with app.app_context():
        values = {
            name: db.session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        }

    assert values == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 5000, "synchronous": 1}


def test_foreign_keys_are_on_again_after_a_migration(empty_app: Flask) -> None:
    upgrade()

    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text("INSERT INTO users_roles VALUES (99, 1)"))


def test_a_transaction_that_fails_leaves_nothing(empty_app: Flask) -> None:
    upgrade()

    with pytest.raises(IntegrityError), transaction() as session:  # noqa: PT012  # the first must go with the second
        session.execute(text("INSERT INTO first_admin_tokens VALUES ('x', '2026-01-01')"))
        session.execute(text("INSERT INTO first_admin_tokens VALUES ('x', '2026-01-02')"))

    assert db.session.scalar(text("SELECT count(*) FROM first_admin_tokens")) == 0


@pytest.fixture
def locked(context: None) -> Iterator[sqlite3.Connection]:
    """Another process in the middle of a write into the SQLite database."""
    other = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def test_a_write_waits_for_anothers_in_steps_in_which_other_greenlets_run(
    locked: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept_s: list[float] = []

    def sleep(seconds: float) -> None:
        slept_s.append(seconds)
        if len(slept_s) == 3:
            locked.execute("COMMIT")

    monkeypatch.setattr(time, "sleep", sleep)

    with transaction() as session:
        session.execute(text("INSERT INTO first_admin_tokens VALUES ('x', '2026-01-01')"))

    assert len(slept_s) == 3
    assert db.session.scalar(text("SELECT count(*) FROM first_admin_tokens")) == 1
    assert db.session.scalar(text("PRAGMA busy_timeout")) == 5000


def test_a_write_that_may_not_wait_is_given_up_as_a_passing_fault(locked: sqlite3.Connection) -> None:
    with pytest.raises(OperationalError, match="locked") as refused, transaction(patience_s=0.0):
        pass

    assert isinstance(refused.value, PASSING_FAULTS)
    locked.execute("COMMIT")
    with transaction(patience_s=0.0) as session:
        session.execute(text("INSERT INTO first_admin_tokens VALUES ('x', '2026-01-01')"))
