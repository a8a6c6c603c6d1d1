"""Keeping a take the way the page does, over HTTP."""

from __future__ import annotations

from typing import Any

from tests.sockets.conftest import Server
from webapp.bench.browser import post_json
from webapp.core.records import PoseSequence
from webapp.services.sequence_json import sequence_to_json


def keep_take(server: Server, username: str, action: str, taken: PoseSequence) -> str:
    """The id of the action that now has this take."""
    action_id = str(post(server, username, "/actions/", {"name": action})["action_id"])
    body = {
        "client_key": f"{username}-{action}",
        "sequence": sequence_to_json(taken),
        "trim_start_s": 0.0,
        "trim_end_s": taken.duration_s,
        "source": "webcam",
        "detector": "whole_frame",
        "pose_model": "any",
    }
    post(server, username, f"/actions/{action_id}/takes", body)
    return action_id


def post(server: Server, username: str, path: str, body: object) -> Any:
    """What the page's own script does."""
    return post_json(server.url, server.cookies[username], path, body)
