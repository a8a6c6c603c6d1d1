"""Whose the samples of an import are, and which people and shots are taken in."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import delete, select

from tests.browser.clips import DEMO_CLIP, two_people, write_video
from tests.dataset_seeding import drawn_picture
from tests.datasets.hostile import saved
from tests.jobs.conftest import Desk
from tests.jobs.importing import (
    add_job,
    add_uploads,
    counts,
    do_job,
    figures,
    findings,
    imported,
    labelled_picture,
)
from webapp.bench.dataset_pictures import FolderWriter
from webapp.config import Settings
from webapp.core.records import Box
from webapp.core.skeleton import UPPER_BODY_6
from webapp.datasets.formats import coco
from webapp.datasets.records import LabelledPerson
from webapp.db.base import db
from webapp.db.datasets import Picture, PicturedPerson, Sample
from webapp.db.engine import transaction
from webapp.jobs.import_sources import session_of_video


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


def sessions(desk: Desk) -> list[tuple[str, str]]:
    """(file, recording) of all pictures, without the number of the frame."""
    with desk.app.app_context():
        rows = db.session.execute(select(Picture.file_name, Picture.session))
        return sorted({(name.partition("#")[0], session) for name, session in rows})


def test_of_several_videos_each_is_a_recording_of_its_own_and_coming_again_changes_nothing(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    if not DEMO_CLIP.is_file():
        pytest.skip("the sample clip is not there; python -m tools.sample_clip fetches it")
    settings = replace(settings, detector="blazepose")
    folder = figures(tmp_path / "day", "photo.jpg")
    one = write_video(folder / "one.webm", two_people(range(0, 4)))
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.write(write_video(tmp_path / "two.webm", two_people(range(8, 12))), "one.webm")
    alone, together = ({"from": str(each), "session": "Monday", "every_frames": 4} for each in (one, folder))

    imported(desk, settings, **together)
    came = sessions(desk)
    imported(desk, settings, **together)
    imported(desk, settings, **alone)

    assert came == [
        ("one.webm", "Monday · more.zip/one.webm"),
        ("one.webm", "Monday · one.webm"),
        ("photo.jpg", "Monday"),
    ]
    assert sessions(desk) == came
    with desk.app.app_context(), transaction() as session:
        session.execute(delete(Picture))
    imported(desk, settings, **alone)
    assert sessions(desk) == [("one.webm", "Monday")]


def test_the_recordings_of_videos_with_long_names_are_told_apart() -> None:
    names = [f"{'long ' * 20}{number}{' name' * 20}.mp4" for number in range(9)]

    called = {session_of_video("Monday", name) for name in names}

    assert len(called) == len(names)
    assert max(map(len, called)) <= 80
    assert called == {session_of_video("Monday", name) for name in names}


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
