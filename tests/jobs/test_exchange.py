"""Exported, taken in by another dataset and exported again: nothing is lost on the way through store and database."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import select

from tests.dataset_seeding import seed_dataset
from tests.jobs.conftest import Desk
from tests.jobs.importing import add_job, do_job
from webapp.config import Settings
from webapp.core.skeleton import UPPER_BODY_6, Skeleton
from webapp.core.skeleton_json import skeleton_reference
from webapp.datasets.label_bytes import from_bytes
from webapp.db.base import db
from webapp.db.datasets import Dataset, LabelRevision, PicturedPerson, Sample
from webapp.db.engine import transaction
from webapp.services.jobs import result_of
from webapp.services.picture_files import exports_dir

STATES = ["reviewed", "proposed", "unlabelled", "excluded"]


def exported(desk: Desk, settings: Settings, dataset_id: str, format_: str) -> Path:
    job_id = add_job(
        desk.app, desk.owner_id, dataset_id, "export", format=format_, version=None, states=STATES, side_px=48
    )
    job = do_job(desk.app, settings, job_id)
    assert job.state == "succeeded", job.message
    result = result_of(job)
    assert result is not None
    return exports_dir(settings, job_id) / str(result["file"])


def taken_in(desk: Desk, settings: Settings, path: Path, name: str, skeleton: Skeleton = UPPER_BODY_6) -> str:
    with desk.app.app_context(), transaction() as session:
        reference = json.dumps(skeleton_reference(skeleton))
        dataset = Dataset(owner_id=desk.owner_id, name=name, name_key=name.casefold(), skeleton=reference)
        session.add(dataset)
        session.flush()
        dataset_id = dataset.id
    job = do_job(desk.app, settings, add_job(desk.app, desk.owner_id, dataset_id, **{"from": str(path)}))
    assert job.state == "succeeded", job.message
    return dataset_id


def told(desk: Desk, dataset_id: str) -> list[tuple[object, ...]]:
    """Every sample with all that an export holds of it, to the bit."""
    with desk.app.app_context():
        of_label = (LabelRevision.sample_id == Sample.id) & (LabelRevision.revision == Sample.revision)
        query = select(Sample, LabelRevision.label, PicturedPerson.name).outerjoin(LabelRevision, of_label)
        query = query.outerjoin(PicturedPerson, PicturedPerson.id == Sample.person_id)
        rows = db.session.execute(query.where(Sample.dataset_id == dataset_id).order_by(Sample.position)).all()
        return [
            (
                (sample.x1_px, sample.y1_px, sample.x2_px, sample.y2_px),
                None if label is None else _label_told(label),
                *(sample.state, sample.teacher, sample.split, person, sample.picture.session, sample.picture.source),
                (sample.picture.width_px, sample.picture.height_px),
            )
            for sample, label, person in rows
        ]


def _label_told(packed: bytes) -> tuple[object, ...]:
    _, label = from_bytes(packed)
    assert label is not None
    confidence = None if label.confidence is None else label.confidence.tolist()
    return np.nan_to_num(label.keypoints_px, nan=-1).tolist(), label.visibility.tolist(), confidence


@pytest.mark.parametrize("format_", ["coco", "cvat", "yolo"])
def test_another_dataset_has_the_same_samples(desk: Desk, settings: Settings, format_: str) -> None:
    with desk.app.app_context():
        seeded = seed_dataset(desk.owner, settings.instance_dir, 13, name="Drawn").dataset_id
    first = told(desk, seeded)
    other = taken_in(desk, settings, exported(desk, settings, seeded, format_), "Other")
    assert sorted(map(repr, told(desk, other))) == sorted(map(repr, first))


def test_a_training_archive_taken_in_and_exported_again_is_equal_in_every_array(desk: Desk, settings: Settings) -> None:
    with desk.app.app_context():
        seeded = seed_dataset(desk.owner, settings.instance_dir, 13, name="Drawn").dataset_id
    path = exported(desk, settings, seeded, "npz")
    first = arrays(path)
    again = arrays(exported(desk, settings, taken_in(desk, settings, unpacked(path), "Crops"), "npz"))
    assert len(first["images"]) >= 9
    assert first.keys() == again.keys()
    for key, array in first.items():
        np.testing.assert_array_equal(array, again[key], key)


def unpacked(path: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        return Path(archive.extract("dataset.npz", path.parent / "unpacked"))


def arrays(path: Path) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(path) as archive, np.load(io.BytesIO(archive.read("dataset.npz"))) as found:
        return {key: found[key] for key in found.files}
