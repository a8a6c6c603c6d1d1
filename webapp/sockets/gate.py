"""Before Socket.IO's handlers: a connection that sends what cannot be read, or joins nothing, is cut."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import socketio

from webapp.core.errors import InvalidInputError
from webapp.sockets.connections import shut_down, tcp_socket_of

JOIN_WITHIN_S = 10.0
_log = logging.getLogger(__name__)


class Gate:
    """Engine.IO itself logs what goes wrong with a message and reads on, for as long as someone sends such messages."""

    def __init__(self, server: socketio.Server, namespaces: Sequence[str], clock: Callable[[], float]) -> None:
        self._server = server
        self._namespaces = namespaces
        self._clock = clock
        self._stranger_since_s: dict[str, float] = {}
        self._handle = server.eio.handlers["message"]
        server.eio.on("message", self._message)

    def cut_strangers(self) -> None:
        """Cut the connections that are in no namespace for too long; to be called now and then."""
        now_s = self._clock()
        strangers = [eio_sid for eio_sid in list(self._server.environ) if not self._has_joined(eio_sid)]
        self._stranger_since_s = {eio_sid: self._stranger_since_s.get(eio_sid, now_s) for eio_sid in strangers}
        for eio_sid, since_s in self._stranger_since_s.items():
            if now_s - since_s > JOIN_WITHIN_S:
                self._cut(eio_sid)

    def _message(self, eio_sid: str, data: object) -> None:
        if eio_sid not in self._server.environ:
            return  # cut already; this was on its way
        try:
            self._handle(eio_sid, data)
        except InvalidInputError as error:
            _log.warning("a connection is cut: %s", error)
            self._cut(eio_sid)
        except Exception:  # noqa: BLE001 Engine.IO would swallow it; the peer must not wait for an answer
            _log.exception("a connection is cut: handling what it sent failed")
            self._cut(eio_sid)

    def _has_joined(self, eio_sid: str) -> bool:
        return any(self._server.manager.sid_from_eio_sid(eio_sid, name) for name in self._namespaces)

    def _cut(self, eio_sid: str) -> None:
        tcp_socket = tcp_socket_of(self._server.environ.get(eio_sid, {}))
        engine_socket = self._server.eio.sockets.get(eio_sid)
        if engine_socket is not None:  # ends its sessions now, not when its reader notices
            engine_socket.close(wait=False, abort=True, reason=self._server.reason.SERVER_DISCONNECT)
        shut_down(tcp_socket)
