"""What a person does on the pages, step by step."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, Request, expect

from tests.browser.running import PASSWORD
from tests.browser.wire import SocketLog
from webapp.core.skeleton import Skeleton

SOON_MS = 20_000
"""How long a test waits for what takes a moment, on a busy machine."""


def log_in(page: Page, username: str) -> None:
    page.goto("/login")
    page.get_by_label("User name").fill(username)
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url(lambda url: "/login" not in url)


def sign_up(page: Page, username: str) -> None:
    page.goto("/signup")
    page.locator("[name=username]").fill(username)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password_again]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url(lambda url: "/signup" not in url)


def wait_until(page: Page, true: Callable[[], bool], what: str, within_s: float = 30.0) -> None:
    """Let the page go on until this is true."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"{what}: not within {within_s} s"
        page.wait_for_timeout(50)


def wait_for_worker(page: Page) -> None:
    expect(page.locator("[data-stage]")).to_have_attribute("data-connection", "ready", timeout=60_000)


def wait_for_people(page: Page, log: SocketLog, frames: int = 10) -> None:
    wait_until(page, lambda: log.people_seen >= frames, f"{frames} answers with a person", within_s=60)


def show_replay(page: Page) -> None:
    """Scroll to the page's first replay, which loads when it comes into view."""
    page.locator("[data-replay]").first.scroll_into_view_if_needed()
    expect(page.locator("[data-replay] canvas").first).to_be_visible()


def record_takes(page: Page, name: str, *, takes: int = 1, seconds: float = 4) -> None:
    """Fill in the form of the record page, start, and wait for the cards."""
    before = page.locator(".take").count()
    page.locator("#action-name").fill(name)
    page.locator("#take-count").fill(str(takes))
    page.locator("#take-seconds").fill(str(seconds))
    page.locator("#countdown-seconds").fill("1")
    page.locator("[data-start]").click()
    expect(page.locator(".take")).to_have_count(before + takes, timeout=int(1000 * (takes * (seconds + 6) + 30)))


def checked_sequences(page: Page) -> list[dict[str, Any]]:
    """A list that grows with every sequence the page has checked."""
    sequences: list[dict[str, Any]] = []

    def listen(request: Request) -> None:
        if request.url.endswith("/actions/check") and request.post_data:
            sequences.append(json.loads(request.post_data)["sequence"])

    page.on("request", listen)
    return sequences


def drag_trim(page: Page, take: Locator, start_share: float, end_share: float) -> None:
    """Drag both handles of a take's trim strip to these shares of its length."""
    for which, share in (("start", start_share), ("end", end_share)):
        take.locator(".trim-strip").scroll_into_view_if_needed()
        strip = take.locator(".trim-strip").bounding_box()
        handle = take.locator(f"[data-handle={which}]").bounding_box()
        assert strip is not None
        assert handle is not None
        page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
        page.mouse.down()
        page.mouse.move(strip["x"] + strip["width"] * share, strip["y"] + 10, steps=6)
        page.mouse.up()


def keep(take: Locator) -> None:
    take.locator("[data-keep]").click()
    expect(take).to_have_attribute("data-phase", "kept", timeout=SOON_MS)


def teach_jumping_jack(page: Page, skeleton: Skeleton) -> None:
    """On the record page: one whole jumping jack, cut out of a longer take of the man before the camera, and kept."""
    sequences = checked_sequences(page)
    record_takes(page, "jumping jack", seconds=7)
    take = page.locator(".take").first
    expect(take).to_have_attribute("data-phase", "ready")
    drag_trim(page, take, *_jack_window(sequences[-1], skeleton))
    keep(take)


def _jack_window(sequence: dict[str, Any], skeleton: Skeleton) -> tuple[float, float]:
    """Start and end of one whole jumping jack as shares of the take: in its middle the wrists are up."""
    times = sequence["times_s"]
    groups: list[list[float]] = []
    for time_s, pose in zip(times, sequence["keypoints"], strict=True):
        if not _wrists_are_up(pose, skeleton):
            continue
        if groups and time_s - groups[-1][-1] < 0.3:
            groups[-1].append(time_s)
        else:
            groups.append([time_s])
    middles = [(group[0] + group[-1]) / 2 for group in groups]
    middle = next(m for m in middles if m > 0.75 and m < times[-1] - 0.75)
    return (middle - 0.65) / times[-1], (middle + 0.65) / times[-1]


def _wrists_are_up(pose: list[list[float | None]], skeleton: Skeleton) -> bool:
    for side in ("left", "right"):
        wrist_y, shoulder_y = (pose[skeleton.index[f"{side}_{name}"]][1] for name in ("wrist", "shoulder"))
        if wrist_y is None or shoulder_y is None or wrist_y >= shoulder_y:
            return False
    return True


def teach_from_file(page: Page, name: str, *files: str) -> None:
    """On the record page: make one take of each file as a whole, and keep all."""
    page.locator("#action-name").fill(name)
    page.locator("[data-file-input]").set_input_files(list(files))
    if len(files) == 1:
        page.locator("[data-use-piece]").click()
    expect(page.locator(".take[data-phase=ready]")).to_have_count(len(files), timeout=120_000)
    for number in range(len(files)):
        keep(page.locator(".take").nth(number))
