"""Serving on a listening socket, under eventlet or under threads."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from webapp.sockets.eventlet_fixes import fix_websockets

IDLE_LIMIT_S = 75
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def uncompressed(app: Wsgi) -> Wsgi:
    """The app without WebSocket compression: pictures do not shrink, and every frame would be put through it."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        return app(environ, start_response)

    return serve


def serve_eventlet(listener: socket.socket, app: Wsgi) -> None:
    """Serve until the process ends. The process must have been patched at its start."""
    import eventlet.wsgi  # noqa: PLC0415  # touches the process, so only where eventlet serves

    fix_websockets()
    eventlet.wsgi.server(listener, uncompressed(app), log_output=False, debug=False, socket_timeout=IDLE_LIMIT_S)


class _Handler(WSGIRequestHandler):
    disable_nagle_algorithm = True
    timeout = None  # of the WebSocket; a request's own limit would end it

    def run_wsgi(self) -> None:
        """After a WebSocket the connection is done: whatever still comes in is no request."""
        super().run_wsgi()
        if self.headers.get("Upgrade"):
            self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are not logged."""


def serve_threads(listener: socket.socket, app: Wsgi) -> None:
    """Serve until the process ends, a thread per connection."""
    host, port = listener.getsockname()[:2]
    server = make_server(host, port, uncompressed(app), threaded=True, request_handler=_Handler, fd=listener.fileno())
    server.serve_forever()
