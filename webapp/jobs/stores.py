"""Where the queues lie, by setting queue_url: a file of SQLite in the instance directory, a Redis, or a PostgreSQL.

Nothing here opens a connection before it is used, and whatever is said of a store never shows its password.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey
from huey.exceptions import HueyException
from huey.storage import PostgresStorage
from psycopg.conninfo import conninfo_to_dict
from redis.backoff import NoBackoff
from redis.connection import ConnectionPool, parse_url
from redis.exceptions import RedisError
from redis.retry import Retry

from webapp.config import Settings, make_instance_dir
from webapp.core.errors import InvalidInputError

FILE = "jobs.sqlite3"
ANSWER_WITHIN_S = 2
"""How long a store may take to answer, or another's write to SQLite's file to end. More than a worker's read of an
empty queue blocks (1 s), less than the supervisor waits for a heartbeat."""
REDIS = ("redis", "rediss")
POSTGRESQL = ("postgresql", "postgres")
STORE_FAULTS = (sqlite3.Error, RedisError, psycopg.Error, OSError, HueyException)
"""What a store raises that is damaged, full, restarted, or not reachable."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}")
_IN_PASSWORD = "in a name or password, %40 stands for @, %3A for :, %2F for / and %23 for #"


def require_store(settings: Settings) -> None:
    """InvalidInputError where setting queue_url names no store that there is."""
    if settings.queue_url:
        _parameters(settings.queue_url)


def new_huey(settings: Settings, name: str, **options: Any) -> Huey:
    """The queue of that name, of which its store hears nothing yet; InvalidInputError as require_store."""
    if not settings.queue_url:
        make_instance_dir(settings.instance_dir)
        file = str(file_of(settings))
        return SqliteHuey(name, filename=file, timeout=ANSWER_WITHIN_S, create_tables=False, **options)
    parameters = _parameters(settings.queue_url)
    if _scheme(settings.queue_url) in REDIS:
        return RedisHuey(name, connection_pool=ConnectionPool(**parameters), **options)
    return PostgresHuey(name, create_tables=False, **parameters, **options)


def make_ready(queue: Huey) -> None:
    """Make the tables where they are not there yet. STORE_FAULTS where the store does not answer."""
    if isinstance(queue, RedisHuey):  # which has none
        return
    try:
        queue.storage.initialize_schema()
    except psycopg.errors.UniqueViolation:  # somebody else made them at the same moment, and has just finished
        queue.storage.initialize_schema()


def close(queue: Huey) -> None:
    """Give its connections back."""
    if isinstance(queue, RedisHuey):  # of which huey closes none
        queue.storage.pool.disconnect()
    queue.storage.close()


def require_answer(queue: Huey) -> None:
    """STORE_FAULTS where the store does not answer. Changes nothing in a server."""
    if isinstance(queue.storage, PostgresStorage):
        queue.storage.sql("select 1", results=True)  # its tables may not be there yet
    else:
        make_ready(queue)
        queue.pending_count()


def file_of(settings: Settings) -> Path:
    return settings.instance_dir / FILE


def place_of(settings: Settings) -> str:
    """Where the queues lie, for people: a file, or a server's address without names and passwords."""
    if not settings.queue_url:
        return str(file_of(settings))
    parts = urlsplit(settings.queue_url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _scheme(url: str) -> str:
    scheme, separator, _ = url.partition("://")
    return scheme.lower() if separator and _SCHEME.fullmatch(scheme) else ""


def _parameters(url: str) -> dict[str, Any]:
    """What its driver is given. InvalidInputError, in which the address itself does not stand."""
    scheme = _scheme(url)
    if scheme not in REDIS + POSTGRESQL:
        said = f"begins with {scheme}://" if scheme else "is no address"
        raise InvalidInputError(
            f"setting queue_url {said}; write redis://HOST:PORT/0, rediss://... or postgresql://NAME@HOST/DATABASE, "
            "or leave it empty for a file in the instance directory"
        )
    try:
        if url.count("@") > 1:
            raise ValueError("more than one @")
        _ = urlsplit(url).port
        return _of_redis(url) if scheme in REDIS else _of_postgresql(url)
    except (ValueError, TypeError, psycopg.Error):
        # not chained: what a driver says of an address it cannot read may hold half of the password
        raise InvalidInputError(
            f"setting queue_url is no address of {scheme}:// that can be read; {_IN_PASSWORD}"
        ) from None


def _of_redis(url: str) -> dict[str, Any]:
    own = {
        "socket_timeout": ANSWER_WITHIN_S,
        "socket_connect_timeout": ANSWER_WITHIN_S,
        "retry": Retry(NoBackoff(), 0),  # else each attempt may take as long
        "decode_responses": False,
    }
    parameters = {**parse_url(url), **own}  # type: ignore[no-untyped-call]
    ConnectionPool(**parameters).make_connection()  # TypeError at an option that there is not
    return parameters


def _of_postgresql(url: str) -> dict[str, Any]:
    own = {"connect_timeout": ANSWER_WITHIN_S, "tcp_user_timeout": ANSWER_WITHIN_S * 1000}
    return {**conninfo_to_dict(url), **own}
