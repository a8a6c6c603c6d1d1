"""Files of an import come in pieces: continued, repeated, refused, started, swept."""

from __future__ import annotations

import datetime as dt
import io
import os
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import MakeAccount
from tests.services.datasets import account
from webapp.config import Settings
from webapp.core.errors import InvalidInputError, MoveprintError, NotAllowedError, NotFoundError
from webapp.core.skeleton import UPPER_BODY_6
from webapp.datasets.records import Finding
from webapp.datasets.uploads import upload_path, uploads_dir
from webapp.db.accounts import User
from webapp.db.base import db, utc_now
from webapp.db.datasets import DatasetMember
from webapp.db.engine import transaction
from webapp.db.jobs import Job, JobFile
from webapp.services import datasets, import_drafts, imports, jobs
from webapp.services.import_wishes import ImportWishes
from webapp.services.imports import GapError, Piece

CONTENT = bytes(range(256)) * 20
FILES = ImportWishes(session="Monday", rights=True)


@pytest.fixture
def anna(make_account: MakeAccount, context: None) -> User:
    return account(make_account("anna"))


@pytest.fixture
def dataset_id(anna: User) -> str:
    return datasets.create_dataset(anna, "Arms", UPPER_BODY_6).id


@pytest.fixture
def job_id(anna: User, dataset_id: str) -> str:
    return imports.begin_import(anna, dataset_id, FILES).id


class Hand:
    """Hands in pieces as one person to one import."""

    def __init__(self, actor: User, dataset_id: str, job_id: str) -> None:
        self.ids = actor, dataset_id, job_id

    def give(self, name: str, content: bytes = CONTENT, offset: int = 0, end: int | None = None) -> int:
        part = content[offset:end]
        piece = Piece(name, len(content), offset, len(part))
        return imports.receive_piece(*self.ids, piece, io.BytesIO(part))


@pytest.fixture
def hand(anna: User, dataset_id: str, job_id: str) -> Hand:
    return Hand(anna, dataset_id, job_id)


def stored(settings: Settings, job_id: str, name: str) -> bytes:
    file = db.session.query(JobFile).filter_by(job_id=job_id, name=name).one()
    return upload_path(settings.instance_dir, job_id, file.id).read_bytes()


def test_a_file_that_comes_in_pieces_is_whole_in_the_end(hand: Hand, settings: Settings, job_id: str) -> None:
    received = [
        hand.give("a/b.jpg", end=2000),
        hand.give("a/b.jpg", offset=2000, end=4000),
        hand.give("a/b.jpg", offset=4000),
    ]

    assert received == [2000, 4000, len(CONTENT)]
    assert stored(settings, job_id, "a/b.jpg") == CONTENT


def test_a_piece_that_is_repeated_does_no_harm(hand: Hand, settings: Settings, job_id: str) -> None:
    hand.give("b.jpg", end=3000)

    assert hand.give("b.jpg", end=1000) == 3000
    assert hand.give("b.jpg", offset=1000) == len(CONTENT)
    assert stored(settings, job_id, "b.jpg") == CONTENT


def test_a_gap_is_refused_with_where_to_go_on(hand: Hand) -> None:
    hand.give("b.jpg", end=1000)

    with pytest.raises(GapError, match="1000 bytes are here") as gap:
        hand.give("b.jpg", offset=1001)

    assert gap.value.received_bytes == 1000


class BrokenOff:
    """A body whose connection is lost after its first megabyte."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def read(self, size: int, /) -> bytes:
        if self._content.tell():
            raise ConnectionResetError("the connection was lost")
        return self._content.read(size)


def test_of_a_piece_that_breaks_off_what_came_is_kept(
    anna: User, dataset_id: str, job_id: str, hand: Hand, settings: Settings
) -> None:
    content = os.urandom(2 * 2**20 + 5)
    piece = Piece("film.mp4", len(content), 0, len(content))

    with pytest.raises(ConnectionResetError):
        imports.receive_piece(anna, dataset_id, job_id, piece, BrokenOff(content))

    (file,) = imports.files_of(anna, dataset_id, job_id)
    assert file.received_bytes == 2**20
    assert hand.give("film.mp4", content, offset=2**20) == len(content)
    assert stored(settings, job_id, "film.mp4") == content


def test_a_picture_larger_than_the_limit_is_refused_and_a_video_is_not(
    app: Flask, settings: Settings, hand: Hand
) -> None:
    app.config["MOVEPRINT_SETTINGS"] = replace(settings, max_picture_bytes=4096)

    with pytest.raises(InvalidInputError, match=r"a picture may have 4\.1 KB"):
        hand.give("large.png")
    assert hand.give("film.mp4") == len(CONTENT)


def test_all_files_together_keep_to_the_limit(app: Flask, settings: Settings, hand: Hand) -> None:
    app.config["MOVEPRINT_SETTINGS"] = replace(settings, max_import_bytes=2 * len(CONTENT))
    hand.give("one.jpg")
    hand.give("two.jpg", end=10)

    with pytest.raises(InvalidInputError, match="in all"):
        hand.give("three.jpg")
    assert hand.give("two.jpg", offset=10) == len(CONTENT)


def test_an_import_takes_so_many_files(app: Flask, settings: Settings, hand: Hand) -> None:
    app.config["MOVEPRINT_SETTINGS"] = replace(settings, max_import_pictures=2)
    hand.give("one.jpg")
    hand.give("two.jpg")

    with pytest.raises(InvalidInputError, match="takes 2 files"):
        hand.give("three.jpg")


def test_a_file_of_another_size_under_the_same_name_has_to_be_taken_out_first(
    hand: Hand, anna: User, dataset_id: str, job_id: str, settings: Settings
) -> None:
    hand.give("a.jpg", end=100)

    with pytest.raises(InvalidInputError, match="take it out"):
        hand.give("a.jpg", CONTENT[:-1])
    imports.remove_file(anna, dataset_id, job_id, "a.jpg")

    assert not list(uploads_dir(settings.instance_dir, job_id).iterdir())
    assert hand.give("a.jpg", CONTENT[:-1]) == len(CONTENT) - 1


def test_only_whole_files_start(hand: Hand, anna: User, dataset_id: str, job_id: str) -> None:
    with pytest.raises(InvalidInputError, match="no files yet"):
        imports.start_import(anna, dataset_id, job_id)
    hand.give("a.jpg", end=100)
    with pytest.raises(InvalidInputError, match=r"1 of 1 files are not whole yet, such as a\.jpg: 100 of"):
        imports.start_import(anna, dataset_id, job_id)
    hand.give("a.jpg", offset=100)

    assert imports.start_import(anna, dataset_id, job_id).state == "queued"
    assert imports.start_import(anna, dataset_id, job_id).state == "queued"
    with pytest.raises(InvalidInputError, match="started already"):
        hand.give("b.jpg")


def test_nobody_hands_files_to_the_import_of_somebody_else(
    dataset_id: str, job_id: str, make_account: MakeAccount
) -> None:
    ben, carla = (account(make_account(name)) for name in ("ben", "carla"))
    with transaction() as session:
        session.add(DatasetMember(dataset_id=dataset_id, user_id=ben.id, role="editor"))
        session.add(DatasetMember(dataset_id=dataset_id, user_id=carla.id, role="labeller"))

    for actor, refusal in ((ben, NotFoundError), (carla, NotAllowedError)):
        refused: type[MoveprintError] = refusal
        with pytest.raises(refused):
            Hand(actor, dataset_id, job_id).give("a.jpg")
        with pytest.raises(refused):
            imports.discard_import(actor, dataset_id, job_id)


def test_a_discarded_import_leaves_nothing(
    hand: Hand, anna: User, dataset_id: str, job_id: str, settings: Settings
) -> None:
    hand.give("a.jpg")

    imports.discard_import(anna, dataset_id, job_id)

    assert db.session.get(Job, job_id) is None
    assert not db.session.query(JobFile).count()
    assert not uploads_dir(settings.instance_dir, job_id).exists()


def test_a_cancelled_import_that_never_began_leaves_no_files(
    hand: Hand, anna: User, job_id: str, settings: Settings
) -> None:
    hand.give("a.jpg")

    jobs.cancel_job(anna, job_id)

    assert not db.session.query(JobFile).count()
    assert not uploads_dir(settings.instance_dir, job_id).exists()


def test_so_many_imports_of_one_account_are_begun_and_no_more(anna: User, dataset_id: str) -> None:
    begun = [imports.begin_import(anna, dataset_id, FILES).id for _ in range(imports.MAX_DRAFTS)]
    with pytest.raises(InvalidInputError, match="discard one"):
        imports.begin_import(anna, dataset_id, FILES)

    imports.discard_import(anna, dataset_id, begun[0])

    imports.begin_import(anna, dataset_id, FILES)


def test_what_was_not_finished_is_told_with_how_much_is_there(
    hand: Hand, anna: User, dataset_id: str, job_id: str
) -> None:
    hand.give("a.jpg")
    hand.give("b.jpg", end=120)

    (draft,) = import_drafts.drafts_of(anna, dataset_id)

    assert (draft.job.id, draft.files, draft.whole_files, draft.received_bytes) == (job_id, 2, 1, len(CONTENT) + 120)


def test_what_was_left_out_before_sending_is_in_the_report(
    hand: Hand, anna: User, dataset_id: str, job_id: str
) -> None:
    hand.give("a.jpg")
    imports.note_left_out(anna, dataset_id, job_id, {"first.docx": "it is of no kind that is taken"})

    reasons = {"notes.docx": "it is of no kind that is taken", "half\ud800.txt\0": "x" * 9000}
    imports.note_left_out(anna, dataset_id, job_id, reasons)
    imports.start_import(anna, dataset_id, job_id)

    docx, odd = jobs.findings_of(anna, job_id)
    assert docx == Finding("notes.docx", "not sent: it is of no kind that is taken", "refused")
    assert odd.file_name == "half?.txt?"
    assert len(odd.reason) < 600
    with pytest.raises(InvalidInputError, match="started already"):
        imports.note_left_out(anna, dataset_id, job_id, {})


def test_what_is_noted_as_left_out_is_bounded_and_ones_own(
    dataset_id: str, anna: User, job_id: str, make_account: MakeAccount
) -> None:
    other = account(make_account("other"))

    with pytest.raises(NotFoundError):
        imports.note_left_out(other, dataset_id, job_id, {})
    with pytest.raises(InvalidInputError, match="at most 10000 files"):
        imports.note_left_out(anna, dataset_id, job_id, {str(number): "x" for number in range(10_001)})


def test_a_draft_is_swept_a_week_after_its_last_piece(
    hand: Hand, anna: User, dataset_id: str, settings: Settings, job_id: str
) -> None:
    hand.give("a.jpg")
    other = imports.begin_import(anna, dataset_id, FILES).id
    week = import_drafts.KEPT
    with transaction() as session:
        for job in session.query(Job):
            job.created_at = utc_now() - 2 * week

    assert import_drafts.delete_abandoned() == 1
    assert db.session.get(Job, other) is None
    assert import_drafts.delete_abandoned(utc_now() + week + dt.timedelta(hours=1)) == 1
    assert not uploads_dir(settings.instance_dir, job_id).exists()


def test_the_folder_of_an_import_is_for_the_server_alone(hand: Hand, settings: Settings, job_id: str) -> None:
    hand.give("a.jpg")

    folder: Path = uploads_dir(settings.instance_dir, job_id)
    assert folder.stat().st_mode & 0o077 == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())
