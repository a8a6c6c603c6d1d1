"""The schema's version: upgrading it, and saying clearly when the database is not usable."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from flask import Flask, current_app
from flask_migrate import Migrate
from sqlalchemy.exc import DatabaseError, DBAPIError

from webapp.core.errors import MoveprintError
from webapp.db.base import db

MIGRATIONS_DIR = Path(__file__).resolve().parent.parent.parent / "migrations"


class DatabaseUnavailableError(MoveprintError):
    """The database cannot be read, or its tables are not those of this version. HTTP 503."""


def init_migrations(app: Flask) -> None:
    Migrate(app, db, directory=str(MIGRATIONS_DIR), render_as_batch=True, compare_type=True)


def latest_revision() -> str:
    head = ScriptDirectory(str(MIGRATIONS_DIR)).get_current_head()
    if head is None:
        raise DatabaseUnavailableError(f"there are no migrations in {MIGRATIONS_DIR}; the installation is incomplete")
    return head


def current_revision() -> str | None:
    """The revision the database says it has; None for an empty one. Needs an app context."""
    try:
        with db.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        raise _unreadable(error) from error


def require_latest() -> None:
    """DatabaseUnavailableError with the remedy, unless the database has this version's tables."""
    current, latest = current_revision(), latest_revision()
    if current != latest:
        state = f"is at version {current}" if current else "has no tables yet"
        raise DatabaseUnavailableError(
            f"the database {shown_url()} {state}, this version of Moveprint needs {latest}: "
            "run python -m webapp migrate"
        )


def upgrade() -> str:
    """Bring the database to this version's tables; answers the revision. Needs an app context."""
    current_revision()
    try:
        command.upgrade(_config(), "head")
    except CommandError as error:
        raise DatabaseUnavailableError(
            f"the database {shown_url()} was made by another version of Moveprint: {error}"
        ) from error
    except DatabaseError as error:
        raise _unreadable(error) from error
    return latest_revision()


def downgrade(revision: str) -> None:
    """Go back to an older revision ("base" empties the database). Needs an app context."""
    command.downgrade(_config(), revision)


def _config() -> Config:
    # Flask-Migrate's own functions end the process on an error instead of raising it
    config: Config = current_app.extensions["migrate"].migrate.get_config(str(MIGRATIONS_DIR))
    return config


def shown_url() -> str:
    """The database's URL without its password."""
    return db.engine.url.render_as_string(hide_password=True)


def _unreadable(error: DBAPIError) -> DatabaseUnavailableError:
    return DatabaseUnavailableError(
        f"the database {shown_url()} cannot be used ({str(error.orig).strip()}): "
        "check that it runs and is readable, or restore it from a backup"
    )
