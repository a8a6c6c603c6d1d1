"""The same migrations make the same tables on SQLite and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import CheckConstraint, inspect, select, text
from sqlalchemy.exc import IntegrityError

from webapp.app import create_app
from webapp.config import Settings
from webapp.db import datasets, jobs, runs  # noqa: F401
from webapp.db.accounts import ROLES, Role
from webapp.db.actions import Action
from webapp.db.base import Base, db
from webapp.db.engine import transaction
from webapp.db.feedback import Feedback, Tuning
from webapp.db.models import ModelSpeed, StoredChoice
from webapp.db.schema import (
    DatabaseUnavailableError,
    current_revision,
    downgrade,
    latest_revision,
    require_latest,
    upgrade,
)


def differences() -> list[object]:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def test_an_empty_database_comes_to_the_latest_version_and_differs_in_nothing(empty_app: Flask) -> None:
    upgrade()

    assert current_revision() == latest_revision()
    assert differences() == []
    assert set(db.session.scalars(select(Role.name))) == set(ROLES)


def test_every_check_of_the_tables_is_in_the_database(empty_app: Flask) -> None:
    """Alembic does not compare CHECK constraints, so they are compared by name."""
    upgrade()
    wanted = {
        (table.name, constraint.name)
        for table in Base.metadata.sorted_tables
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }

    inspector = inspect(db.engine)
    found = {
        (table.name, constraint["name"])
        for table in Base.metadata.sorted_tables
        for constraint in inspector.get_check_constraints(table.name)
    }

    assert found == wanted


def test_upgrading_twice_changes_nothing(empty_app: Flask) -> None:
    upgrade()
    db.session.execute(text("INSERT INTO first_admin_tokens VALUES ('x', '2026-01-01')"))
    db.session.commit()

    upgrade()

    assert db.session.scalar(text("SELECT count(*) FROM first_admin_tokens")) == 1


def test_downgrading_leaves_nothing_behind(empty_app: Flask) -> None:
    upgrade()
    db.session.remove()

    downgrade("base")

    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    upgrade()
    assert differences() == []


def test_what_people_recorded_before_feedback_existed_survives_it_and_the_way_back(empty_app: Flask) -> None:
    upgrade()
    db.session.remove()
    downgrade("0001")
    for statement in (
        "INSERT INTO users (id, username, username_key, password, fs_uniquifier, bank_number, created_at) "
        "VALUES (7, 'anna', 'anna', 'x', 'x', 3, '2026-01-01')",
        "INSERT INTO actions (id, owner_id, name, name_key, created_at) "
        "VALUES ('a', 7, 'Squat', 'squat', '2026-01-01')",
        "INSERT INTO takes (id, action_id, client_key, sequence, frames, duration_s, trim_start_s, trim_end_s, source, "
        "detector, pose_model, created_at) VALUES ('t', 'a', 'k', 'x', 5, 1, 0, 1, 'webcam', 'd', 'p', '2026-01-01')",
    ):
        db.session.execute(text(statement))
    db.session.commit()
    db.session.remove()

    upgrade()

    action = db.session.get(Action, "a")
    assert action is not None
    assert (action.mirror, action.threshold_factor, action.set_factor, action.set_number) == (False, 1, 1, 0)
    assert [take.id for take in action.takes] == ["t"]
    feedback = Feedback(owner_id=7, client_key="k", kind="wrong", number=4)
    feedback.tunings = [Tuning(action_id="a", bound="at_most", factor=0.8, factor_before=1.0)]
    db.session.add(feedback)
    db.session.commit()
    db.session.remove()

    downgrade("0001")

    assert db.session.scalar(text("SELECT name FROM actions")) == "Squat"
    assert db.session.scalar(text("SELECT count(*) FROM takes")) == 1
    assert not {"feedback", "tunings", "negatives"} & set(inspect(db.engine).get_table_names())
    db.session.remove()
    upgrade()
    assert differences() == []


def test_choices_of_models_outlive_who_made_them_but_not_the_way_back(empty_app: Flask) -> None:
    upgrade()
    db.session.execute(
        text(
            "INSERT INTO users (id, username, username_key, password, fs_uniquifier, bank_number, created_at) "
            "VALUES (7, 'anna', 'anna', 'x', 'x', 3, '2026-01-01')"
        )
    )
    db.session.add(StoredChoice(number=1, detector="auto", pose_model="blazepose_lite", chosen_by=7))
    db.session.add(ModelSpeed(role="pose", name="blazepose_lite", runtime="litert", ms=3.5, machine="here", threads=2))
    db.session.commit()
    db.session.execute(text("DELETE FROM users WHERE id = 7"))
    db.session.commit()

    assert db.session.execute(select(StoredChoice.chosen_by, StoredChoice.rolled_back)).one() == (None, False)
    db.session.remove()

    downgrade("0002")

    assert not {"model_choices", "model_speeds"} & set(inspect(db.engine).get_table_names())
    upgrade()
    assert differences() == []


@pytest.mark.parametrize(
    "row",
    [
        {"number": 1, "detector": "auto"},
        {"number": 0},
        {"number": 1, "previous_number": 5},
    ],
)
def test_a_choice_that_makes_no_sense_is_not_stored(empty_app: Flask, row: dict[str, object]) -> None:
    upgrade()

    with pytest.raises(IntegrityError), transaction() as session:
        session.add(StoredChoice(**row))


def test_an_empty_database_says_what_to_run(empty_app: Flask) -> None:
    with pytest.raises(DatabaseUnavailableError, match=r"has no tables yet.* run python -m webapp migrate"):
        require_latest()


def test_a_database_of_a_later_version_is_left_alone(empty_app: Flask) -> None:
    upgrade()
    db.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    db.session.commit()

    with pytest.raises(DatabaseUnavailableError, match="made by another version"):
        upgrade()
    with pytest.raises(DatabaseUnavailableError, match="is at version 9999"):
        require_latest()


def test_a_migration_that_fails_leaves_the_database_as_it_was(empty_app: Flask) -> None:
    """One table is in the way; none of those before it may stay."""
    db.session.execute(text("CREATE TABLE takes (n INTEGER)"))
    db.session.commit()
    db.session.remove()

    with pytest.raises(DatabaseUnavailableError, match="already exists"):
        upgrade()

    assert set(inspect(db.engine).get_table_names()) <= {"takes", "alembic_version"}
    assert current_revision() is None


def test_a_damaged_file_says_so_and_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "moveprint.sqlite3"
    path.write_bytes(b"this is no database, but it may be somebody's" * 100)
    before = path.read_bytes()
    app = create_app(Settings(instance_dir=tmp_path, async_mode="threading"))

    for use in (require_latest, upgrade):
        with app.app_context(), pytest.raises(DatabaseUnavailableError, match=r"cannot be used .*not a database"):
            use()

    assert path.read_bytes() == before


def test_a_server_that_does_not_run_says_so(tmp_path: Path) -> None:
    url = f"postgresql://user:secret@/db?host={tmp_path}"
    app = create_app(Settings(instance_dir=tmp_path, database_url=url, async_mode="threading"))

    with app.app_context(), pytest.raises(DatabaseUnavailableError, match="check that it runs") as caught:
        require_latest()

    assert "secret" not in str(caught.value)
