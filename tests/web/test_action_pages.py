"""The pages around actions: movements that are none of them, feedback on thresholds, health for administrators."""

from __future__ import annotations

from flask import Flask

from tests.conftest import Browser, LogIn
from tests.web.teaching import got, learned, recognised, sent
from webapp.db.actions import Action
from webapp.db.engine import transaction


def add_by_feedback(app: Flask, browser: Browser) -> tuple[str, str]:
    """An event that was called wrong and kept as a movement that is none of the actions; both ids."""
    event_id = recognised(app, browser, learned(browser, "Arm raise", 0.4), "one")
    said = {"kind": "wrong", "event_id": event_id, "add": "negative"}
    effect = sent(browser, "/feedback/preview", said)
    applied = sent(browser, "/feedback/", {**said, "client_key": "k", "bank_number": effect["bank_number"]})
    return event_id, str(applied["negative_id"])


def test_what_came_from_feedback_is_marked_and_leads_to_its_event(app: Flask, working: None, anna: Browser) -> None:
    event_id, negative_id = add_by_feedback(app, anna)

    (shown,) = got(anna, "/negatives/")["negatives"]
    page = anna.get("/negatives/").text

    assert (shown["negative_id"], shown["source"], shown["event_id"]) == (negative_id, "feedback", event_id)
    assert "Wrongly recognised" in page
    assert f'href="/history/{event_id}"' in page


def test_what_came_from_feedback_stays_when_its_event_is_deleted(app: Flask, working: None, anna: Browser) -> None:
    event_id, negative_id = add_by_feedback(app, anna)

    anna.send_json(f"/history/{event_id}", None, method="DELETE")

    (shown,) = got(anna, "/negatives/")["negatives"]
    assert (shown["negative_id"], shown["event_id"]) == (negative_id, None)
    assert "on an event that is deleted" in anna.get("/negatives/").text


def test_a_movement_is_switched_off_and_deleted_by_the_forms_of_the_page(
    app: Flask, working: None, anna: Browser
) -> None:
    _, negative_id = add_by_feedback(app, anna)

    switched = anna.send_form(f"/negatives/{negative_id}/enabled", enabled="0")
    assert (switched.status_code, switched.location) == (302, "/negatives/")
    assert got(anna, "/negatives/")["negatives"][0]["enabled"] is False
    assert anna.send_form(f"/negatives/{negative_id}/delete").status_code == 302
    assert got(anna, "/negatives/")["negatives"] == []


def test_the_recorder_of_movements_asks_for_no_name(anna: Browser) -> None:
    page = anna.get("/negatives/record").text

    assert 'data-record="negative"' in page
    assert 'id="action-name"' not in page
    assert 'data-record="action"' in anna.get("/record/").text


def test_an_action_tells_whether_feedback_has_moved_its_threshold(app: Flask, anna: Browser) -> None:
    action_id = learned(anna, "Arm raise", 0.4)
    sent(anna, f"/actions/{action_id}/options", {"threshold_factor": 1.5})
    assert "data-by-feedback>" not in anna.get(f"/actions/{action_id}").text

    with app.app_context(), transaction() as session:
        action = session.get(Action, action_id)
        assert action is not None
        action.threshold_factor = 0.8

    page = anna.get(f"/actions/{action_id}").text
    assert 'data-factor="0.8"' in page
    assert "data-by-feedback>" in page


def test_an_administrator_sees_the_health_of_somebody_elses_action_and_others_do_not(
    working: None, anna: Browser, log_in: LogIn
) -> None:
    url = f"/actions/{learned(anna, 'Arm raise', 0.4)}/health"

    assert got(log_in("root", role="admin"), url) == got(anna, url) == got(anna, "/actions/health")
    assert log_in("ben").get_json(url).status_code == 404
