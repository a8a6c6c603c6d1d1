"""Imports: everything bad is refused by name, and the rest goes on."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.dataset_seeding import drawn_picture
from tests.datasets.hostile import HEIC, SVG, noise, png_bomb, saved, zip_of
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
)
from webapp.config import Settings
from webapp.datasets.uploads import uploads_dir
from webapp.db.base import db
from webapp.db.datasets import Picture
from webapp.db.jobs import Job
from webapp.jobs import imports
from webapp.jobs.claims import claim, give_back
from webapp.jobs.running import RunningJob


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


def test_of_several_archives_the_report_says_which_one_a_file_came_in(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    folder, good = tmp_path / "f", drawn_picture(5).jpeg
    folder.mkdir()
    for name in ("one.zip", "two.zip"):
        (folder / name).write_bytes(zip_of({"a.jpg": good[:500], "b.svg": SVG, "c.jpg": good}))
    job_id, _ = imported(desk, settings, **{"from": str(folder)})
    told = sorted(name for _, name, _ in findings(desk.app, job_id))
    assert told == ["one.zip/a.jpg", "one.zip/b.svg", "two.zip/a.jpg", "two.zip/b.svg", "two.zip/c.jpg"]
    with desk.app.app_context():
        assert [picture.file_name for picture in db.session.query(Picture)] == ["c.jpg"]


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


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "there is no picture, video or labelled dataset in what was handed in"),
        ({"a.svg": SVG, "b.jpg": b""}, "2 files were refused, and the report says why"),
    ],
    ids=("empty", "refused ones"),
)
def test_an_import_of_which_nothing_came_in_has_failed_and_says_why(
    desk: Desk, settings: Settings, tmp_path: Path, files: dict[str, bytes], why: str
) -> None:
    job_id = add_job(desk.app, desk.owner_id, desk.dataset_id)
    add_uploads(desk.app, settings, job_id, [("handed in.zip", zip_of(files))])
    job = do_job(desk.app, settings, job_id)
    assert (job.state, why in (job.message or "")) == ("failed", True), job.message
    assert sorted(name for _, name, _ in findings(desk.app, job_id)) == sorted(files)
    assert not uploads_dir(settings.instance_dir, job_id).exists()


def test_an_import_of_what_is_all_there_already_has_succeeded(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    folder = coco_folder(tmp_path / "coco", range(3))
    imported(desk, settings, **{"from": str(folder)})
    job_id, state = imported(desk, settings, **{"from": str(folder)})
    assert (state, len(findings(desk.app, job_id))) == ("succeeded", 3)


def test_what_an_attempt_before_brought_counts(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    folder = figures(tmp_path / "f", "a.jpg")
    job_id = add_job(desk.app, desk.owner_id, desk.dataset_id, **{"from": str(folder)})
    with desk.app.app_context():
        held = claim(job_id)
        assert held is not None
        imports.run_import(RunningJob(settings, held, db.session.get_one(Job, job_id)))
        give_back(held)
    (folder / "b.jpg").write_bytes(b"")
    job = do_job(desk.app, settings, job_id)
    assert (job.state, counts(desk.app)[0], job.attempts) == ("succeeded", 1, 2), job.message


def test_nothing_handed_in_is_said_so(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    assert imported(desk, settings)[1] == "failed"
    assert imported(desk, settings, **{"from": str(tmp_path / "nowhere")})[1] == "failed"
