"""The database alone, without the web: for jobs and commands."""

from __future__ import annotations

from flask import Flask

from webapp.config import Settings
from webapp.db import accounts, actions, datasets, feedback, history, jobs, models, runs
from webapp.db.engine import init_database
from webapp.db.schema import init_migrations

TABLES = (accounts, actions, datasets, feedback, history, jobs, models, runs)
"""Every module of tables is imported: they refer to each other by name."""


def database_app(settings: Settings) -> Flask:
    """An app whose context has the database and the settings, and nothing else. Opens no connection."""
    app = Flask("webapp", instance_path=str(settings.instance_dir.resolve()))
    app.config["MOVEPRINT_SETTINGS"] = settings
    init_database(app, settings.sqlalchemy_url)
    init_migrations(app)
    return app
