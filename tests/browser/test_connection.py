"""The page outlives the server and the worker: it comes back by itself and says what happened."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.conftest import OpenPage
from tests.browser.driving import wait_for_people, wait_until
from tests.browser.running import RunningServer
from tests.browser.wire import SocketLog

pytestmark = pytest.mark.browser

EXPECTED = "WebSocket|ERR_CONNECTION"
A_NUMBER = re.compile(r"^\d+$")


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


def test_a_cut_connection_is_renewed_and_frames_go_on(open_page: OpenPage) -> None:
    cuttable: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        cuttable.append(socket)

    page = open_page(before=lambda page: page.route_web_socket("**/socket.io/**", pass_on), expected_errors=EXPECTED)
    expect(page.locator("[data-stat=fps]")).to_have_text(A_NUMBER)

    cuttable[0].close()

    wait_until(page, lambda: len(cuttable) == 2, "a second connection")
    page.wait_for_timeout(3500)  # until measurements from before the cut are forgotten
    expect(page.locator("[data-stat=fps]")).to_have_text(A_NUMBER)


def test_answers_that_get_lost_do_not_stop_the_page_for_good(open_page: OpenPage) -> None:
    connections: list[WebSocketRoute] = []
    swallowed: list[str | bytes] = []

    def lose_answers_of_the_first(socket: WebSocketRoute) -> None:
        connections.append(socket)
        server = socket.connect_to_server()
        is_first = len(connections) == 1

        def pass_on(message: str | bytes) -> None:
            if is_first and isinstance(message, str) and '"result"' in message:
                swallowed.append(message)
            else:
                socket.send(message)

        server.on_message(pass_on)

    page = open_page(before=lambda page: page.route_web_socket("**/socket.io/**", lose_answers_of_the_first))

    wait_until(page, lambda: len(connections) == 2, "a second connection")
    assert len(swallowed) == 2
    expect(page.locator("[data-stat=fps]")).to_have_text(A_NUMBER)
