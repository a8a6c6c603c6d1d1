"""Socket.IO: browsers on `/live`, workers on `/worker`, and what connects the two."""

from __future__ import annotations

from webapp.sockets.server import init_sockets, serve_listening

__all__ = ["init_sockets", "serve_listening"]
