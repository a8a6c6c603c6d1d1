"""Jobs on their pages, done by a real consumer: asked for, watched until the end, cancelled, fetched."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.browser import seeding
from tests.browser.conftest import OpenPage
from tests.browser.driving import SOON_MS
from tests.browser.running import RunningServer
from tests.browser.test_modules import run
from tests.dataset_seeding import Seeded
from webapp.db.base import new_id, utc_now
from webapp.db.engine import transaction
from webapp.db.jobs import Job, JobFinding

pytestmark = pytest.mark.browser

DONE_MS = 60_000
"""A child process on a busy machine."""


@pytest.fixture
def app(server: RunningServer) -> Flask:
    return seeding.app_of(server)


@pytest.fixture
def arms(server: RunningServer) -> Seeded:
    people = (f"Anna {new_id()}", None)
    return seeding.dataset(server, "reader", 12, name=f"Arms {new_id()}", people=people)


@pytest.fixture
def page(open_page: OpenPage, arms: Seeded) -> Page:
    return open_page(f"/datasets/{arms.dataset_id}/jobs")


def job_row(app: Flask, arms: Seeded, **values: object) -> str:
    """A job that runs somewhere else, as its row says."""
    now = utc_now()
    with app.app_context(), transaction() as session:
        job = Job(kind="import", dataset_id=arms.dataset_id, state="running", parameters="{}", attempts=1)
        job.machine, job.pid, job.heartbeat_at, job.started_at = "elsewhere", 1, now, now
        for name, value in values.items():
            setattr(job, name, value)
        session.add(job)
        session.flush()
        return job.id


def test_a_search_for_outliers_is_asked_for_and_ends_with_what_was_found(page: Page) -> None:
    page.get_by_role("button", name="Look for them").click()

    expect(page.get_by_role("heading", name="Outliers and duplicates")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("[data-job] .tag")).to_have_text("done", timeout=DONE_MS)
    expect(page.get_by_role("link", name="Look at the pictures")).to_be_visible()


def test_an_export_is_packed_and_fetched(page: Page, tmp_path: Path) -> None:
    page.get_by_label("Format").select_option("yolo")
    page.get_by_label("reviewed", exact=True).focus()
    page.get_by_role("button", name="Export", exact=True).click()
    link = page.get_by_role("link", name="Download", exact=False)
    expect(link).to_be_visible(timeout=DONE_MS)

    with page.expect_download() as download:
        link.click()

    packed = zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes()))
    assert "data.yaml" in packed.namelist()


def test_the_side_of_the_pictures_is_asked_for_the_training_archive_alone(page: Page) -> None:
    side = page.get_by_label("Side of the square pictures")
    expect(side).to_be_hidden()

    page.get_by_label("Format").select_option("npz")

    expect(side).to_be_visible()


def test_a_form_without_a_ticked_box_is_not_sent_and_says_so(page: Page) -> None:
    box, at = page.locator("#export-reviewed"), page.url
    box.uncheck()
    page.get_by_role("button", name="Export", exact=True).click()

    assert box.evaluate("(box) => box.validationMessage") == "Tick which samples are meant."
    assert page.url == at
    page.locator("#export-proposed").check()
    assert box.evaluate("(box) => box.validationMessage") == ""
    page.get_by_role("button", name="Export", exact=True).click()
    page.wait_for_url("**/jobs/*")
    expect(page.locator("dl.facts")).to_contain_text("proposed")


def test_a_running_job_shows_how_far_it_is_and_is_cancelled_by_keyboard(app: Flask, page: Page, arms: Seeded) -> None:
    job_id = job_row(app, arms, step="Reading pictures", done=20, total=80)
    page.goto(f"/jobs/{job_id}")
    bar = page.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "25", timeout=SOON_MS)
    expect(page.get_by_text("20 of 80")).to_be_visible()

    page.get_by_role("button", name="Cancel").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_text("Being cancelled…")).to_be_visible(timeout=SOON_MS)
    with app.app_context(), transaction() as session:
        job = session.get_one(Job, job_id)
        assert job.cancel_asked
        job.state, job.message, job.ended_at = "cancelled", "It was cancelled.", utc_now()
    expect(page.get_by_text("It was cancelled.")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


def test_the_end_of_an_import_leads_to_the_job_that_labels_what_came_in(app: Flask, page: Page, arms: Seeded) -> None:
    following_id = job_row(app, arms, kind="propose", step="Finding keypoints")
    ended = {"state": "succeeded", "message": "7 pictures came in.", "ended_at": utc_now()}
    job_id = job_row(app, arms, **ended, result=json.dumps({"next_job_id": following_id}))
    page.goto(f"/jobs/{job_id}")

    page.get_by_role("link", name="See them being labelled").click()

    page.wait_for_url(f"**/jobs/{following_id}")
    expect(page.get_by_text("Finding keypoints")).to_be_visible(timeout=SOON_MS)


def test_an_import_that_brought_nothing_shows_why_and_leads_back_to_the_files(
    app: Flask, page: Page, arms: Seeded
) -> None:
    ended = {"state": "failed", "message": "Nothing came in.", "ended_at": utc_now(), "result": "{}"}
    job_id = job_row(app, arms, **ended)
    with app.app_context(), transaction() as session:
        session.add(JobFinding(job_id=job_id, kind="refused", file_name="a.jpg", reason="it is torn"))

    page.goto(f"/jobs/{job_id}")

    expect(page.get_by_text("it is torn")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_role("link", name="Look at the pictures")).to_have_count(0)
    page.get_by_role("link", name="Try once more").click()
    page.wait_for_url(f"**/datasets/{arms.dataset_id}/import")


def test_what_an_import_refused_is_listed_as_text_and_the_rest_is_in_the_report(
    app: Flask, page: Page, arms: Seeded
) -> None:
    ended = {"state": "succeeded", "message": "7 pictures came in.", "ended_at": utc_now(), "result": "{}"}
    job_id = job_row(app, arms, **ended)
    with app.app_context(), transaction() as session:
        for number in range(120):
            session.add(
                JobFinding(job_id=job_id, kind="refused", file_name=f"<b>{number}</b>.jpg", reason="it is torn")
            )

    page.goto(f"/jobs/{job_id}")

    expect(page.get_by_text("7 pictures came in.")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_text("<b>0</b>.jpg")).to_be_visible()
    expect(page.locator(".job-findings li")).to_have_count(100)
    expect(page.get_by_text("20 more are in the report.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the report").click()
    assert download.value.path().read_text(encoding="utf-8").count("it is torn") == 120


def test_the_time_that_is_left_is_told_once_the_pace_is_known(page: Page) -> None:
    body = """const at = (done, atMs) => ({ done, total: 1000, atMs });
              return [m.timeLeftMs(at(0, 0), at(0, 9000)), m.timeLeftMs(at(0, 0), at(50, 1000)),
                      m.timeLeftMs(at(0, 0), at(100, 10000)),
                      m.inWords(20000), m.inWords(600000), m.inWords(3 * 3600e3)];"""

    assert run(page, "job_progress.js", body) == [
        *(None, None, 90_000),
        *("less than a minute left", "about 10 minutes left", "about 3 hours left"),
    ]


def test_jobs_that_are_older_are_listed_below(app: Flask, open_page: OpenPage, arms: Seeded) -> None:
    for minutes, message in ((9, "The first."), (1, "The last.")):
        asked_at = utc_now() - dt.timedelta(minutes=minutes)
        job_row(app, arms, state="succeeded", message=message, created_at=asked_at, ended_at=asked_at)

    page = open_page(f"/datasets/{arms.dataset_id}/jobs")

    expect(page.locator(".job-list .job-step")).to_have_text(["The last.", "The first."])
