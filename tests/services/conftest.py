"""Services are held to the same claims on both databases."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from webapp.app import create_app
from webapp.config import Settings
from webapp.db.base import Base, db
from webapp.db.engine import database_url
from webapp.db.schema import upgrade


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def settings(request: pytest.FixtureRequest, tmp_path: Path, migrated_database: Path) -> Settings:
    """In place of the general one: once with SQLite, once with PostgreSQL."""
    if request.param == "sqlite":
        shutil.copy(migrated_database, tmp_path / "moveprint.sqlite3")
        return Settings(instance_dir=tmp_path, async_mode="threading")
    url: str = request.getfixturevalue("postgres_url")
    settings = Settings(instance_dir=tmp_path, database_url=url, async_mode="threading")
    _empty(url)
    with create_app(settings).app_context():
        upgrade()
        db.engine.dispose()
    return settings


def _empty(url: str) -> None:
    """Take out every row, but the roles, which belong to the tables; and every table of an unfinished other test."""
    engine = create_engine(database_url(url))
    with engine.begin() as connection:
        known = set(connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")))
        tables = [table.name for table in Base.metadata.sorted_tables if table.name != "roles"]
        if known >= set(tables):
            connection.execute(text(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY"))
        else:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
