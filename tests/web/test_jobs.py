"""Jobs through HTTP: asked for, watched, cancelled, their report and their file; a report is safe in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import Browser, LogIn, error_of
from webapp.config import Settings
from webapp.core.skeleton import UPPER_BODY_6
from webapp.core.skeleton_json import skeleton_reference
from webapp.datasets.records import Finding
from webapp.db.base import db, utc_now
from webapp.db.datasets import Dataset, DatasetMember
from webapp.db.engine import transaction
from webapp.db.jobs import Job
from webapp.jobs.claims import claim
from webapp.jobs.running import RunningJob
from webapp.services.picture_files import exports_dir


@pytest.fixture
def arms(app: Flask, anna: Browser) -> str:
    with app.app_context(), transaction() as session:
        skeleton = json.dumps(skeleton_reference(UPPER_BODY_6))
        dataset = Dataset(owner_id=anna.user_id, name="Arms", name_key="arms", skeleton=skeleton)
        session.add(dataset)
        session.flush()
        return dataset.id


def asked(anna: Browser, arms: str, **body: object) -> str:
    answer = anna.send_json(f"/datasets/{arms}/exports", {"format": "coco", **body})
    assert answer.status_code == 202, answer.text
    assert answer.get_json()["job_url"] == f"/jobs/{answer.get_json()['job_id']}"
    return str(answer.get_json()["job_id"])


def begun(app: Flask, settings: Settings, job_id: str) -> RunningJob:
    """The job as the process that runs it holds it; to be used inside an app context."""
    held = claim(job_id)
    job = db.session.get(Job, job_id)
    assert held is not None
    assert job is not None
    return RunningJob(settings, held, job)


def ended(app: Flask, job_id: str, **values: object) -> None:
    with app.app_context(), transaction() as session:
        job = session.get(Job, job_id)
        for name, value in {"state": "succeeded", "ended_at": utc_now(), **values}.items():
            setattr(job, name, value)


@pytest.mark.parametrize(
    ("address", "body", "kind"),
    [
        ("propose", {"pose_model": "blazepose_full", "states": ["unlabelled"], "min_score": 0.4}, "propose"),
        ("curate", {"pose_model": None}, "curate"),
        ("exports", {"format": "npz", "states": ["reviewed", "proposed"], "side_px": 96}, "export"),
    ],
)
def test_a_job_is_asked_for_by_json_and_by_form(
    app: Flask, anna: Browser, arms: str, *, address: str, body: dict[str, object], kind: str
) -> None:
    by_json = anna.send_json(f"/datasets/{arms}/{address}", body)
    anna.send_json(f"/jobs/{by_json.get_json()['job_id']}/cancel", {})
    fields = {name: "" if value is None else value for name, value in body.items()}
    by_form = anna.send_form(f"/datasets/{arms}/{address}", **fields)

    assert by_json.status_code == 202
    assert by_form.status_code == 302
    with app.app_context():
        first, second = (db.session.get(Job, job_id) for job_id in (by_json.get_json()["job_id"], by_form.location[6:]))
        assert first is not None
        assert second is not None
        assert first.kind == second.kind == kind
        assert first.parameters == second.parameters


def test_progress_and_findings_are_seen_while_it_runs_and_when_it_has_ended(
    app: Flask, settings: Settings, anna: Browser, arms: str
) -> None:
    job_id = asked(anna, arms)
    with app.app_context():
        running = begun(app, settings, job_id)
        running.begin("Packing pictures", 40)
        with transaction() as session:
            running.advance(session, 10, [Finding("a.jpg", "it is no picture"), Finding("b.jpg", "moved", "noted")])
        running.look(17)

    seen = anna.get_json(f"/jobs/{job_id}").get_json()
    assert (seen["state"], seen["step"], seen["done"], seen["total"]) == ("running", "Packing pictures", 17, 40)
    assert (seen["findings"], seen["ended"]) == ({"refused": 1, "noted": 1}, False)
    assert seen["cancel_url"] == f"/jobs/{job_id}/cancel"

    ended(app, job_id, message="40 samples are packed.", result='{"file": "arms.zip", "size_bytes": 7}')
    seen = anna.get_json(f"/jobs/{job_id}").get_json()
    assert (seen["state"], seen["message"], seen["ended"]) == ("succeeded", "40 samples are packed.", True)
    assert seen["lines"][0] == {"kind": "refused", "file_name": "a.jpg", "reason": "it is no picture"}
    assert seen["report_url"] == f"/jobs/{job_id}/report.csv"
    assert seen["file_url"] == f"/jobs/{job_id}/file"


def test_the_report_holds_every_finding_and_no_formula(
    app: Flask, settings: Settings, anna: Browser, arms: str
) -> None:
    job_id = asked(anna, arms)
    with app.app_context():
        running = begun(app, settings, job_id)
        with transaction() as session:
            running.advance(
                session, 1, [Finding('=HYPERLINK("http://x")', '@SUM(1), "quoted"'), Finding("ä,ö.jpg", "no")]
            )

    answer = anna.get(f"/jobs/{job_id}/report.csv")

    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert list(csv.reader(io.StringIO(answer.text))) == [
        ["what", "file", "reason"],
        ["refused", '\'=HYPERLINK("http://x")', '\'@SUM(1), "quoted"'],
        ["refused", "ä,ö.jpg", "no"],
    ]


def test_the_file_of_an_export_is_fetched_and_its_name_leads_nowhere_else(
    app: Flask, settings: Settings, anna: Browser, arms: str
) -> None:
    job_id = asked(anna, arms)
    folder = exports_dir(settings, job_id)
    folder.mkdir(parents=True)
    (folder / "arms.zip").write_bytes(b"packed")

    assert anna.get_json(f"/jobs/{job_id}/file").status_code == 404
    ended(app, job_id, result='{"file": "arms.zip"}')
    assert anna.get(f"/jobs/{job_id}/file").data == b"packed"
    ended(app, job_id, result=json.dumps({"file": "../../../moveprint.sqlite3"}))
    assert error_of(anna.get_json(f"/jobs/{job_id}/file")) == "the file of this export was deleted; export once more."


def test_viewers_see_a_job_and_get_neither_its_file_nor_its_cancel_button(
    app: Flask, settings: Settings, anna: Browser, arms: str, log_in: LogIn
) -> None:
    job_id = asked(anna, arms)
    viewer, stranger = log_in("vera"), log_in("steve")
    with app.app_context(), transaction() as session:
        session.add(DatasetMember(dataset_id=arms, user_id=viewer.user_id, role="viewer"))
    ended(app, job_id, result='{"file": "arms.zip"}')

    seen = viewer.get_json(f"/jobs/{job_id}").get_json()

    assert (seen["file_url"], seen["cancel_url"]) == (None, None)
    assert viewer.get_json(f"/jobs/{job_id}/file").status_code == 403
    assert viewer.send_json(f"/jobs/{job_id}/cancel", {}).status_code == 403
    assert viewer.get(f"/datasets/{arms}/jobs").status_code == 200
    assert {stranger.get_json(f"/jobs/{job_id}{what}").status_code for what in ("", "/file", "/report.csv")} == {404}
    assert stranger.get_json(f"/datasets/{arms}/jobs").status_code == 404


def test_an_import_that_has_failed_leads_back_to_where_it_was_handed_in(app: Flask, anna: Browser, arms: str) -> None:
    job_id, again = asked(anna, arms), []
    for wanted in ({"state": "succeeded"}, {"state": "failed"}, {"parameters": '{"source": "webcam"}'}):
        ended(app, job_id, **{"kind": "import", "state": "failed", **wanted})
        again.append(anna.get_json(f"/jobs/{job_id}").get_json()["again_url"])

    assert again == [None, f"/datasets/{arms}/import", f"/datasets/{arms}/collect"]


def test_cancelling_answers_how_it_stands(anna: Browser, arms: str) -> None:
    job_id = asked(anna, arms)

    seen = anna.send_json(f"/jobs/{job_id}/cancel", {}).get_json()

    assert (seen["state"], seen["ended"], seen["cancel_url"]) == ("cancelled", True, None)


def test_who_waits_is_told_how_many_come_first(anna: Browser, arms: str) -> None:
    asked(anna, arms)
    second = asked(anna, arms)

    assert anna.get_json(f"/jobs/{second}").get_json()["waiting_before"] == 1


@pytest.mark.parametrize(
    ("address", "body", "status", "sentence"),
    [
        ("propose", {"pose_model": "nobody"}, 422, "there is no pose model 'nobody'"),
        ("propose", {"pose_model": "blazepose_full", "states": "all"}, 400, "states must be a list of texts"),
        ("propose", {"pose_model": "blazepose_full", "min_score": 3}, 422, "min_score must be 0 to 1, got 3"),
        ("exports", {"format": "xls"}, 422, "format 'xls' is unknown; known: coco, cvat, yolo, npz"),
        ("exports", {"format": "npz", "side_px": 100000}, 422, "side_px must be 32 to 512"),
        (
            "exports",
            {"format": "coco", "states": []},
            422,
            "tick which samples are meant: unlabelled, proposed, reviewed",
        ),
        ("exports", {"format": "coco", "states": ["new"]}, 422, "states must be some of"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_sentence(
    anna: Browser, arms: str, *, address: str, body: dict[str, object], status: int, sentence: str
) -> None:
    answer = anna.send_json(f"/datasets/{arms}/{address}", body)

    assert answer.status_code == status
    assert sentence in error_of(answer)


@pytest.mark.parametrize(
    ("address", "fields", "sentence"),
    [
        ("propose", {"pose_model": "blazepose_full", "min_score": "0.5"}, "tick which samples are meant: unlabelled"),
        (
            "propose",
            {"pose_model": "blazepose_full", "states": "unlabelled", "min_score": ""},
            "certainty from which on",
        ),
        ("exports", {"format": "coco", "version": "", "side_px": "128"}, "tick which samples are meant: unlabelled"),
        ("exports", {"format": "npz", "version": "", "states": "reviewed", "side_px": ""}, "side of the pictures"),
    ],
    ids=("no box to propose for", "no certainty", "no box to export", "no side"),
)
def test_what_a_form_leaves_empty_is_not_filled_in(
    app: Flask, anna: Browser, arms: str, *, address: str, fields: dict[str, str], sentence: str
) -> None:
    answer = anna.send_form(f"/datasets/{arms}/{address}", **fields)

    assert answer.status_code in (400, 422)
    assert sentence in answer.text
    with app.app_context():
        assert db.session.query(Job).count() == 0


def test_json_that_names_no_states_means_the_usual_ones(app: Flask, anna: Browser, arms: str) -> None:
    job_id = asked(anna, arms)

    with app.app_context():
        assert json.loads(db.session.get_one(Job, job_id).parameters)["states"] == ["reviewed"]


def test_the_side_of_the_pictures_is_told_of_a_training_archive_alone(anna: Browser, arms: str) -> None:
    pages = {wanted: anna.get(f"/jobs/{asked(anna, arms, format=wanted)}").text for wanted in ("coco", "npz")}

    assert "Side in pixels" not in pages["coco"]
    assert "Side in pixels" in pages["npz"]


def test_the_version_of_an_export_is_told_also_where_none_was_chosen(app: Flask, anna: Browser, arms: str) -> None:
    job_id = asked(anna, arms)
    waiting = anna.get(f"/jobs/{job_id}").text
    ended(app, job_id, result='{"file": "arms.zip", "version": 4}')

    assert "<dt>Version</dt><dd>as it is when the job begins</dd>" in waiting
    assert "<dt>Version</dt><dd>4, frozen for this export</dd>" in anna.get(f"/jobs/{job_id}").text


def test_the_pages_show_what_can_be_asked_for_and_what_was_done(
    app: Flask, anna: Browser, arms: str, tmp_path: Path
) -> None:
    job_id = asked(anna, arms, states=["reviewed", "proposed"])
    done = asked(anna, arms)
    ended(app, done, message="7 samples are packed.")

    index, detail = anna.get(f"/datasets/{arms}/jobs").text, anna.get(f"/jobs/{job_id}").text

    for title in ("Propose labels with a model", "Look for outliers and duplicates", "7 samples are packed."):
        assert title in index
    assert f'data-job="{job_id}"' in index
    assert f'data-job="{job_id}"' in detail
    assert "reviewed, proposed" in detail
