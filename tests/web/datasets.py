"""A dataset with somebody in every role, as its pages and requests meet it."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.conftest import Browser, LogIn
from tests.dataset_seeding import Seeded, seed_dataset
from webapp.config import Settings
from webapp.db.accounts import User
from webapp.db.base import db

ROLES = ("viewer", "labeller", "editor")


@pytest.fixture
def people(log_in: LogIn) -> dict[str, Browser]:
    """Logged in: the owner, one member in each role, a stranger and an administrator."""
    found = {name: log_in(name) for name in ("owner", *ROLES, "stranger")}
    return found | {"admin": log_in("admin", role="admin")}


@pytest.fixture
def arms(app: Flask, settings: Settings, people: dict[str, Browser]) -> Seeded:
    """The owner's dataset of eight samples."""
    members = {people[role].user_id or 0: role for role in ROLES}
    with app.app_context():
        owner = db.session.get_one(User, people["owner"].user_id)
        return seed_dataset(owner, settings.instance_dir, 8, members=members)


def base(arms: Seeded) -> str:
    """Where the dataset's addresses begin."""
    return f"/datasets/{arms.dataset_id}"
