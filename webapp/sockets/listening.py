"""Serving: our own listener without Nagle's delay, under eventlet or under threads."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from webapp.core.errors import InvalidInputError
from webapp.sockets.eventlet_fixes import speed_up_websockets

BACKLOG = 128
IDLE_LIMIT_S = 75
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; InvalidInputError when the address is taken or is not this machine's."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # accepted connections inherit it: without it an answer waits up to 40 ms for the acknowledgement of the last
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        raise InvalidInputError(unavailable(host, port, error)) from error
    return listener


def unavailable(host: str, port: int, error: OSError) -> str:
    """The sentence for an address that cannot be listened on."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; stop what uses it or choose another: PORT={port + 1} make run"
    return f"cannot listen on {host} port {port}: {error.strerror or error}; set HOST and PORT"


def uncompressed(app: Wsgi) -> Wsgi:
    """The app without WebSocket compression: pictures do not shrink, and every frame would be put through it."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        return app(environ, start_response)

    return serve


def serve_eventlet(listener: socket.socket, app: Wsgi) -> None:
    """Serve until the process ends. The process must have been patched at its start."""
    import eventlet.wsgi  # noqa: PLC0415  # touches the process, so only where eventlet serves

    speed_up_websockets()
    eventlet.wsgi.server(listener, uncompressed(app), log_output=False, debug=False, socket_timeout=IDLE_LIMIT_S)


class _Handler(WSGIRequestHandler):
    disable_nagle_algorithm = True
    timeout = None  # of the WebSocket; a request's own limit would end it

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are not logged."""


def serve_threads(listener: socket.socket, app: Wsgi) -> None:
    """Serve until the process ends, a thread per connection."""
    host, port = listener.getsockname()[:2]
    server = make_server(host, port, uncompressed(app), threaded=True, request_handler=_Handler, fd=listener.fileno())
    server.serve_forever()
