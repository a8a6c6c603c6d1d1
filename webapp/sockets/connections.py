"""One Socket.IO connection as the sockets layer needs it: how much it has not read yet, and a way to end it at once."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import socketio


@dataclass(frozen=True)
class Connection:
    """sid: of the namespace. unsent_packets: what waits in the server's memory because the peer does not read."""

    sid: str
    unsent_packets: Callable[[], int]
    cut: Callable[[], None]
    """End it now. Socket.IO's own disconnect waits until the peer has read everything; a stopped peer never does."""


def connection_of(server: socketio.Server, namespace: str, sid: str, environ: Mapping[str, object]) -> Connection:
    """The connection behind a namespace's sid; to be called in its connect handler."""
    engine_socket = server.eio.sockets[server.manager.eio_sid_from_sid(sid, namespace)]
    tcp_socket = tcp_socket_of(environ)
    return Connection(sid, lambda: int(engine_socket.queue.qsize()), lambda: shut_down(tcp_socket))


def tcp_socket_of(environ: Mapping[str, object]) -> socket.socket | None:
    """The socket under a WebSocket, from the request that began it; None where the server does not tell."""
    green_input = environ.get("eventlet.input")
    if green_input is not None:
        green_socket: socket.socket = green_input.get_socket()  # type: ignore[attr-defined]  # eventlet has no types
        return green_socket
    werkzeug_socket = environ.get("werkzeug.socket")
    return werkzeug_socket if isinstance(werkzeug_socket, socket.socket) else None


def shut_down(tcp_socket: socket.socket | None) -> None:
    """End a connection now, whether or not the peer reads."""
    if tcp_socket is not None:
        with contextlib.suppress(OSError):  # it is gone already, which is what is wanted
            tcp_socket.shutdown(socket.SHUT_RDWR)
