"""The socket the web process listens on, and the address by which this machine reaches it."""

from __future__ import annotations

import errno
import socket

from webapp.core.errors import InvalidInputError

BACKLOG = 128


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; InvalidInputError when the address is taken or is not this machine's."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, OverflowError) as error:  # OverflowError: no such port
        raise InvalidInputError(_unavailable(host, port, error)) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # accepted connections inherit it: without it an answer waits up to 40 ms for the acknowledgement of the last
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise InvalidInputError(_unavailable(host, port, error)) from error
    return listener


def address_in_url(host: str, port: int) -> str:
    """host:port as a URL on this machine names it; an address to listen on everywhere is none to connect to."""
    reachable = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound
    return f"[{reachable}]:{port}" if ":" in reachable else f"{reachable}:{port}"


def _unavailable(host: str, port: int, error: OSError | OverflowError) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; stop what uses it or choose another: PORT={port + 1} make run"
    return f"cannot listen on {host} port {port}: {error}; set HOST and PORT"
