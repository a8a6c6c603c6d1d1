"""From a clip to a network of one's own that recognises live: labelled by BlazePose, trained, registered, activated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.clips import JACKS, man_alone, write_video
from tests.browser.conftest import OpenPage
from tests.browser.driving import (
    teach_jumping_jack,
    wait_for_people,
    wait_for_worker,
    wait_until,
)
from tests.browser.running import RunningServer
from tests.browser.wire import SocketLog
from webapp.core.skeleton import UPPER_BODY_6

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

DATASET, MODEL = "Upper body", "upper-v1"
SESSIONS = 6
"""The clip is cut into so many, so that some can be kept from training."""
TRAINING = (
    "--split-by source --states proposed --side 96 --epochs 150 --patience 150 --name Jacks "
    "--rotation 10 --scale 0.1 --shift 0.05 --blur 0 --occlusion 0"
)
"""Long enough for one man in one place, and changed little: he is what it is to find."""
LOADED_WITHIN_MS = 60_000
KEYPOINTS = UPPER_BODY_6.index


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, chromium_path: str, demo_clip: Path) -> Iterator[RunningServer]:
    """A server with its own folder of weights: a model is registered into it."""
    running = RunningServer(tmp_path_factory.mktemp("trained"))
    running.use_own_weights(tmp_path_factory.mktemp("weights"))
    running.start()
    for username, role in (("reader", "user"), ("chief", "admin")):
        running.add_account(username, role)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def run(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A run on the man's jumping jacks as BlazePose labels them, registered as upper-v1."""
    command = server.instance.command
    command("datasets", "create", DATASET, "--skeleton", "upper_body_6", "--owner", "chief")
    pictures, folder = man_alone(JACKS), tmp_path_factory.mktemp("videos")
    for number in range(SESSIONS):
        video = write_video(folder / f"{number}.webm", pictures[number::SESSIONS])
        taken = ("--dataset", DATASET, "--every-frames", "1", "--one-person", "--label-with", "blazepose_full")
        command("datasets", "import", str(video), *taken)
    trained = json.loads(command("train", "--dataset", DATASET, "--json", *TRAINING.split()).splitlines()[-1])
    command("runs", "register", "Jacks", "--name", "upper", "--form", "dynamic")
    return dict(trained)


def test_a_network_trained_on_a_clip_beats_the_mean_pose(run: dict[str, Any]) -> None:
    assert run["state"] == "succeeded", run["message"]
    assert run["metrics"]["beats_mean_pose"]
    assert {form["form"] for form in run["metrics"]["forms"] if form["file"]} >= {"dynamic", "int8", "onnx"}


def test_activated_it_drives_a_session_that_goes_on_and_recognises_an_action(
    run: dict[str, Any], open_page: OpenPage
) -> None:
    page = open_page("/live/", expected_errors="503")
    log = SocketLog(page)
    page.reload()
    wait_for_worker(page)
    wait_for_people(page, log)
    connections = log.connections

    activate(open_page("/models/versions/", username="chief"))

    expect(page.locator("[data-models]")).to_contain_text(MODEL, timeout=LOADED_WITHIN_MS)
    by_own = wait_for_own_keypoints(page, log)
    assert log.connections == connections, "the session was to go on"
    assert len(by_own["people"][0]["keypoints"]) == len(UPPER_BODY_6.keypoints)
    page.goto("/record/")
    wait_for_worker(page)
    teach_jumping_jack(page, UPPER_BODY_6)
    page.goto("/live/")
    expect(page.locator("[data-events] .event").first).to_contain_text("jumping jack", timeout=60_000)


def activate(versions: Page) -> None:
    versions.get_by_role("button", name=re.compile(f"Activate.*{MODEL}")).click()
    in_use, anyway = (
        versions.locator(f"#{MODEL}[data-active]"),
        versions.get_by_role("button", name="Activate it anyway"),
    )
    expect(in_use.or_(anyway)).to_be_visible()
    if anyway.is_visible():  # where the teacher is the better one
        anyway.click()
    expect(in_use).to_contain_text("in use")


def wait_for_own_keypoints(page: Page, log: SocketLog) -> dict[str, Any]:
    """The newest answer with somebody in it, once the new model finds them."""

    def own() -> list[dict[str, Any]]:
        recent = [result for result in log.results[-10:] if result["people"]]
        return [each for each in recent if len(each["people"][0]["keypoints"]) == len(KEYPOINTS)]

    wait_until(page, lambda: bool(own()), "somebody found by the new model", within_s=60)
    return own()[-1]
