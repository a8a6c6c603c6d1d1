"""One server and one Chromium for all browser tests; every page fails its test when its console shows an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.browser.chromium import QUIET, WEBGL, find_chromium
from tests.browser.clips import DEMO_CLIP, write_camera
from tests.browser.driving import log_in
from tests.browser.running import RunningServer

FAKE_CAMERA = ("--use-fake-device-for-media-stream",)
LAN_HOST = "moveprint.test"
"""Resolves to this machine, but is no secure origin over plain http, just as an address in a LAN."""

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium_path() -> str:
    path = find_chromium()
    if path is None:
        pytest.skip("Chromium is not installed; on Debian and Ubuntu: apt install chromium")
    return path


@pytest.fixture(scope="session")
def demo_clip() -> Path:
    if not DEMO_CLIP.is_file():
        pytest.skip("the sample clip is not there; python -m tools.sample_clip fetches it")
    return DEMO_CLIP


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, chromium_path: str) -> Iterator[RunningServer]:
    running = RunningServer(tmp_path_factory.mktemp("instance"))
    running.start()
    for username, role in (("reader", "user"), ("chief", "admin")):
        running.add_account(username, role)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(
    playwright: Playwright, chromium_path: str, demo_clip: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """Its camera shows the man of the demo clip, and it never asks."""
    camera = write_camera(tmp_path_factory.mktemp("camera") / "camera.mjpeg")
    flags = (
        *QUIET,
        *WEBGL,
        *FAKE_CAMERA,
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    )
    yield from _launched(playwright, chromium_path, flags)


@pytest.fixture(scope="session")
def browser_without_camera(playwright: Playwright, chromium_path: str) -> Iterator[Browser]:
    yield from _launched(playwright, chromium_path, (*QUIET, "--use-fake-ui-for-media-stream"))


@pytest.fixture(scope="session")
def browser_that_refuses(playwright: Playwright, chromium_path: str) -> Iterator[Browser]:
    """It has a camera, and nobody there to allow it."""
    flags = (*QUIET, *FAKE_CAMERA, "--deny-permission-prompts", f"--host-resolver-rules=MAP {LAN_HOST} 127.0.0.1")
    yield from _launched(playwright, chromium_path, flags)


@pytest.fixture
def open_page(server: RunningServer, browser: Browser) -> Iterator[OpenPage]:
    """Open a page as somebody; the console must stay free of errors, but for those the test names."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(
        path: str = "/live/",
        *,
        username: str | None = "reader",
        using: Browser | None = None,
        host: str | None = None,
        expected_errors: str = r"(?!)",
        before: Callable[[Page], None] | None = None,
        **options: Any,
    ) -> Page:
        base = f"http://{host}:{server.port}" if host else server.url
        context = (using or browser).new_context(base_url=base, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        expected = re.compile(expected_errors)
        page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
        page.on(
            "console",
            lambda message: (
                complaints.append(f"console: {message.text}")
                if message.type == "error" and not expected.search(message.text)
                else None
            ),
        )
        if username:
            log_in(page, username)
        if before:
            before(page)
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints


def _launched(playwright: Playwright, chromium_path: str, flags: tuple[str, ...]) -> Iterator[Browser]:
    launched = playwright.chromium.launch(executable_path=chromium_path, args=list(flags))
    yield launched
    launched.close()
