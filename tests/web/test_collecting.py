"""Filling a dataset through HTTP: the pages, pieces of files, and who may hand them in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.conftest import Browser, LogIn, error_of
from webapp.config import Settings
from webapp.db.datasets import DatasetMember
from webapp.db.engine import transaction
from webapp.services import people
from webapp.web.bodies import MAX_PIECE_BODY

WISHES: dict[str, Any] = {"session": "Monday", "rights": True}
CONTENT = b"0123456789" * 100


@pytest.fixture
def dataset_url(anna: Browser) -> str:
    body = {"name": "Arms", "skeleton": "upper_body_6"}
    return f"/datasets/{anna.send_json('/datasets/', body).get_json()['dataset_id']}"


@pytest.fixture
def import_url(anna: Browser, dataset_url: str) -> str:
    answer = anna.send_json(f"{dataset_url}/imports", WISHES)
    assert answer.status_code == 201, answer.text
    return f"{dataset_url}/imports/{answer.get_json()['job_id']}"


def put(browser: Browser, url: str, content: bytes, *, size: int | None = None, offset: int = 0) -> TestResponse:
    query = {"size": len(content) if size is None else size, "offset": offset}
    headers = {"X-CSRFToken": browser.token, "Accept": "application/json"}
    return browser.client.put(
        url, query_string=query, data=content, content_type="application/octet-stream", headers=headers
    )


def test_the_pages_state_the_limits_the_consent_and_the_rights(anna: Browser, dataset_url: str) -> None:
    upload, webcam = (anna.get(f"{dataset_url}/{page}").text for page in ("import", "collect"))

    for limit in ("33.6 MB", "50,000 files", "8.59 GB"):
        assert limit in upload
    assert people.RIGHTS in upload
    assert people.CONSENT in upload
    assert people.CONSENT in webcam


def test_a_file_in_pieces_is_acknowledged_piece_by_piece_and_the_import_starts(anna: Browser, import_url: str) -> None:
    url = f"{import_url}/files/Köln/one two#3.jpg".replace("#", "%23").replace(" ", "%20")

    first = put(anna, url, CONTENT[:400], size=1000)
    gap = put(anna, url, CONTENT[500:], size=1000, offset=500)
    rest = put(anna, url, CONTENT[400:], size=1000, offset=400)

    assert first.get_json() == {"received_bytes": 400}
    assert (gap.status_code, gap.get_json()["received_bytes"]) == (409, 400)
    assert rest.get_json() == {"received_bytes": 1000}
    (file,) = anna.get_json(import_url).get_json()["files"]
    assert file == {"name": "Köln/one two#3.jpg", "size_bytes": 1000, "received_bytes": 1000}
    started = anna.send_json(f"{import_url}/start", {})
    assert started.status_code == 202
    assert anna.get_json(started.get_json()["job_url"]).status_code == 200


def test_a_piece_may_be_large_but_not_larger_than_stated(anna: Browser, import_url: str) -> None:
    url = f"{import_url}/files/film.mp4"

    assert put(anna, url, bytes(MAX_PIECE_BODY)).get_json() == {"received_bytes": MAX_PIECE_BODY}
    assert put(anna, f"{import_url}/files/other.mp4", bytes(MAX_PIECE_BODY + 1)).status_code == 413


@pytest.mark.parametrize(
    ("name", "query", "status"),
    [
        ("a.jpg", {"offset": 0}, 400),
        ("a.jpg", {"size": "many", "offset": 0}, 400),
        ("a.jpg", {"size": 5, "offset": -1}, 400),
        ("a.jpg", {"size": 3, "offset": 0}, 422),
        ("a.jpg", {"size": 0, "offset": 0}, 422),
        ("a.svg", {"size": 4, "offset": 0}, 422),
        ("..%2F..%2Fa.jpg", {"size": 4, "offset": 0}, 422),
        ("a%01b.jpg", {"size": 4, "offset": 0}, 422),
    ],
)
def test_a_piece_that_makes_no_sense_is_refused_with_a_sentence(
    anna: Browser, import_url: str, name: str, query: dict[str, object], status: int
) -> None:
    headers = {"X-CSRFToken": anna.token, "Accept": "application/json"}

    answer = anna.client.put(f"{import_url}/files/{name}", query_string=query, data=b"four", headers=headers)

    assert answer.status_code == status
    assert error_of(answer)


@pytest.mark.parametrize("files", ["a.jpg", ["a.jpg"], [{"name": "a.jpg"}], [{"name": 3, "reason": "x"}]], ids=str)
def test_what_was_left_out_is_a_list_of_names_and_reasons(anna: Browser, import_url: str, files: object) -> None:
    assert anna.send_json(f"{import_url}/left-out", {"files": files}, method="PUT").status_code == 400


def test_a_file_is_taken_out_and_an_import_discarded(anna: Browser, import_url: str) -> None:
    put(anna, f"{import_url}/files/a.jpg", CONTENT)

    assert anna.send_json(f"{import_url}/files/a.jpg", {}, "DELETE").status_code == 200
    assert anna.get_json(import_url).get_json()["files"] == []
    assert anna.send_json(import_url, {}, "DELETE").status_code == 200
    assert anna.get_json(import_url).status_code == 404


def test_what_was_not_finished_is_shown_on_the_page_it_came_from(
    anna: Browser, dataset_url: str, import_url: str
) -> None:
    put(anna, f"{import_url}/files/a.jpg", CONTENT[:10], size=1000)

    assert "No files are wholly here, 1 in part;" in anna.get(f"{dataset_url}/import").text
    assert "Not finished" not in anna.get(f"{dataset_url}/collect").text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({**WISHES, "session": 7}, 400),
        ({**WISHES, "every_frames": "ten"}, 400),
        ({**WISHES, "person_id": "../x"}, 400),
        ({"session": "Monday"}, 422),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(
    anna: Browser, dataset_url: str, body: dict[str, object], status: int
) -> None:
    answer = anna.send_json(f"{dataset_url}/imports", body)

    assert answer.status_code == status
    assert error_of(answer)


def test_a_labeller_may_not_fill_the_dataset_and_a_stranger_does_not_see_it(
    app: Flask, log_in: LogIn, dataset_url: str, import_url: str
) -> None:
    labeller, stranger = log_in("labeller"), log_in("stranger")
    with app.app_context(), transaction() as session:
        dataset_id = dataset_url.rsplit("/", 1)[1]
        session.add(DatasetMember(dataset_id=dataset_id, user_id=labeller.user_id, role="labeller"))

    for browser, status in ((labeller, 403), (stranger, 404)):
        assert browser.get(f"{dataset_url}/import").status_code == status
        assert browser.get(f"{dataset_url}/collect").status_code == status
        assert browser.send_json(f"{dataset_url}/imports", WISHES).status_code == status
        assert put(browser, f"{import_url}/files/a.jpg", CONTENT).status_code == status
        assert browser.send_json(f"{import_url}/start", {}).status_code == status
        assert browser.send_json(import_url, {}, "DELETE").status_code == status


def test_a_server_whose_disk_is_full_says_so(app: Flask, settings: Settings, anna: Browser, import_url: str) -> None:
    app.config["MOVEPRINT_SETTINGS"] = replace(settings, max_import_bytes=2**42)

    answer = put(anna, f"{import_url}/files/film.mp4", CONTENT, size=2**41)

    assert answer.status_code == 422
    assert "no room" in error_of(answer)
