"""WebSockets when threads serve: simple-websocket with a bound on what one message may take."""

from __future__ import annotations

import simple_websocket
from engineio.async_drivers._websocket_wsgi import SimpleWebSocketWSGI

RECEIVE_BYTES = 65536
CHECK_CLOSED_S = 2.0


class BoundedWebSocket(SimpleWebSocketWSGI):  # type: ignore[misc]  # engineio has no types
    """What engineio uses, except that a message above the limit ends the connection before it is all in memory."""

    def __init__(self, handler: object, server: object) -> None:
        limit = int(server.max_http_buffer_size)  # type: ignore[attr-defined]  # engineio.Server
        super().__init__(handler, server, max_message_size=limit, receive_bytes=RECEIVE_BYTES)

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
