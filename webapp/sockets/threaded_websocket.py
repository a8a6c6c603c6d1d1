"""WebSockets when threads serve: simple-websocket with a bound on what a message and unread messages may take."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import simple_websocket
from engineio.async_drivers._websocket_wsgi import SimpleWebSocketWSGI

RECEIVE_BYTES = 65536
CHECK_CLOSED_S = 2.0
MAX_UNREAD_MESSAGES = 8


class HeldBackServer(simple_websocket.Server):  # type: ignore[misc]  # simple_websocket has no types
    """Reads on only while few messages wait; by itself it would keep whatever a peer sends faster than we handle it."""

    def _handle_events(self) -> bool:
        while self.connected and len(self.input_buffer) >= MAX_UNREAD_MESSAGES:
            time.sleep(0.005)
        return bool(super()._handle_events())


class BoundedWebSocket(SimpleWebSocketWSGI):  # type: ignore[misc]  # engineio has no types
    """What engineio uses, except that a message above the limit ends the connection before it is all in memory."""

    def __init__(self, handler: Callable[[object], Any], server: object) -> None:
        super().__init__(handler, server)
        self._max_message_bytes = int(server.max_http_buffer_size)  # type: ignore[attr-defined]  # engineio.Server

    def __call__(self, environ: Mapping[str, object], start_response: object) -> Any:  # noqa: ARG002  # of WSGI
        """Serve one connection to its end."""
        self.ws = HeldBackServer(environ, max_message_size=self._max_message_bytes, receive_bytes=RECEIVE_BYTES)
        self.app(self)
        raise ConnectionError("the WebSocket is over")  # as engineio does: werkzeug must write no response to it

    def wait(self) -> str | bytes | None:
        """The next message; None when the connection has ended."""
        try:
            while True:
                message: str | bytes | None = self.ws.receive(timeout=CHECK_CLOSED_S)
                # simple-websocket wakes its reader before it marks the connection closed and would let it sleep on
                if message is not None or not self.ws.connected:
                    return message
        except simple_websocket.ConnectionClosed:
            return None
