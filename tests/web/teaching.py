"""What tests of feedback begin with: an action learned and recognised, and JSON asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Flask

from tests.conftest import Browser
from tests.events import announced
from tests.movements import arm_raise
from webapp.services import history
from webapp.services.sequence_json import sequence_to_json


def learned(browser: Browser, name: str, *heights: float) -> str:
    """An action with a take of each of these heights."""
    action_id = str(browser.send_json("/actions/", {"name": name}).get_json()["action_id"])
    for height in heights:
        body = {
            "client_key": f"{name} {height}", "sequence": sequence_to_json(arm_raise(height=height)),
            "trim_start_s": 0.3, "trim_end_s": 1.6, "source": "webcam", "detector": "blazepose",
            "pose_model": "blazepose_full",
        }  # fmt: skip
        assert browser.send_json(f"/actions/{action_id}/takes", body).status_code == 200
    return action_id


def recognised(app: Flask, browser: Browser, action_id: str, key: str, start_s: float = 10.0) -> str:
    event = announced(key, action_id=action_id, start_s=start_s, end_s=start_s + 2)
    moved = replace(event, event=replace(event.event, sequence=arm_raise(height=0.35).between(0.3, 1.6)))
    with app.app_context():
        return history.record_event(browser.user_id or 0, moved, "yolov5n", "blazepose_full")


def got(browser: Browser, url: str) -> Any:
    answer = browser.get_json(url)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def sent(browser: Browser, url: str, body: object) -> Any:
    answer = browser.send_json(url, body)
    assert answer.status_code == 200, answer.text
    return answer.get_json()
