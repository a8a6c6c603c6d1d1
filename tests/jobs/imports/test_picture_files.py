"""The files of pictures on their way in: there when their rows are, and few of them in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete

from tests.datasets.hostile import noise
from tests.jobs.conftest import Desk
from tests.jobs.importing import (
    counts,
    figures,
    findings,
    imported,
    stored_files,
)
from webapp.config import Settings
from webapp.datasets.picture_file import PictureLimits
from webapp.datasets.picture_store import store_of
from webapp.datasets.records import Finding
from webapp.db.base import db
from webapp.db.datasets import Picture
from webapp.db.engine import transaction
from webapp.jobs import import_pictures
from webapp.jobs.import_sources import Incoming


def test_a_file_that_somebody_deletes_before_its_row_is_there_is_written_again(
    desk: Desk, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = figures(tmp_path / "f", "a.jpg", "b.jpg")
    put_again = import_pictures.Preparer.put_again

    def with_a_deletion_before(self: import_pictures.Preparer, prepared: import_pictures.Prepared) -> None:
        assert prepared.stored is not None
        self._store.delete(prepared.stored.sha256, prepared.stored.suffix)  # as delete_unused of another process
        put_again(self, prepared)

    monkeypatch.setattr(import_pictures.Preparer, "put_again", with_a_deletion_before)
    assert imported(desk, settings, **{"from": str(folder)})[1] == "succeeded"
    assert sum(name.count("-") == 0 for name in stored_files(settings)) == 2


def test_a_picture_that_somebody_deletes_while_it_is_taken_for_known_is_refused(
    desk: Desk, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = figures(tmp_path / "f", "a.jpg")
    imported(desk, settings, **{"from": str(folder)})
    prepare = import_pictures.Preparer.prepare

    def with_a_deletion_after(
        self: import_pictures.Preparer, item: Incoming | Finding
    ) -> import_pictures.Prepared | Finding:
        prepared = prepare(self, item)
        with desk.app.app_context(), transaction() as session:
            session.execute(delete(Picture))
        return prepared

    monkeypatch.setattr(import_pictures.Preparer, "prepare", with_a_deletion_after)
    job_id, state = imported(desk, settings, **{"from": str(folder)})
    assert (state, counts(desk.app)[:2]) == ("failed", (0, 0))
    assert "hand it in again" in findings(desk.app, job_id)[0][2]


@pytest.fixture
def preparer(settings: Settings, desk: Desk) -> import_pictures.Preparer:
    with desk.app.app_context():
        known = import_pictures.KnownFiles(db.session(), desk.dataset_id)
    limits = PictureLimits(settings.max_picture_bytes, settings.max_picture_pixels)
    return import_pictures.Preparer(store_of(settings), limits, known)


def test_what_waits_for_its_transaction_keeps_no_decoded_picture(preparer: import_pictures.Preparer) -> None:
    frame = np.asarray(noise(640, 480))
    prepared = preparer.prepare(Incoming("v.mp4#0", "video", "s", pixels=frame))
    assert isinstance(prepared, import_pictures.Prepared)
    assert prepared.incoming.pixels is None
    assert len(prepared.data) > 0


def frames(count: int, width_px: int = 8, height_px: int = 8) -> Iterator[Incoming]:
    for number in range(count):
        yield Incoming(str(number), "video", "s", pixels=np.full((height_px, width_px, 3), number, np.uint8))


def test_pictures_come_out_in_their_order_with_their_files_on_the_disk(
    preparer: import_pictures.Preparer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, last_is_kept = preparer.keep, threading.Event()

    def the_first_after_the_last(item: import_pictures.Prepared | Finding) -> import_pictures.Prepared | Finding:
        name = item.incoming.file_name if isinstance(item, import_pictures.Prepared) else item.file_name
        if name == "0":
            assert last_is_kept.wait(20)
        kept = keep(item)
        if name == "5":
            last_is_kept.set()
        return kept

    monkeypatch.setattr(preparer, "keep", the_first_after_the_last)
    store = store_of(settings)
    with import_pictures.ReadAhead(preparer) as reading:
        names = []
        for item in reading.ready([Finding("no picture", "it is none"), *frames(6)]):
            if isinstance(item, Finding):
                names.append(item.file_name)
                continue
            assert item.stored is not None
            assert store.has(item.stored.sha256, item.stored.suffix)
            names.append(item.incoming.file_name)
    assert names == ["no picture", *"012345"]


@pytest.mark.parametrize(("size_px", "ahead"), [((8, 8), 31), ((1500, 1000), 11)], ids=["small", "large"])
def test_fewer_pictures_are_read_ahead_the_larger_they_are(
    preparer: import_pictures.Preparer, size_px: tuple[int, int], ahead: int
) -> None:
    asked_for: list[str] = []

    def noted() -> Iterator[Incoming]:
        for item in frames(50, *size_px):
            asked_for.append(item.file_name)
            yield item

    with import_pictures.ReadAhead(preparer) as reading:
        ready = reading.ready(noted())
        for _ in range(5):
            next(ready)
        assert len(asked_for) == 5 + ahead
