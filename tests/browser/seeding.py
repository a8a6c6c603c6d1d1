"""What a person already has before a test begins: actions with takes, and a history."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask

from tests.browser.running import PASSWORD, RunningServer
from tests.dataset_seeding import Seeded, seed_dataset
from tests.events import announced
from tests.movements import arm_raise
from webapp.app import create_app
from webapp.config import Settings
from webapp.core.records import PoseSequence
from webapp.db.base import utc_now
from webapp.pipeline.messages import SessionEvent
from webapp.services import accounts, actions, history

WHOLE = (0.3, 1.6)
"""The movement in an arm raise of tests.movements, without standing still."""


def performance(height: float = 0.35) -> PoseSequence:
    """An arm raise as it would be recognised."""
    return arm_raise(height=height).between(*WHOLE)


def add_account(server: RunningServer, username: str, role: str = "user") -> None:
    """As RunningServer.add_account, without a process of its own."""
    with app_of(server).app_context():
        accounts.create_account(username, PASSWORD, role=role)


def learn(server: RunningServer, username: str, name: str, *heights: float) -> str:
    """An action with an arm raise of each of these heights as takes; its id."""
    with app_of(server).app_context():
        person = accounts.get_account(username)
        action, _ = actions.create_action(person, name)
        for height in heights:
            new = actions.NewTake(f"{name} {height}", arm_raise(height=height), *WHOLE, "webcam", "blazepose", "full")
            actions.add_take(person, action.id, new)
        return action.id


def recognised(server: RunningServer, username: str, action_id: str, name: str, *heights: float) -> list[str]:
    """Events of one session, one every 2.4 seconds, each an arm raise of one of these heights; their ids."""
    with app_of(server).app_context():
        user_id, now = accounts.get_account(username).id, utc_now()
        told = [_event(action_id, name, number, height) for number, height in enumerate(heights)]
        return [
            history.record_event(
                user_id, one, "yolov5n", "blazepose_full", now + dt.timedelta(seconds=one.event.announced_s - 300)
            )
            for one in told
        ]


def dataset(server: RunningServer, username: str, count: int, **options: Any) -> Seeded:
    """A dataset of this account with so many samples; options as of tests.dataset_seeding."""
    with app_of(server).app_context():
        return seed_dataset(accounts.get_account(username), server.instance.folder, count, **options)


def _event(action_id: str, name: str, number: int, height: float) -> SessionEvent:
    poses, start_s = performance(height), 10 + 2.4 * number
    told = announced(f"{action_id}-{number}", action_id=action_id, action=name)
    end_s = start_s + poses.duration_s
    event = replace(told.event, start_s=start_s, end_s=end_s, announced_s=end_s + 0.2, sequence=poses)
    return replace(told, session_id=action_id, event=event)


def app_of(server: RunningServer) -> Flask:
    """The services on the server's own database."""
    return _app_on(server.instance.folder)


@lru_cache(maxsize=1)
def _app_on(instance_dir: Path) -> Flask:
    return create_app(Settings(instance_dir=instance_dir, async_mode="threading"))
