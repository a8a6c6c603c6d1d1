"""Imports of pictures that the dataset has already: what is new of their labels comes in, what people did stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.jobs.conftest import Desk
from tests.jobs.importing import coco_folder, counts, findings, imported
from webapp.config import Settings
from webapp.db.base import db, utc_now
from webapp.db.datasets import LabelRevision, Sample
from webapp.db.engine import transaction
from webapp.db.jobs import Job
from webapp.jobs import imports
from webapp.jobs.import_rows import KNOWN


def of_a_teacher(desk: Desk) -> None:
    """Every label is a model's proposal from now on."""
    with desk.app.app_context(), transaction() as session:
        session.execute(update(Sample).values(state="proposed", teacher="blazepose_lite", bone_error=1.0))
        session.execute(update(LabelRevision).values(state="proposed", origin="teacher"))


def test_reviewed_labels_take_the_place_of_proposals_and_the_corrected_ones_stay(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    folder = coco_folder(tmp_path / "coco", range(4))
    imported(desk, settings, **{"from": str(folder)})
    of_a_teacher(desk)
    with desk.app.app_context(), transaction() as session:
        corrected = session.scalars(select(Sample).order_by(Sample.position)).first()
        assert corrected is not None
        corrected.state = "reviewed"
        session.get_one(LabelRevision, (corrected.id, 1)).label = b"another"
    job_id, state = imported(desk, settings, **{"from": str(folder)})
    assert (state, counts(desk.app)[:3]) == ("succeeded", (4, 4, 7))
    first, *others = [reason for _, _, reason in findings(desk.app, job_id)]
    assert first.endswith("1 label left out, since others are there already")
    assert all(reason.endswith("what was new of its labels was added") for reason in others)
    with desk.app.app_context():
        samples = list(db.session.scalars(select(Sample).order_by(Sample.position)))
        assert [(one.state, one.revision) for one in samples] == [("reviewed", 1), *[("reviewed", 2)] * 3]
        assert [(one.teacher, one.bone_error, one.extra) for one in samples[1:]] == [(None, None, "{}")] * 3


def test_nothing_is_labelled_after_an_import_that_brought_nothing_new(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    wanted = {"from": str(coco_folder(tmp_path / "coco", range(2))), "label_with": "blazepose_lite"}
    assert [imported(desk, settings, **wanted)[1] for _ in range(2)] == ["succeeded"] * 2
    with desk.app.app_context():
        assert db.session.query(Job).filter_by(kind="propose").count() == 1


def test_somebody_deleted_does_not_come_again_with_the_others(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    folder = coco_folder(tmp_path / "coco", range(1))
    imported(desk, settings, **{"from": str(folder)})
    with desk.app.app_context(), transaction() as session:
        gone = session.scalars(select(Sample)).one()
        gone.deleted_at = utc_now()
        rest = {"dataset_id": gone.dataset_id, "picture_id": gone.picture_id, "state": "unlabelled", "position": 1}
        session.add(Sample(**rest, x1_px=0, y1_px=0, x2_px=9, y2_px=9))
    job_id, _ = imported(desk, settings, **{"from": str(folder)})
    assert counts(desk.app)[:3] == (1, 2, 1)
    assert [reason for _, _, reason in findings(desk.app, job_id)] == [KNOWN]


def test_proposals_are_back_when_an_import_that_replaced_them_is_taken_back(
    desk: Desk, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = coco_folder(tmp_path / "coco", range(3))
    imported(desk, settings, **{"from": str(folder)})
    of_a_teacher(desk)
    monkeypatch.setattr(imports, "unmark", lambda *_: 1 / 0)
    assert imported(desk, settings, **{"from": str(folder)})[1] == "failed"
    assert counts(desk.app)[:3] == (3, 3, 3)
    with desk.app.app_context():
        samples = list(db.session.scalars(select(Sample)))
        assert {(one.state, one.revision, one.teacher) for one in samples} == {("proposed", 1, "blazepose_lite")}
        assert {one.extra for one in samples} == {"{}"}
