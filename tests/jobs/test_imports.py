"""Imports: everything good comes in once, everything bad is refused by name, and no crash loses or doubles anything."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import delete, select

from tests.browser.clips import DEMO_CLIP, two_people, write_video
from tests.dataset_seeding import drawn_picture
from tests.datasets.hostile import HEIC, SVG, noise, png_bomb, saved, zip_of
from tests.evaluation_data import SHARED, needs_shared_data
from tests.jobs.conftest import Desk
from tests.jobs.importing import (
    add_job,
    add_uploads,
    coco_folder,
    counts,
    do_job,
    findings,
    labelled_picture,
    stored_files,
)
from webapp.bench.dataset_pictures import FolderWriter
from webapp.config import ROOT, Settings
from webapp.core.records import Box
from webapp.core.skeleton import COCO_17, UPPER_BODY_6
from webapp.core.skeleton_json import skeleton_reference
from webapp.datasets.formats import coco
from webapp.datasets.label_bytes import from_bytes
from webapp.datasets.picture_file import PictureLimits
from webapp.datasets.picture_store import SCRATCH_PREFIX, store_of
from webapp.datasets.records import Finding, LabelledPerson
from webapp.datasets.uploads import uploads_dir
from webapp.db.base import db
from webapp.db.datasets import Dataset, LabelRevision, Picture, PicturedPerson, Sample
from webapp.db.engine import transaction
from webapp.jobs import import_pictures, imports
from webapp.jobs.claims import Claim, give_back
from webapp.jobs.import_sources import Incoming
from webapp.services.picture_files import delete_unused


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Whoever is in a picture fills it: no model files are needed."""
    return replace(settings, detector="whole_frame")


def imported(desk: Desk, settings: Settings, **parameters: object) -> tuple[str, str]:
    """The job's id and state."""
    job_id = add_job(desk.app, desk.owner_id, desk.dataset_id, "import", **parameters)
    return job_id, do_job(desk.app, settings, job_id).state


def figures(folder: Path, *names: str, first: int = 0) -> Path:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(drawn_picture(first + number).jpeg)
    return folder


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


def test_every_bad_file_is_refused_by_name_and_the_rest_goes_on(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    good = drawn_picture(1).jpeg
    animated = saved(noise(9, 9), "PNG", save_all=True, append_images=[noise(9, 9, 2)], duration=50)
    bad = {
        "a.svg": (SVG, "an SVG"),
        "b.jpg": (good[: len(good) // 2], "damaged or cut off"),
        "c.png": (png_bomb(9000, 9000), "9000x9000"),
        "d.gif": (saved(noise(9, 9), "GIF"), "a GIF"),
        "e.png": (animated, "animated PNG"),
        "f.heic": (HEIC, "a HEIC"),
        "g.jpg": (b"", "empty"),
        "../h.jpg": (good, "leads outside"),
        "i.zip": (zip_of({"a.jpg": good}), "archive within"),
    }
    archive = tmp_path / "mixed.zip"
    archive.write_bytes(
        zip_of({"0.jpg": good, **{name: data for name, (data, _) in bad.items()}, "z.jpg": drawn_picture(2).jpeg})
    )
    limits = replace(settings, max_picture_pixels=4_000_000)
    job_id, state = imported(desk, limits, **{"from": str(archive)})
    assert state == "succeeded"
    assert counts(desk.app)[:2] == (2, 2)
    found = {name: reason for _, name, reason in findings(desk.app, job_id)}
    assert found.keys() == bad.keys()
    assert all(why in found[name] for name, (_, why) in bad.items())


def test_a_name_that_no_database_holds_is_refused_and_the_rest_goes_on(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    folder = figures(tmp_path / "f", "a.jpg")
    (folder / os.fsdecode(b"b\xff.jpg")).write_bytes(drawn_picture(2).jpeg)
    job_id, state = imported(desk, settings, **{"from": str(folder)})
    assert (state, counts(desk.app)[0]) == ("succeeded", 1)
    assert [(kind, name) for kind, name, _ in findings(desk.app, job_id)] == [("refused", "b?.jpg")]


def test_a_damaged_archive_among_others_is_refused_and_the_others_come_in(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    folder = figures(tmp_path / "f", "a.jpg")
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 broken")
    (folder / "whole.zip").write_bytes(zip_of({"b.jpg": drawn_picture(5).jpeg}))
    job_id, _ = imported(desk, settings, **{"from": str(folder)})
    assert counts(desk.app)[0] == 2
    assert [name for _, name, _ in findings(desk.app, job_id)] == ["broken.zip"]


def test_whose_the_pictures_are_is_told_by_folders(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    folder = figures(tmp_path / "f", "club/Anna/1.jpg", "club/Anna/old/2.jpg", "club/Ben/3.jpg", "club/4.jpg")
    imported(desk, settings, **{"from": str(folder)}, people="folders")
    with desk.app.app_context():
        rows = db.session.execute(
            select(Picture.file_name, PicturedPerson.name)
            .join(Sample, Sample.picture_id == Picture.id)
            .outerjoin(PicturedPerson, PicturedPerson.id == Sample.person_id)
        )
        assert {row[0]: row[1] for row in rows} == {
            "club/Anna/1.jpg": "Anna",
            "club/Anna/old/2.jpg": "Anna",
            "club/Ben/3.jpg": "Ben",
            "club/4.jpg": None,
        }


def test_of_several_people_in_a_picture_the_largest_has_the_folders_name(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    picture, jpeg = labelled_picture(1)
    boxes = [Box(5, 5, 30, 40), Box(10, 10, 90, 100), Box(40, 5, 60, 30)]
    people = tuple(LabelledPerson(box, None, "unlabelled") for box in boxes)
    folder = tmp_path / "group"
    writer = FolderWriter(folder)
    coco.write([replace(picture, file_name="Anna/1.jpg", people=people)], UPPER_BODY_6, writer)
    writer.write("Anna/1.jpg", jpeg)
    job_id, _ = imported(desk, settings, **{"from": str(folder)}, people="folders")
    with desk.app.app_context():
        query = select(Sample.x2_px, PicturedPerson.name).outerjoin(
            PicturedPerson, PicturedPerson.id == Sample.person_id
        )
        assert {row[0]: row[1] for row in db.session.execute(query)} == {30: None, 90: "Anna", 60: None}
    ((kind, _, reason),) = findings(desk.app, job_id)
    assert (kind, reason) == ("noted", "it shows 3 people, and its folder names one: the largest has the name")


def test_of_a_video_of_two_the_larger_alone_is_taken_in_where_one_person_is_wanted(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    if not DEMO_CLIP.is_file():
        pytest.skip("the sample clip is not there; python -m tools.sample_clip fetches it")
    video = write_video(tmp_path / "two.webm", two_people(range(0, 8)))
    settings = replace(settings, detector="blazepose")

    imported(desk, settings, **{"from": str(video), "every_frames": 4})
    assert counts(desk.app)[:2] == (2, 4)
    with desk.app.app_context(), transaction() as session:
        session.execute(delete(Picture))
    imported(desk, settings, **{"from": str(video), "every_frames": 4, "one_person": True})
    assert counts(desk.app)[:2] == (2, 2)


def test_all_pictures_of_one_person_are_theirs_and_none_is_taken_when_they_are_gone(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    folder = figures(tmp_path / "f", "a.jpg", "b.jpg")
    with desk.app.app_context(), transaction() as session:
        person = PicturedPerson(owner_id=desk.owner_id, name="Cora", name_key="cora")
        session.add(person)
        session.flush()
        person_id = person.id
    imported(desk, settings, **{"from": str(folder)}, people="given", person_id=person_id)
    with desk.app.app_context():
        assert set(db.session.scalars(select(Sample.person_id))) == {person_id}
        with transaction() as session:
            session.delete(session.get_one(PicturedPerson, person_id))
    again = figures(tmp_path / "g", "a.jpg", first=10)
    assert imported(desk, settings, **{"from": str(again)}, people="given", person_id=person_id)[1] == "failed"
    assert counts(desk.app)[0] == 2


def test_shots_that_repeat_one_before_are_left_out(desk: Desk, settings: Settings) -> None:
    def shot(number: int, quality: int = 85) -> bytes:
        return saved(Image.open(io.BytesIO(drawn_picture(number).jpeg)), "JPEG", quality=quality)

    job_id = add_job(desk.app, desk.owner_id, desk.dataset_id, source="webcam", format="images")
    files = [("1.jpg", shot(1)), ("2.jpg", shot(1, 70)), ("3.jpg", shot(8)), ("4.jpg", shot(8, 60))]
    add_uploads(desk.app, settings, job_id, files)
    assert do_job(desk.app, settings, job_id).state == "succeeded"
    assert [(kind, name) for kind, name, _ in findings(desk.app, job_id)] == [("noted", "2.jpg"), ("noted", "4.jpg")]
    later = add_job(desk.app, desk.owner_id, desk.dataset_id, source="webcam", format="images")
    add_uploads(desk.app, settings, later, [("5.jpg", shot(1, 50)), ("6.jpg", shot(5))])
    do_job(desk.app, settings, later)
    assert [name for _, name, _ in findings(desk.app, later)] == ["5.jpg"]
    assert counts(desk.app)[0] == 3


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


def test_a_failed_import_leaves_nothing_behind(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    imported(desk, settings, **{"from": str(coco_folder(tmp_path / "bare", range(3), labelled=False))})
    before, files = counts(desk.app), stored_files(settings)
    folder = coco_folder(tmp_path / "more", range(40))
    job_id, state = imported(desk, replace(settings, max_import_pictures=30), **{"from": str(folder)})
    assert state == "failed"
    assert "30 pictures" in (desk.row(job_id).message or "")
    assert counts(desk.app) == before
    assert stored_files(settings) == files
    with desk.app.app_context():
        assert {(sample.state, sample.revision, sample.extra) for sample in db.session.scalars(select(Sample))} == {
            ("unlabelled", 0, "{}")
        }


def test_labels_that_are_taken_back_are_a_change_of_the_dataset(
    desk: Desk, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(desk, settings, **{"from": str(coco_folder(tmp_path / "bare", range(3), labelled=False))})
    monkeypatch.setattr(imports, "unmark", lambda *_: 1 / 0)
    assert imported(desk, settings, **{"from": str(coco_folder(tmp_path / "coco", range(3)))})[1] == "failed"
    assert counts(desk.app)[:3] == (3, 3, 0)
    with desk.app.app_context():
        assert db.session.get_one(Dataset, desk.dataset_id).change_number == 3


def test_a_cancelled_import_leaves_nothing_behind(desk: Desk, settings: Settings) -> None:
    job_id = add_job(desk.app, desk.owner_id, desk.dataset_id)
    add_uploads(desk.app, settings, job_id, [(f"{number}.jpg", drawn_picture(number).jpeg) for number in range(150)])
    process = start_import(settings, job_id, batch=20)
    desk.wait(job_id, lambda job: job.done >= 40, "a part of the import")
    desk.set(job_id, cancel_asked=True)
    process.wait(60)
    assert desk.row(job_id).state == "cancelled"
    assert counts(desk.app) == (0, 0, 0, 0)
    assert stored_files(settings) == []
    assert not uploads_dir(settings.instance_dir, job_id).exists()


def start_import(settings: Settings, job_id: str, batch: int, largest: int = 0) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.jobs.import_process", str(settings.instance_dir), job_id, str(batch)]
    return subprocess.Popen([*command, str(largest)], cwd=ROOT)


def test_killed_at_any_point_an_import_goes_on_and_loses_and_doubles_nothing(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    count = 240
    folder = coco_folder(tmp_path / "coco", range(count))
    (folder / "broken.zip").write_bytes(b"PK broken")
    job_id = add_job(desk.app, desk.owner_id, desk.dataset_id, **{"from": str(folder)})
    draws = random.Random(3)
    for target in (1, 80, 160):
        process = start_import(settings, job_id, batch=10)
        desk.wait(job_id, lambda job, target=target: job.done >= target, "a part of the import")  # type: ignore[misc]
        time.sleep(draws.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.wait()
        with desk.app.app_context():
            assert give_back(Claim(job_id, desk.row(job_id).attempts))
        desk.set(job_id, attempts=0)
    job = do_job(desk.app, settings, job_id)
    assert (job.state, job.done) == ("succeeded", count + 1)
    assert counts(desk.app) == (count, count, count, 2)
    assert [name for _, name, _ in findings(desk.app, job_id)] == ["broken.zip"]
    with desk.app.app_context():
        positions = list(db.session.scalars(select(Sample.position).order_by(Sample.position)))
        names = list(db.session.scalars(select(Picture.file_name).join(Sample).order_by(Sample.position)))
    assert positions == list(range(count))
    assert names == [f"images/{number:05}.jpg" for number in range(count)]
    assert len(stored_files(settings)) == count + len(list((settings.instance_dir / "datasets").glob("*/??/.part*")))


def test_killed_and_then_cancelled_an_import_leaves_no_file_that_was_ahead_of_its_row(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    folder = coco_folder(tmp_path / "coco", range(100))
    job_id = add_job(desk.app, desk.owner_id, desk.dataset_id, **{"from": str(folder)})
    process = start_import(settings, job_id, batch=1000)
    desk.wait(job_id, lambda _: len(stored_files(settings)) > 20, "files without rows")
    process.send_signal(signal.SIGKILL)
    process.wait()
    with desk.app.app_context():
        assert give_back(Claim(job_id, desk.row(job_id).attempts))
    desk.set(job_id, cancel_asked=True)
    assert do_job(desk.app, settings, job_id).state == "cancelled"
    # what was half written in the moment of the kill may be anybody's, and goes with the sweep an hour later
    assert [name for name in stored_files(settings) if not name.startswith(SCRATCH_PREFIX)] == []


def test_a_full_disk_ends_the_import_with_the_reason_and_leaves_nothing_behind(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    folder = figures(tmp_path / "f", *(f"{number}.jpg" for number in range(30)))
    large = Image.fromarray(np.random.default_rng(1).integers(0, 256, (1500, 1500, 3), np.uint8))
    (folder / "z.png").write_bytes(saved(large, "PNG"))
    job_id = add_job(desk.app, desk.owner_id, desk.dataset_id, **{"from": str(folder)})
    assert start_import(settings, job_id, batch=10, largest=5_000_000).wait(60) == 0
    job = desk.row(job_id)
    assert job.state == "failed"
    assert "could not be read or written: File too large" in (job.message or "")
    assert counts(desk.app)[:2] == (0, 0)
    assert stored_files(settings) == []


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
    assert (state, counts(desk.app)[:2]) == ("succeeded", (0, 0))
    assert "hand it in again" in findings(desk.app, job_id)[0][2]


def test_what_waits_for_its_transaction_keeps_no_decoded_picture(settings: Settings, desk: Desk) -> None:
    store = store_of(settings)
    with desk.app.app_context():
        known = import_pictures.KnownFiles(db.session(), desk.dataset_id)
    limits = PictureLimits(settings.max_picture_bytes, settings.max_picture_pixels)
    preparer = import_pictures.Preparer(store, limits, known)
    frame = np.asarray(noise(640, 480))
    prepared = preparer.prepare(Incoming("v.mp4#0", "video", "s", pixels=frame))
    assert isinstance(prepared, import_pictures.Prepared)
    assert prepared.incoming.pixels is None
    assert len(prepared.data) > 0


def test_other_datasets_keep_their_files_when_an_import_is_taken_back(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    folder = figures(tmp_path / "f", "a.jpg", "b.jpg")
    imported(desk, settings, **{"from": str(folder)})
    files = stored_files(settings)
    with desk.app.app_context(), transaction() as session:
        other = Dataset(owner_id=desk.owner_id, name="Other", name_key="other", skeleton='"coco_17"')
        session.add(other)
        session.flush()
        other_id = other.id
    figures(folder, "c.jpg", first=7)
    job_id = add_job(desk.app, desk.owner_id, other_id, **{"from": str(folder)})
    assert do_job(desk.app, replace(settings, max_import_pictures=2), job_id).state == "failed"
    assert stored_files(settings) == files
    with desk.app.app_context():
        assert delete_unused([name[:64] for name in files]) == 0


def test_files_with_none_of_the_datasets_keypoints_are_refused_with_both_lists(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "csv"
    figures(folder, "images/1.jpg")
    (folder / "keypoints.csv").write_text("image,tail_x,tail_y,tail_visible\nimages/1.jpg,10,10,1\n")
    job_id, state = imported(desk, settings, **{"from": str(folder)})
    message = desk.row(job_id).message or ""
    assert state == "failed"
    assert "tail" in message
    assert "left_shoulder" in message


def test_more_bytes_than_an_import_may_have_are_refused(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    folder = figures(tmp_path / "f", "a.jpg", "b.jpg")
    job_id, state = imported(desk, replace(settings, max_import_bytes=5000), **{"from": str(folder)})
    assert state == "failed"
    assert "more than 5000 bytes" in (desk.row(job_id).message or "")


def test_nothing_handed_in_is_said_so(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    assert imported(desk, settings)[1] == "failed"
    assert imported(desk, settings, **{"from": str(tmp_path / "nowhere")})[1] == "failed"


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
