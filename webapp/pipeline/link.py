"""The worker's connection to the web process: kept up for ever, in threads of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import socketio

from webapp.core.errors import InvalidInputError
from webapp.pipeline.inbox import Inbox, Item
from webapp.pipeline.ordered_client import OrderedClient

NAMESPACE = "/worker"
CONNECTED = "connected"
EVENTS = (
    "bank",
    "session_opened",
    "session_models",
    "follow",
    "session_closed",
    "frame",
    "poses",
    "inquiry",
)
FIRST_DELAY_S = 0.1
QUIET_S = 3.0
MAX_DELAY_S = 0.5
LASTING_S = 2.0
CONNECT_WITHIN_S = 5.0
_log = logging.getLogger(__name__)


class Link:
    """One connection, from its beginning to its end; answers to what it brought go back through it alone."""

    def __init__(self) -> None:
        self._client = OrderedClient()
        self._sending = threading.Lock()  # a message of several packets must not be mixed with another

    def send(self, event: str, *payload: object) -> None:
        """Send to the web process; nothing happens when the connection has ended, since nobody waits there any more."""
        try:
            with self._sending:
                self._client.emit(event, payload, namespace=NAMESPACE)
        except socketio.exceptions.SocketIOError as error:
            _log.debug("%s was not sent: %s", event, error)

    def run(self, url: str, token: str, inbox: Inbox[Link]) -> None:
        """Connect, fill the inbox until the connection ends. socketio ConnectionError when there is none."""
        refusals: list[object] = []
        self._client.on("connect_error", refusals.append, namespace=NAMESPACE)
        for event in EVENTS:
            self._client.on(event, self._putter(event, inbox), namespace=NAMESPACE)
        try:
            self._client.connect(
                url,
                auth={"token": token},
                namespaces=[NAMESPACE],
                transports=["websocket"],
                wait_timeout=CONNECT_WITHIN_S,
            )
        except socketio.exceptions.ConnectionError as error:
            raise socketio.exceptions.ConnectionError(_sentence(refusals) or str(error)) from error
        inbox.restart(Item(self, CONNECTED))
        self._client.eio.wait()

    def _putter(self, event: str, inbox: Inbox[Link]) -> Callable[..., None]:
        def put(*arguments: object) -> None:
            displaced = inbox.put(Item(self, event, arguments))
            if displaced is not None:
                displaced.link.refuse(displaced, "superseded by a newer frame")

        return put

    def refuse(self, item: Item[Link], reason: str) -> None:
        """Answer a frame message with a drop, however broken it is."""
        described = item.arguments[0] if item.arguments else None
        if isinstance(described, dict):
            drop = {"session_id": described.get("session_id"), "frame_id": described.get("frame_id"), "reason": reason}
            self.send("drop", drop)


def keep_connected(url: str, token: Callable[[], str], inbox: Inbox[Link]) -> None:
    """Start the thread that connects, and connects again whenever the connection ends. Each trouble is said once."""
    threading.Thread(target=_connect_for_ever, args=(url, token, inbox), name="link", daemon=True).start()


def _connect_for_ever(url: str, token: Callable[[], str], inbox: Inbox[Link]) -> None:
    began_s, delay_s, said = time.monotonic(), FIRST_DELAY_S, ""
    while True:
        started_s = time.monotonic()
        try:
            Link().run(url, token(), inbox)
            trouble = "the connection has ended"
        except (socketio.exceptions.SocketIOError, InvalidInputError, OSError) as error:
            trouble = str(error)
        if time.monotonic() - started_s > LASTING_S:
            delay_s, said = FIRST_DELAY_S, ""
        # serve starts the web process and the workers together: a first try that comes too early is no news
        if trouble != said and time.monotonic() - began_s > QUIET_S:
            _log.warning("no connection to %s: %s; trying again", url, trouble)
            said = trouble
        time.sleep(delay_s)
        delay_s = min(MAX_DELAY_S, delay_s * 1.5)


def _sentence(refusals: list[object]) -> str:
    last = refusals[-1] if refusals else None
    return str(last.get("message", "")) if isinstance(last, dict) else ""
