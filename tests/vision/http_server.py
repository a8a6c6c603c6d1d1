"""A real HTTP server on this machine that serves one file well or badly, and others beside it well."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """What the server answers, and what it was asked."""

    content: bytes
    status: int = 200
    stop_after: int | None = None
    """Close the connection after this many bytes of the body."""
    stall_after: int | None = None
    """Send nothing more after this many bytes, but keep the connection open."""
    drip_s: float = 0.0
    """Send single bytes, this long apart."""
    ranges: bool = True
    claim_start: int | None = None
    """The start a partial answer claims, if not the right one."""
    length_header: bool = True
    others: dict[str, bytes] = field(default_factory=dict)
    """What lies at other paths."""
    asked_ranges: list[str | None] = field(default_factory=list)
    url: str = ""
    closing: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def serving(served: Served) -> Iterator[Served]:
    """Serve until the block ends; `served.url` is where."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(self, served)

        def log_message(self, format: str, *args: object) -> None:
            """Tests need no access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}/model.bin"
    try:
        yield served
    finally:
        served.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(handler: BaseHTTPRequestHandler, served: Served) -> None:
    if handler.path in served.others:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(served.others[handler.path])
        return
    asked = handler.headers.get("Range")
    served.asked_ranges.append(asked)
    start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and served.ranges else 0
    if served.status != 200:
        handler.send_error(served.status)
        return
    if asked and served.ranges and start >= len(served.content):
        handler.send_error(416)
        return
    body = served.content[start:]
    handler.send_response(206 if asked and served.ranges else 200)
    if asked and served.ranges:
        claimed = start if served.claim_start is None else served.claim_start
        handler.send_header("Content-Range", f"bytes {claimed}-{len(served.content) - 1}/{len(served.content)}")
    if served.length_header:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    with contextlib.suppress(ConnectionError):
        _send(handler, served, body)


def _send(handler: BaseHTTPRequestHandler, served: Served, body: bytes) -> None:
    if served.drip_s:
        for index in range(len(body)):
            if served.closing.is_set():
                return
            handler.wfile.write(body[index : index + 1])
            time.sleep(served.drip_s)
        return
    limit = next((n for n in (served.stop_after, served.stall_after) if n is not None), len(body))
    handler.wfile.write(body[:limit])
    handler.wfile.flush()
    if served.stall_after is not None:
        served.closing.wait(30)
