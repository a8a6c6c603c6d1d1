"""The namespace `/worker`: workers come in with the token, say hello, get frames and answer them."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable

from flask_socketio import ConnectionRefusedError, Namespace

from webapp.core.errors import InvalidInputError
from webapp.sockets.bus import WORKER, WorkerBus
from webapp.sockets.connections import connection_of

REFUSED = "the worker token is wrong; copy instance/worker_token of the web machine and name it with --token-file"
_log = logging.getLogger(__name__)


class WorkerNamespace(Namespace):  # type: ignore[misc]  # flask_socketio has no types
    """Turns the events of `/worker` into calls of the bus. A worker that sends nonsense is cut off."""

    def __init__(self, bus: WorkerBus, token: Callable[[], str]) -> None:
        super().__init__(WORKER)
        self._bus = bus
        self._token = token

    def trigger_event(self, event: str, *args: object) -> object:
        """Calls the handler directly: workers need no Flask request, which would cost a part of every frame's time."""
        handlers: dict[str, Callable[..., None]] = {
            "connect": self._connect,
            "disconnect": self._disconnect,
            "hello": self._hello,
            "answer": self._answer,
            "drop": self._drop,
            "events": self._events,
        }
        sid = str(args[0])
        handler = handlers.get(event)
        if handler is None:
            self._bus.cut_off(sid, f"it sent {event!r:.40}, which is no event of a worker")
            return None
        try:
            handler(*args)
        except (InvalidInputError, TypeError) as error:  # TypeError: wrong number of arguments
            _log.warning("a worker sent nonsense: %s", error)
            self._bus.cut_off(sid, "it sent something unreadable")
        return None

    def _connect(self, sid: str, environ: dict[str, object], auth: object = None) -> None:
        token = auth.get("token") if isinstance(auth, dict) else None
        if not isinstance(token, str) or not hmac.compare_digest(token.encode(), self._token().encode()):
            raise ConnectionRefusedError(REFUSED)
        self._bus.worker_connected(connection_of(self.socketio.server, WORKER, sid, environ))

    def _disconnect(self, sid: str, _reason: object = None) -> None:
        self._bus.worker_lost(sid)

    def _hello(self, sid: str, hello: object) -> None:
        self._bus.worker_ready(sid, hello)

    def _answer(self, sid: str, answer: object, events: object) -> None:
        self._bus.worker_answered(sid, answer, events)

    def _drop(self, sid: str, drop: object) -> None:
        self._bus.worker_dropped(sid, drop)

    def _events(self, sid: str, session: object, events: object) -> None:
        self._bus.worker_flushed(sid, session, events)
