"""Actions taught without a camera: pose sequences posted as the record page posts them."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from webapp.core.records import PoseSequence
from webapp.services.sequence_json import sequence_to_json


def teach(page: Page, name: str, *sequences: PoseSequence) -> str:
    """An action with these as its takes, whole; its id. The page shows something of ours, so that it holds a token."""
    action_id = str(post(page, "/actions/", {"name": name})["action_id"])
    for number, sequence in enumerate(sequences):
        take = recorded(sequence, f"{name} {number}"[-64:]) | {"trim_start_s": 0, "trim_end_s": sequence.duration_s}
        post(page, f"/actions/{action_id}/takes", take | {"source": "webcam"})
    return action_id


def teach_negative(page: Page, sequence: PoseSequence, source: str = "everyday") -> str:
    """A movement that is none of the actions; its id."""
    return str(post(page, "/negatives/", recorded(sequence, f"{source} key") | {"source": source})["negative_id"])


def recorded(sequence: PoseSequence, client_key: str) -> dict[str, object]:
    models = {"detector": "blazepose", "pose_model": "blazepose_full"}
    return {"client_key": client_key, "sequence": sequence_to_json(sequence), **models}


def post(page: Page, url: str, body: object) -> dict[str, Any]:
    token = page.locator('meta[name="csrf-token"]').get_attribute("content") or ""
    answer = page.request.post(url, data=body, headers={"X-CSRFToken": token, "Accept": "application/json"})
    assert answer.ok, answer.text()
    return dict(answer.json())
