"""Feedback and sets of repetitions on the pages of the history."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.conftest import Browser, LogIn
from tests.web.teaching import learned, recognised, sent

pytestmark = pytest.mark.usefixtures("working")


def applied(browser: Browser, event_id: str) -> str:
    """Say that an event was wrong; the feedback's id."""
    said = {"kind": "wrong", "event_id": event_id, "add": "negative"}
    number = sent(browser, "/feedback/preview", said)["bank_number"]
    return str(sent(browser, "/feedback/", {**said, "client_key": "k", "bank_number": number})["feedback_id"])


def test_what_was_applied_stands_on_the_page_of_the_event_and_is_undone_there(anna: Browser, event_id: str) -> None:
    feedback_id = applied(anna, event_id)
    assert "it was none of your actions" in anna.get(f"/history/{event_id}").text

    undone = anna.send_form(f"/feedback/{feedback_id}/undo", back_to="event")

    assert (undone.status_code, undone.location) == (302, f"/history/{event_id}")
    assert "it was none of your actions" not in anna.get(f"/history/{event_id}").text


def test_the_list_of_feedback_tells_what_holds_from_what_was_undone(anna: Browser, event_id: str) -> None:
    assert "No feedback yet" in anna.get("/feedback/").text
    feedback_id = applied(anna, event_id)

    page = anna.get("/feedback/").text
    assert f'action="/feedback/{feedback_id}/undo"' in page
    assert "Kept as a movement that is none of your actions" in page

    assert anna.send_form(f"/feedback/{feedback_id}/undo").location == "/feedback/"
    page = anna.get("/feedback/").text
    assert "data-undone" in page
    assert f"/feedback/{feedback_id}/undo" not in page


def test_only_who_may_correct_is_asked_whether_it_was_right(
    app: Flask, log_in: LogIn, anna: Browser, event_id: str
) -> None:
    learned(anna, "Wave", 0.2)

    own, coachs = anna.get(f"/history/{event_id}").text, log_in("carl", role="coach").get(f"/history/{event_id}").text
    admins = log_in("chief", role="admin").get(f"/history/{event_id}").text

    assert "That was wrong" in own
    assert "data-feedback-dialog" not in coachs
    assert "Only anna can say that it was wrong" in coachs
    assert re.findall(r"<option [^>]*>([^<]+)</option>", own) == ["Arm raise", "Wave"]
    assert re.findall(r"<option [^>]*>([^<]+)</option>", admins) == ["Arm raise", "Wave"]


def test_an_event_of_a_deleted_action_cannot_be_corrected(anna: Browser, action_id: str, event_id: str) -> None:
    anna.send_json(f"/actions/{action_id}", None, method="DELETE")

    page = anna.get(f"/history/{event_id}").text

    assert "nothing left to correct" in page
    assert 'data-say="wrong"' not in page


def test_repetitions_in_a_row_are_one_entry_that_leads_to_each(app: Flask, anna: Browser, action_id: str) -> None:
    ids = [recognised(app, anna, action_id, f"k{number}", start_s=10 + 3 * number) for number in range(3)]

    page = anna.get("/history/").text

    assert "Arm raise × 3" in page
    assert page.count("data-set") == 1
    assert all(f'href="/history/{event_id}"' in page for event_id in ids)
