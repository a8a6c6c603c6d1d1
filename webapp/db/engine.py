"""How the database is reached: the URL's driver, SQLite's settings per connection, short transactions."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from sqlalchemy.orm import Session

from webapp.core.errors import InvalidInputError
from webapp.db.base import db

BUSY_TIMEOUT_MS = 5000
"""How long another's write is waited for before giving up."""
LOOK_AGAIN_S = 0.02
PASSING_FAULTS = (OperationalError, InterfaceError, NoFreeConnection, OSError)
"""What a database raises that may do the same a little later: locked, full, restarted, not reachable."""


def database_url(url: str) -> str:
    """The URL with the driver this product uses; InvalidInputError where the database is not one it knows."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InvalidInputError("setting database_url is not an SQLAlchemy URL such as postgresql://...") from error
    backend = parsed.drivername.split("+")[0]
    if backend == "sqlite":
        return url
    if backend in {"postgres", "postgresql"}:
        # psycopg 3, SQLAlchemy's own default, blocks every greenlet under eventlet
        return parsed.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
    raise InvalidInputError(f"setting database_url names {backend!r}; supported are sqlite and postgresql")


def init_database(app: Flask, url: str) -> None:
    """Bind the tables to this app; opens no connection."""
    url = database_url(url)
    path = make_url(url).database
    if url.startswith("sqlite") and path and path != ":memory:":
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {} if url.startswith("sqlite") else {"pool_pre_ping": True}
    try:
        db.init_app(app)
        with app.app_context():
            if db.engine.dialect.name == "sqlite":
                event.listen(db.engine, "connect", _set_up_sqlite)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise InvalidInputError(f"the driver of setting database_url is not installed: {error}") from error


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA secure_delete = ON")  # what is deleted is not left in free pages
    finally:
        cursor.close()


@contextmanager
def transaction(patience_s: float = BUSY_TIMEOUT_MS / 1000) -> Iterator[Session]:
    """The session, committed at the end and rolled back on any error. Nothing in it may wait for anything else.

    OperationalError when another's write has not ended within patience_s; meanwhile other greenlets run.
    """
    session: Session = db.session()
    try:
        _begin_writing(session, patience_s)
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


def _begin_writing(session: Session, patience_s: float) -> None:
    """Take SQLite's one right to write. Its own wait for it would hold up the whole process under eventlet."""
    connection = session.connection()
    raw = connection.connection.driver_connection
    if not isinstance(raw, sqlite3.Connection) or raw.in_transaction:
        return
    until_s = time.monotonic() + patience_s
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                return
            except OperationalError as error:
                code = getattr(error.orig, "sqlite_errorcode", None)
                if code != sqlite3.SQLITE_BUSY or time.monotonic() >= until_s:
                    raise
            time.sleep(LOOK_AGAIN_S)
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


def forget_log() -> None:
    """Take out of SQLite's log what was deleted, as far as nobody reads there just now; after a transaction."""
    if db.engine.dialect.name == "sqlite":
        # a reader that is in the way answers as a row, not as an error; then the next checkpoint does it
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 0")
            try:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


@contextmanager
def unless_taken(sentence: str) -> Iterator[None]:
    """Translate a unique constraint's refusal, which settles a race that a look beforehand cannot."""
    try:
        yield
    except IntegrityError as error:
        raise InvalidInputError(sentence) from error
