"""A Socket.IO client that takes messages in the order in which they came."""

from __future__ import annotations

import engineio
import socketio


class _OrderedEngine(engineio.Client):  # type: ignore[misc]  # engineio has no types
    def _trigger_event(self, event: str, *args: object, **options: object) -> object:
        # engineio gives every message a thread of its own: slow, and the two packets of a frame may change places
        return super()._trigger_event(event, *args, **{**options, "run_async": False})


class OrderedClient(socketio.Client):  # type: ignore[misc]  # socketio has no types
    """Handlers run one after another in the thread that reads, so they must be quick. It does not reconnect."""

    def __init__(self) -> None:
        # text is checked as UTF-8 when it is decoded; checking it before, byte by byte in Python, takes milliseconds
        options = {"skip_utf8_validation": True}
        super().__init__(reconnection=False, handle_sigint=False, websocket_extra_options=options)

    def _engineio_client_class(self) -> type[engineio.Client]:
        return _OrderedEngine
