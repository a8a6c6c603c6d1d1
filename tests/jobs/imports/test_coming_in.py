"""Imports: everything good comes in once, with its labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from tests.dataset_seeding import drawn_picture
from tests.datasets.hostile import zip_of
from tests.evaluation_data import SHARED, needs_shared_data
from tests.jobs.conftest import Desk
from tests.jobs.importing import (
    add_job,
    add_uploads,
    coco_folder,
    counts,
    do_job,
    figures,
    findings,
    imported,
    labelled_picture,
    stored_files,
)
from webapp.config import Settings
from webapp.core.skeleton import COCO_17
from webapp.core.skeleton_json import skeleton_reference
from webapp.datasets.label_bytes import from_bytes
from webapp.datasets.uploads import uploads_dir
from webapp.db.base import db
from webapp.db.datasets import Dataset, LabelRevision, Sample
from webapp.db.engine import transaction


def test_a_labelled_dataset_comes_in_with_its_labels(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    folder = coco_folder(tmp_path / "coco", range(7))
    job_id, state = imported(desk, settings, **{"from": str(folder)})
    assert (state, findings(desk.app, job_id)) == ("succeeded", [])
    assert counts(desk.app) == (7, 7, 7, 2)
    with desk.app.app_context():
        for sample in db.session.scalars(select(Sample).order_by(Sample.position)):
            wanted = labelled_picture(sample.position)[0].people[0]
            revision = db.session.get_one(LabelRevision, (sample.id, 1))
            box, label = from_bytes(revision.label)
            assert label is not None
            assert wanted.label is not None
            assert np.array_equal(label.keypoints_px, wanted.label.keypoints_px, equal_nan=True)
            assert np.array_equal(label.visibility, wanted.label.visibility)
            assert (box, sample.state, revision.origin) == (wanted.box, "reviewed", "import")
            assert (sample.picture.source, sample.picture.session) == ("coco", "monday")
            assert sample.labelled_by == desk.owner_id
        assert db.session.get_one(Dataset, desk.dataset_id).change_number == 1


def test_an_archive_is_the_same_as_its_folder(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    folder = coco_folder(tmp_path / "coco", range(3))
    entries = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    archive = tmp_path / "coco.zip"
    archive.write_bytes(zip_of(entries))
    assert imported(desk, settings, **{"from": str(archive)})[1] == "succeeded"
    assert counts(desk.app) == (3, 3, 3, 2)


def test_what_is_in_the_dataset_already_is_noted_and_not_stored_twice(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    folder = coco_folder(tmp_path / "coco", range(5))
    imported(desk, settings, **{"from": str(folder)})
    before, files = counts(desk.app), stored_files(settings)
    coco_folder(folder, range(6))
    job_id, _ = imported(desk, settings, **{"from": str(folder)})
    assert counts(desk.app)[0] == 6
    assert before[0] == 5
    assert len(stored_files(settings)) == len(files) + 1
    noted = findings(desk.app, job_id)
    assert len(noted) == 5
    assert all(kind == "noted" and "already" in reason for kind, _, reason in noted)


def test_the_same_picture_twice_in_one_import_is_one(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    folder = figures(tmp_path / "f", "a.jpg")
    (folder / "b.jpg").write_bytes((folder / "a.jpg").read_bytes())
    job_id, _ = imported(desk, settings, **{"from": str(folder)})
    assert counts(desk.app)[:2] == (1, 1)
    assert [(kind, name) for kind, name, _ in findings(desk.app, job_id)] == [("noted", "b.jpg")]


def test_uploads_are_gone_when_they_are_taken_in(desk: Desk, settings: Settings) -> None:
    job_id = add_job(desk.app, desk.owner_id, desk.dataset_id)
    add_uploads(desk.app, settings, job_id, [("a/1.jpg", drawn_picture(1).jpeg), ("a/2.jpg", drawn_picture(2).jpeg)])
    assert do_job(desk.app, settings, job_id).state == "succeeded"
    assert not uploads_dir(settings.instance_dir, job_id).exists()
    # its process ends before it can say that all is well, and the job is begun once more
    desk.set(job_id, state="queued", ended_at=None)
    again = do_job(desk.app, settings, job_id)
    assert (again.state, counts(desk.app)[0]) == ("succeeded", 2)


def test_labels_are_added_to_a_picture_that_has_none(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    imported(desk, settings, **{"from": str(coco_folder(tmp_path / "bare", range(4), labelled=False))})
    assert counts(desk.app)[:3] == (4, 4, 0)
    job_id, _ = imported(desk, settings, **{"from": str(coco_folder(tmp_path / "labelled", range(4)))})
    assert counts(desk.app)[:3] == (4, 4, 4)
    assert all("labels was added" in reason for _, _, reason in findings(desk.app, job_id))
    with desk.app.app_context():
        assert {sample.state for sample in db.session.scalars(select(Sample))} == {"reviewed"}
        assert {sample.extra for sample in db.session.scalars(select(Sample))} == {"{}"}


def test_pictures_whose_samples_were_deleted_come_in_again(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    folder = coco_folder(tmp_path / "coco", range(2))
    imported(desk, settings, **{"from": str(folder)})
    with desk.app.app_context(), transaction() as session:
        for sample in session.scalars(select(Sample)):
            sample.deleted_at = sample.added_at
    imported(desk, settings, **{"from": str(folder)})
    assert counts(desk.app)[:2] == (2, 4)


@needs_shared_data
@pytest.mark.parametrize(("name", "pictures", "labels"), [("coco_keypoints", 36, 86), ("lsp_extended", 400, 400)])
def test_the_evaluation_data_comes_in_whole(
    desk: Desk, settings: Settings, name: str, pictures: int, labels: int
) -> None:
    with desk.app.app_context(), transaction() as session:
        dataset = session.get_one(Dataset, desk.dataset_id)
        dataset.skeleton = f'"{skeleton_reference(COCO_17)}"'
    job_id, state = imported(desk, settings, **{"from": str(SHARED / "images" / name)})
    assert state == "succeeded"
    assert counts(desk.app)[0] == pictures
    assert counts(desk.app)[2] == labels
    assert not [found for found in findings(desk.app, job_id) if found[0] == "refused"]
