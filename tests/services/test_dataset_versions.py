"""Versions: frozen for good, compared, and brought back with what was deleted since."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.conftest import MakeAccount
from tests.dataset_seeding import Seeded, seed_dataset
from tests.services.datasets import account, body_of, sample_row
from webapp.config import Settings
from webapp.core.errors import InvalidInputError, NotAllowedError, NotFoundError
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Sample, VersionSample
from webapp.db.engine import transaction
from webapp.services import erasing
from webapp.services.dataset_versions import freeze, list_versions, make_version, restore
from webapp.services.labels import LabelConflictError, save_label
from webapp.services.sample_edits import edit_samples
from webapp.services.version_comparison import Comparison, compare

COUNT = 12


@pytest.fixture
def anna(make_account: MakeAccount, context: None) -> User:
    return account(make_account("anna"))


@pytest.fixture
def arms(anna: User, settings: Settings) -> Seeded:
    return seed_dataset(anna, settings.instance_dir, COUNT)


def held(version_id: str) -> set[tuple[object, ...]]:
    db.session.expire_all()
    rows = db.session.scalars(select(VersionSample).where(VersionSample.version_id == version_id))
    return {(row.sample_id, row.revision, row.state, row.person_id, row.split) for row in rows}


def present(dataset_id: str) -> set[tuple[object, ...]]:
    db.session.expire_all()
    rows = db.session.scalars(select(Sample).where(Sample.dataset_id == dataset_id, Sample.deleted_at.is_(None)))
    return {(row.id, row.revision, row.state, row.person_id, row.split) for row in rows}


def counts(found: Comparison) -> tuple[int, int, int, int]:
    return found.added, found.removed, found.changed, found.unchanged


def changed_in_every_way(anna: User, arms: Seeded) -> None:
    """One label, one person, one split, one state, one deleted."""
    one, two, three, four, five = arms.sample_ids[:5]
    save_label(anna, arms.dataset_id, one, body_of(one, moved={0: (33, 44)}) | {"box_px": [5, 6, 70, 80]})
    edit_samples(anna, arms.dataset_id, [two], "person", arms.people["Anna"])
    edit_samples(anna, arms.dataset_id, [three], "split", "test")
    edit_samples(anna, arms.dataset_id, [four], "exclude")
    edit_samples(anna, arms.dataset_id, [five], "delete")


def test_a_version_holds_what_was_there_and_never_changes(anna: User, arms: Seeded) -> None:
    was = present(arms.dataset_id)

    made = make_version(anna, arms.dataset_id, "  before \t labelling ")
    changed_in_every_way(anna, arms)

    assert (made.version.number, made.version.note, made.made_by, made.samples) == (
        1,
        "before labelling",
        "anna",
        COUNT,
    )
    assert held(made.version.id) == was != present(arms.dataset_id)


def test_where_nothing_has_changed_the_newest_is_answered_again(anna: User, arms: Seeded) -> None:
    with transaction() as session:
        by_export = freeze(session, arms.dataset_id, "export", "", None).number
    again = make_version(anna, arms.dataset_id, "the first")
    edit_samples(anna, arms.dataset_id, arms.sample_ids[:1], "split", "test")
    other = make_version(anna, arms.dataset_id, "")

    assert (by_export, again.version.number, again.version.note, other.version.number) == (1, 1, "the first", 2)
    assert [shown.version.number for shown in list_versions(anna, arms.dataset_id)] == [2, 1]


def test_a_comparison_says_what_differs_and_shows_both_sides(anna: User, arms: Seeded) -> None:
    make_version(anna, arms.dataset_id, "")
    changed_in_every_way(anna, arms)

    found = compare(anna, arms.dataset_id, 1, None)

    assert counts(found) == (0, 1, 4, COUNT - 5)
    by_position = {one.sample.position: one for one in found.samples}
    assert {position: one.kind for position, one in by_position.items()} == {
        **dict.fromkeys(range(4), "changed"),
        4: "removed",
    }
    label, person, removed = by_position[0], by_position[1], by_position[4]
    assert label.before is not None
    assert label.after is not None
    assert (label.before.revision, label.after.revision) == (1, 2)
    assert label.before.points != label.after.points
    assert person.before is not None
    assert person.after is not None
    assert (person.before.person, person.after.person) == ("Ben", "Anna")
    assert (removed.before is None, removed.after) == (False, None)


def test_two_versions_are_compared_in_either_direction(anna: User, arms: Seeded) -> None:
    make_version(anna, arms.dataset_id, "")
    changed_in_every_way(anna, arms)
    make_version(anna, arms.dataset_id, "")

    assert counts(compare(anna, arms.dataset_id, 1, 2)) == (0, 1, 4, COUNT - 5)
    assert counts(compare(anna, arms.dataset_id, 2, 1)) == (1, 0, 4, COUNT - 5)
    assert counts(compare(anna, arms.dataset_id, 2, None)) == (0, 0, 0, COUNT - 1)
    assert [one.kind for one in compare(anna, arms.dataset_id, 2, 1).samples].count("added") == 1


def test_restoring_brings_back_everything_and_keeps_what_was_there_as_a_version(anna: User, arms: Seeded) -> None:
    sample_id = arms.sample_ids[0]
    row = sample_row(sample_id)
    box, confidence = (row.x1_px, row.y1_px, row.x2_px, row.y2_px), row.confidence
    was = present(arms.dataset_id)
    first = make_version(anna, arms.dataset_id, "")
    changed_in_every_way(anna, arms)
    later = present(arms.dataset_id)
    seen_before_restoring = body_of(sample_id, moved={1: (50, 60)})

    kept = restore(anna, arms.dataset_id, 1)

    assert present(arms.dataset_id) == was == held(first.version.id)
    assert (kept.number, kept.reason) == (2, "restore")
    assert held(kept.id) == later
    row = sample_row(sample_id)
    assert (row.x1_px, row.y1_px, row.x2_px, row.y2_px) == box
    assert row.confidence == pytest.approx(confidence)
    assert row.labelled_by is None
    with pytest.raises(LabelConflictError):
        save_label(anna, arms.dataset_id, sample_id, seen_before_restoring)
    assert save_label(anna, arms.dataset_id, sample_id, body_of(sample_id)).sample.revision == 3

    restore(anna, arms.dataset_id, 2)

    assert present(arms.dataset_id) == later
    assert counts(compare(anna, arms.dataset_id, 2, None)) == (0, 0, 0, COUNT - 1)


def test_what_came_after_a_version_is_taken_out_and_can_come_back(anna: User, arms: Seeded) -> None:
    edit_samples(anna, arms.dataset_id, arms.sample_ids[6:], "exclude")
    make_version(anna, arms.dataset_id, "")
    with transaction() as session:
        first = session.get_one(Sample, arms.sample_ids[0])
        session.expunge(first)
        columns = {
            column.key: getattr(first, column.key) for column in Sample.__table__.columns if column.key != "extra"
        }
        session.add(Sample(**columns | {"id": "a" * 32, "position": COUNT, "revision": 0, "state": "unlabelled"}))
    edit_samples(anna, arms.dataset_id, ["a" * 32], "split", "train")
    assert counts(compare(anna, arms.dataset_id, 1, None)) == (1, 0, 0, COUNT)

    kept = restore(anna, arms.dataset_id, 1)

    assert len(present(arms.dataset_id)) == COUNT
    restore(anna, arms.dataset_id, kept.number)
    assert len(present(arms.dataset_id)) == COUNT + 1


def test_a_deleted_person_is_in_no_version_any_more(anna: User, arms: Seeded) -> None:
    version = make_version(anna, arms.dataset_id, "").version

    erasing.delete_person(anna, arms.people["Anna"])

    theirs = {sample_id for number, sample_id in enumerate(arms.sample_ids) if number % 3 == 0}
    assert {row[0] for row in held(version.id)} == set(arms.sample_ids) - theirs
    restore(anna, arms.dataset_id, 1)
    assert {row[0] for row in present(arms.dataset_id)} == set(arms.sample_ids) - theirs


def test_who_may_look_lists_and_compares_and_only_editors_make_and_restore(
    anna: User, make_account: MakeAccount, settings: Settings
) -> None:
    viewer, labeller, editor = (account(make_account(role)) for role in ("viewer", "labeller", "editor"))
    stranger = account(make_account("stranger"))
    members = {viewer.id: "viewer", labeller.id: "labeller", editor.id: "editor"}
    seeded = seed_dataset(anna, settings.instance_dir, 4, members=members)
    make_version(editor, seeded.dataset_id, "")

    for actor in (viewer, labeller):
        assert len(list_versions(actor, seeded.dataset_id)) == 1
        assert counts(compare(actor, seeded.dataset_id, 1, None)) == (0, 0, 0, 4)
        with pytest.raises(NotAllowedError):
            make_version(actor, seeded.dataset_id, "")
        with pytest.raises(NotAllowedError):
            restore(actor, seeded.dataset_id, 1)
    with pytest.raises(NotFoundError):
        list_versions(stranger, seeded.dataset_id)
    restore(editor, seeded.dataset_id, 1)


def test_versions_that_are_not_there_and_notes_that_are_too_long_are_refused(anna: User, arms: Seeded) -> None:
    for attempt in (lambda: restore(anna, arms.dataset_id, 1), lambda: compare(anna, arms.dataset_id, 7, None)):
        with pytest.raises(NotFoundError, match="Arms has no version"):
            attempt()
    with pytest.raises(InvalidInputError, match="at most 200 characters, got 201"):
        make_version(anna, arms.dataset_id, "x" * 201)
