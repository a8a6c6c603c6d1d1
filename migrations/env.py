"""Runs the migrations on the app's own engine; each run is one transaction, on SQLite too."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from webapp.db.base import Base, UtcDateTime


def render_item(kind: str, item: Any, _autogen_context: Any) -> str | bool:
    """A migration must not import the tables it outlives: our own types are written as what they store."""
    return "sa.DateTime()" if kind == "type" and isinstance(item, UtcDateTime) else False


def run(connection: Connection) -> None:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        # altering a table on SQLite drops and copies it, which must not cascade to the rows that point at it;
        # the driver would commit before each CREATE, so the transaction is opened by hand
        connection.connection.driver_connection.isolation_level = None
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render_item,
        transactional_ddl=True,
        **current_app.extensions["migrate"].configure_args,
    )
    with context.begin_transaction():
        context.run_migrations()
    if sqlite:
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"the migration would leave rows that point nowhere: {broken[:3]}")
    connection.commit()


def run_online() -> None:
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        try:
            run(connection)
        finally:
            # the connection goes back to the pool with settings of its own, so it is closed for good
            connection.invalidate()


if context.is_offline_mode():
    raise SystemExit("these migrations need a database: python -m webapp migrate")
run_online()
