"""How the database is reached."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from webapp.core.errors import InvalidInputError
from webapp.db.base import db
from webapp.db.engine import database_url, transaction
from webapp.db.schema import upgrade


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_gets_the_driver_that_suits_eventlet(scheme: str) -> None:
    url = database_url(f"{scheme}://anna:p%40ss@db.example:5433/moves?sslmode=require")

    assert url == "postgresql+psycopg2://anna:p%40ss@db.example:5433/moves?sslmode=require"


@pytest.mark.parametrize("url", ["mysql://localhost/x", "no url", "://", "oracle://x"])
def test_an_unknown_database_is_refused_with_what_is_supported(url: str) -> None:
    with pytest.raises(InvalidInputError, match="database_url"):
        database_url(url)


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
