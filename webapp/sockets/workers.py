"""The namespace `/worker`: workers come in with the token, say hello, get frames and answer them."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import cast

from flask_socketio import ConnectionRefusedError, Namespace

from webapp.core.errors import InvalidInputError
from webapp.sockets.bus import WORKER, WorkerBus
from webapp.sockets.connections import connection_of

REFUSED = "the worker token is wrong; copy instance/worker_token of the web machine and name it with --token-file"


class WorkerNamespace(Namespace):  # type: ignore[misc]  # flask_socketio has no types
    """Turns the events of `/worker` into calls of the bus. A worker that sends nonsense is cut off."""

    def __init__(self, bus: WorkerBus, token: Callable[[], str]) -> None:
        super().__init__(WORKER)
        self._bus = bus
        self._token = token

    def trigger_event(self, event: str, *args: object) -> object:
        """Calls the handler directly: workers need no Flask request, which would cost a part of every frame's time."""
        sid, payload = str(args[0]), args[1:]
        if event == "connect":
            environ, *auth = payload
            self._connect(sid, cast("Mapping[str, object]", environ), *auth)
        elif event == "disconnect":
            self._bus.worker_lost(sid)
        else:
            self._take(sid, event, payload)
        return None

    def _take(self, sid: str, event: str, payload: tuple[object, ...]) -> None:
        handlers: dict[str, tuple[Callable[..., None], int]] = {  # and how many arguments a worker sends
            "hello": (self._bus.worker_ready, 1),
            "answer": (self._bus.worker_answered, 2),
            "drop": (self._bus.worker_dropped, 1),
            "events": (self._bus.worker_flushed, 2),
            "session_models": (self._bus.worker_changed_models, 1),
            "session_note": (self._bus.worker_noted, 1),
            "reply": (self._bus.worker_replied, 1),
        }
        try:
            if event not in handlers:
                raise InvalidInputError(f"{event!r:.40} is no event of a worker")
            handler, arguments = handlers[event]
            if len(payload) != arguments:
                raise InvalidInputError(f"{event} takes {arguments} arguments, got {len(payload)}")
            handler(sid, *payload)
        except InvalidInputError as error:
            self._bus.cut_off(sid, f"it sent something unreadable: {error}")

    def _connect(self, sid: str, environ: Mapping[str, object], auth: object = None) -> None:
        token = auth.get("token") if isinstance(auth, dict) else None
        if not isinstance(token, str) or not hmac.compare_digest(token.encode(), self._token().encode()):
            raise ConnectionRefusedError(REFUSED)
        self._bus.worker_connected(connection_of(self.socketio.server, WORKER, sid, environ))
