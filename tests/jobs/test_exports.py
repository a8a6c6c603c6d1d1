"""Exports: what goes out comes back the same, in every format, however often it is cut short."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from tests.dataset_seeding import Seeded, seed_dataset
from tests.jobs.conftest import Desk
from tests.jobs.importing import add_job, counts, do_job, findings, stored_files
from webapp.config import Settings
from webapp.core.skeleton import UPPER_BODY_6
from webapp.core.skeleton_json import skeleton_reference
from webapp.datasets.archives import open_zip
from webapp.datasets.label_bytes import from_bytes
from webapp.datasets.picture_store import store_of
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Dataset, DatasetVersion, LabelRevision, Picture, PicturedPerson, Sample
from webapp.db.engine import transaction
from webapp.jobs import exports
from webapp.services.picture_files import exports_dir

LABELS = ["proposed", "reviewed"]


@pytest.fixture
def seeded(desk: Desk, settings: Settings) -> Seeded:
    with desk.app.app_context():
        seeded = seed_dataset(db.session.get_one(User, desk.owner_id), settings.instance_dir, 10, name="Seed")
        with transaction() as session:
            for number, sample_id in enumerate(seeded.sample_ids):
                session.get_one(Sample, sample_id).split = ("train", "validation", "test", None)[number % 4]
        return seeded


def exported(desk: Desk, settings: Settings, dataset_id: str, **parameters: object) -> Path:
    wanted = {"format": "coco", "version": None, "states": LABELS, "side_px": 128, **parameters}
    job_id = add_job(desk.app, desk.owner_id, dataset_id, "export", **wanted)
    job = do_job(desk.app, settings, job_id)
    assert job.state == "succeeded", job.message
    assert findings(desk.app, job_id) == []
    result = json.loads(job.result or "{}")
    path: Path = exports_dir(settings, job_id) / result["file"]
    assert path.stat().st_size == result["size_bytes"]
    return path


def other_dataset(desk: Desk, name: str) -> str:
    with desk.app.app_context(), transaction() as session:
        text = json.dumps(skeleton_reference(UPPER_BODY_6))
        dataset = Dataset(owner_id=desk.owner_id, name=name, name_key=name.casefold(), skeleton=text)
        session.add(dataset)
        session.flush()
        return dataset.id


def content(desk: Desk, dataset_id: str) -> list[tuple[object, ...]]:
    """Everything that travels, in the order of the samples; without those that nobody labelled."""
    query = (
        select(Sample, Picture, LabelRevision, PicturedPerson.name)
        .join(Picture, Picture.id == Sample.picture_id)
        .join(LabelRevision, (LabelRevision.sample_id == Sample.id) & (LabelRevision.revision == Sample.revision))
        .outerjoin(PicturedPerson, PicturedPerson.id == Sample.person_id)
        .where(Sample.dataset_id == dataset_id)
        .order_by(Sample.position)
    )
    rows: list[tuple[object, ...]] = []
    with desk.app.app_context():
        for sample, picture, revision, person in db.session.execute(query):
            box, label = from_bytes(revision.label)
            assert label is not None
            confidence = None if label.confidence is None else label.confidence.tobytes()
            labels = (label.keypoints_px.tobytes(), label.visibility.tobytes(), confidence)
            of_picture = (picture.sha256, picture.width_px, picture.height_px, picture.source, picture.session)
            rows.append((of_picture, box, labels, sample.state, sample.split, person))
    return rows


@pytest.mark.parametrize("name", ["coco", "cvat", "yolo"])
def test_what_goes_out_comes_back_the_same(desk: Desk, settings: Settings, seeded: Seeded, name: str) -> None:
    path = exported(desk, settings, seeded.dataset_id, format=name)
    files = stored_files(settings)
    other = other_dataset(desk, "Other")
    job_id = add_job(desk.app, desk.owner_id, other, "import", **{"from": str(path)})
    job = do_job(desk.app, settings, job_id)
    assert (job.state, findings(desk.app, job_id)) == ("succeeded", [])
    came, went = content(desk, other), content(desk, seeded.dataset_id)
    # YOLO lists pictures by their split
    assert came == went if name != "yolo" else sorted(came, key=str) == sorted(went, key=str)
    # the pictures keep their hashes: nothing was encoded again
    assert [file for file in stored_files(settings) if "-" not in file] == [file for file in files if "-" not in file]


def test_a_training_archive_comes_back_as_the_same_archive(desk: Desk, settings: Settings, seeded: Seeded) -> None:
    path = exported(desk, settings, seeded.dataset_id, format="npz")
    other = other_dataset(desk, "Crops")
    job_id = add_job(desk.app, desk.owner_id, other, "import", **{"from": str(path)})
    assert do_job(desk.app, settings, job_id).state == "succeeded"
    assert findings(desk.app, job_id) == []
    again = exported(desk, settings, other, format="npz")
    one, two = (arrays(each) for each in (path, again))
    assert one.keys() == two.keys()
    assert one["images"].shape == (8, 128, 128, 1)
    assert set(one["state"].tolist()) == {"proposed", "reviewed"}
    assert len(set(one["session"].tolist())) > 1
    assert len(set(one["source"].tolist())) > 1
    for key in one.keys() - {"file_name"}:
        assert np.array_equal(one[key], two[key]), key


def arrays(path: Path) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    with zipfile.ZipFile(path) as archive, archive.open("dataset.npz") as file, np.load(file) as loaded:
        return {key: loaded[key] for key in loaded}


def test_an_export_freezes_what_it_packs_and_an_older_version_can_be_packed_again(
    desk: Desk, settings: Settings, seeded: Seeded
) -> None:
    first = exported(desk, settings, seeded.dataset_id)
    with desk.app.app_context(), transaction() as session:
        assert [(row.number, row.reason) for row in session.scalars(select(DatasetVersion))] == [(1, "export")]
        sample = session.get_one(Sample, seeded.sample_ids[0])
        sample.state, sample.deleted_at = "excluded", sample.added_at
        session.get_one(Dataset, seeded.dataset_id).change_number += 1
    second = exported(desk, settings, seeded.dataset_id)
    assert [first.name, second.name] == ["Seed-v1-coco.zip", "Seed-v2-coco.zip"]
    assert first.read_bytes() != second.read_bytes()
    assert exported(desk, settings, seeded.dataset_id, version=1).read_bytes() == first.read_bytes()


def test_only_the_states_that_were_asked_for_go_out(desk: Desk, settings: Settings, seeded: Seeded) -> None:
    path = exported(desk, settings, seeded.dataset_id, states=["reviewed"])
    with open_zip(path, 2**30) as files:
        assert sum(name.startswith("images/") for name in files.names()) == 2
    job_id = add_job(desk.app, desk.owner_id, seeded.dataset_id, "export", format="coco", states=["excluded"])
    job = do_job(desk.app, settings, job_id)
    assert job.state == "failed"
    assert "no samples that are excluded" in (job.message or "")
    assert not exports_dir(settings, job_id).exists()


def test_pictures_of_one_name_go_out_under_names_of_their_own(desk: Desk, settings: Settings, seeded: Seeded) -> None:
    names = [
        "a/1.JPG",
        "A/1.jpg",
        "a/1.png",
        "images/x.webp",
        "clip.mp4#12",
        "con:*?.jpg",
        "../up.jpg",
        "#",
        "b",
        "b.jpg",
    ]
    with desk.app.app_context(), transaction() as session:
        for picture_id, name in zip(seeded.picture_ids, names, strict=True):
            session.get_one(Picture, picture_id).file_name = name
    path = exported(desk, settings, seeded.dataset_id, format="yolo", states=["proposed", "reviewed", "unlabelled"])
    with open_zip(path, 2**30) as files:
        assert not files.findings
        pictures = [name for name in files.names() if name.startswith("images/")]
        labels = [name for name in files.names() if name.startswith("labels/")]
    assert len(pictures) == len(labels) == 10
    assert len({name.casefold() for name in pictures}) == 10
    assert "images/clip.mp4_12.jpg" in pictures or "images/clip.jpg" in pictures


def test_an_export_that_was_cut_short_packs_the_same_version(
    desk: Desk, settings: Settings, seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {"format": "coco", "version": None, "states": LABELS}
    job_id = add_job(desk.app, desk.owner_id, seeded.dataset_id, "export", **wanted)

    def cut_short(*_: object) -> None:
        raise SystemExit("as a signal ends it")

    with monkeypatch.context() as cut:
        cut.setattr(exports._Export, "write", cut_short)
        with pytest.raises(SystemExit):
            do_job(desk.app, settings, job_id)
    with desk.app.app_context(), transaction() as session:
        session.get_one(Dataset, seeded.dataset_id).change_number += 1
    desk.set(job_id, state="queued")
    assert json.loads(do_job(desk.app, settings, job_id).result or "{}")["version"] == 1
    with desk.app.app_context():
        assert list(db.session.scalars(select(DatasetVersion.number))) == [1]


def test_a_picture_whose_file_is_lost_is_left_out_and_said(desk: Desk, settings: Settings, seeded: Seeded) -> None:
    with desk.app.app_context():
        picture = db.session.get_one(Picture, seeded.picture_ids[0])
        store_of(settings).delete(picture.sha256, picture.suffix)
        name = picture.file_name
    job_id = add_job(desk.app, desk.owner_id, seeded.dataset_id, "export", format="cvat", states=LABELS)
    job = do_job(desk.app, settings, job_id)
    assert job.state == "succeeded"
    assert [(kind, file) for kind, file, _ in findings(desk.app, job_id)] == [("refused", f"images/{name}")]
    assert counts(desk.app)[0] == 10


def test_a_training_archive_counts_what_is_in_it_and_notes_who_has_no_label(
    desk: Desk, settings: Settings, seeded: Seeded
) -> None:
    states = ["unlabelled", *LABELS]
    job_id = add_job(desk.app, desk.owner_id, seeded.dataset_id, "export", format="npz", states=states)
    job = do_job(desk.app, settings, job_id)
    result = json.loads(job.result or "{}")
    packed = len(arrays(exports_dir(settings, job_id) / result["file"])["images"])
    assert (result["samples"], job.message) == (packed, f"Version 1: {packed} samples were packed.")
    ((kind, _, reason),) = findings(desk.app, job_id)
    assert (kind, "left out: a training archive has those with a label alone" in reason) == ("noted", True)


@pytest.mark.parametrize(
    ("states", "reason"),
    [(["unlabelled"], "Nothing of version 1 can be packed: "), (["excluded"], "excluded; choose other states")],
)
def test_a_training_archive_with_nobody_in_it_is_refused(
    desk: Desk, settings: Settings, seeded: Seeded, states: list[str], reason: str
) -> None:
    with desk.app.app_context(), transaction() as session:
        for sample in session.scalars(select(Sample).where(Sample.state == "excluded")):
            sample.state = "reviewed"
    job_id = add_job(desk.app, desk.owner_id, seeded.dataset_id, "export", format="npz", states=states)
    job = do_job(desk.app, settings, job_id)
    assert job.state == "failed"
    assert reason in (job.message or "")
