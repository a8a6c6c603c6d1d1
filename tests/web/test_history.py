"""The history as pages and as JSON."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.conftest import Browser, LogIn, error_of
from tests.events import announced
from tests.movements import arm_raise
from webapp.app import create_app
from webapp.config import Settings
from webapp.services import history
from webapp.services.sequence_json import sequence_to_json


def record(app: Flask, browser: Browser, key: str = "one", **changes: object) -> str:
    assert browser.user_id is not None
    with app.app_context():
        return history.record_event(browser.user_id, announced(key, **changes), "yolov5n", "blazepose_full")


def test_an_empty_history_says_what_to_do(log_in: LogIn) -> None:
    page = log_in("anna").get("/history/").text

    assert "Nothing recognised yet" in page
    assert "/live/" in page


def test_the_list_leads_to_the_event_and_its_replay(app: Flask, log_in: LogIn) -> None:
    anna = log_in("anna")
    event_id = record(app, anna)

    listed, detail = anna.get("/history/").text, anna.get(f"/history/{event_id}").text

    assert f"/history/{event_id}" in listed
    assert f'data-replay-url="/history/{event_id}/sequence"' in detail
    assert "yolov5n" in detail
    assert anna.get_json(f"/history/{event_id}/sequence").json == sequence_to_json(arm_raise())


def test_filters_that_find_nothing_say_so_and_can_be_taken_off(app: Flask, log_in: LogIn) -> None:
    anna = log_in("anna")
    record(app, anna)

    page = anna.get("/history/?action=Squat").text

    assert "Nothing matches" in page
    assert "Show all" in page


def test_filters_and_page_stay_in_the_links(app: Flask, log_in: LogIn) -> None:
    anna = log_in("anna")
    for number in range(26):
        record(app, anna, f"k{number}")

    page = anna.get("/history/?action=Arm+raise&min_confidence=0.5").text

    assert "page=2&amp;action=Arm+raise&amp;min_confidence=0.5" in page


def test_a_coach_may_choose_the_person(app: Flask, log_in: LogIn) -> None:
    anna, coach = log_in("anna"), log_in("carl", role="coach")
    record(app, anna)

    page, chosen = coach.get("/history/").text, coach.get_json("/history/?person=anna").json

    assert "<option >anna</option>" in page
    assert chosen is not None
    assert (chosen["total"], chosen["events"][0]["username"]) == (1, "anna")
    assert 'name="person"' not in anna.get("/history/").text


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("from=yesterday", 400, "from must be a date such as 2026-11-22, got 'yesterday'"),
        ("to=2026-02-30", 400, "to must be a date"),
        ("min_confidence=high", 400, "min_confidence must be a number"),
        ("min_confidence=nan", 422, "within 0 to 1, got nan"),
        ("min_confidence=7", 422, "within 0 to 1, got 7"),
        ("page=first", 400, "page must be a whole number"),
        ("page=-1", 400, "page must be a whole number"),
        ("page=" + "9" * 40, 400, "page must be a whole number"),
        ("person=%00", 400, "a character that no name has"),
        ("from=2026-02-02&to=2026-01-01", 422, "exchange the two dates"),
    ],
)
def test_a_query_that_cannot_be_is_refused(log_in: LogIn, query: str, status: int, sentence: str) -> None:
    answer = log_in("anna").get_json(f"/history/?{query}")

    assert answer.status_code == status
    assert sentence in error_of(answer)


@pytest.mark.parametrize(("role", "see", "delete"), [("user", 404, 404), ("coach", 200, 403), ("admin", 200, 200)])
def test_who_sees_and_who_deletes_someone_elses_event(
    app: Flask, log_in: LogIn, role: str, see: int, delete: int
) -> None:
    event_id = record(app, log_in("anna"))
    other = log_in("other", role=role)

    assert other.get_json(f"/history/{event_id}").status_code == see
    assert other.get_json(f"/history/{event_id}/sequence").status_code == see
    assert other.send_json(f"/history/{event_id}", None, method="DELETE").status_code == delete


def test_the_owner_deletes_an_event_by_the_form(app: Flask, log_in: LogIn) -> None:
    anna = log_in("anna")
    event_id = record(app, anna)

    answer = anna.send_form(f"/history/{event_id}/delete")

    assert answer.status_code == 302
    assert anna.get(f"/history/{event_id}").status_code == 404


def test_history_and_login_survive_a_restart(app: Flask, settings: Settings, log_in: LogIn) -> None:
    anna = log_in("anna")
    event_id = record(app, anna)
    cookie = anna.client.get_cookie("moveprint_session")
    assert cookie is not None

    restarted = create_app(settings).test_client()
    restarted.set_cookie("moveprint_session", cookie.value)

    assert "Arm raise" in restarted.get(f"/history/{event_id}").text
