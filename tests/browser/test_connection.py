"""The page outlives the server and the worker: it comes back by itself and says what happened."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.driving import wait_for_people, wait_until
from tests.browser.running import RunningServer
from tests.browser.wire import SocketLog

pytestmark = pytest.mark.browser

EXPECTED = "WebSocket|ERR_CONNECTION|ERR_NETWORK"


def test_the_page_comes_back_by_itself_after_the_server_restarts(open_page: OpenPage, server: RunningServer) -> None:
    page = open_page(expected_errors=EXPECTED)
    log = SocketLog(page)
    page.reload()
    wait_for_people(page, log)

    server.stop()
    expect(page.locator("[data-connection-notice]")).to_contain_text("Trying again")
    server.start()

    expect(page.locator("[data-connection-notice]")).to_be_hidden(timeout=60_000)
    answered = len(log.results)
    wait_until(page, lambda: len(log.results) > answered + 20, "answers after the restart", within_s=60)
    assert log.most_unanswered <= 2


def test_a_killed_worker_is_replaced_and_the_page_says_so(open_page: OpenPage, server: RunningServer) -> None:
    page = open_page(expected_errors=EXPECTED)
    log = SocketLog(page)
    page.reload()
    wait_for_people(page, log)

    server.kill_worker()

    expect(page.locator("#toasts")).to_contain_text("worker was restarted", timeout=60_000)
    answered = log.people_seen
    wait_until(page, lambda: log.people_seen > answered + 20, "people after the worker is replaced", within_s=60)


def test_lost_network_is_shown_and_frames_go_on_afterwards(open_page: OpenPage) -> None:
    page = open_page(expected_errors=EXPECTED)
    log = SocketLog(page)
    page.reload()
    wait_for_people(page, log)

    page.route_web_socket("**/socket.io/**", lambda socket: socket.close())
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('offline'))")
    page.context.set_offline(False)

    answered = len(log.results)
    wait_until(page, lambda: len(log.results) > answered + 20, "answers after the network is back", within_s=60)
