"""The three stores that queues may lie in, as real servers and files that can be taken away in the middle."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg

from tests import redis
from tests.postgres import PostgresServer

STORES = ("sqlite", "redis", "postgresql")


@dataclass(frozen=True)
class Store:
    """url: what setting queue_url says of it. go: from now on it answers nobody, until come_back is called."""

    url: str
    go: Callable[[], None]
    come_back: Callable[[], None]


@contextmanager
def sqlite_store(file: Path) -> Iterator[Store]:
    """Locked by somebody else while it is gone."""
    lock = ExitStack()

    def go() -> None:
        connection = sqlite3.connect(file, isolation_level=None)
        lock.callback(connection.close)
        connection.execute("BEGIN EXCLUSIVE")

    with lock:
        yield Store("", go, lock.close)


@contextmanager
def redis_store() -> Iterator[Store]:
    """Killed, and started anew without anything that was in it."""
    with redis.running_server() as server:
        yield Store(server.url, server.kill, server.start)


@contextmanager
def postgresql_store(server: PostgresServer) -> Iterator[Store]:
    """A database of its own, on a server that is stopped without warning and started anew."""
    name = f"queue_{uuid4().hex}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    yield Store(server.url_of(name), server.stop, server.start)
