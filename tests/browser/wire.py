"""What crosses the live socket, read off the browser's own WebSocket, with no hook in the product."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, WebSocket


class SocketLog:
    """Frames, or poses in place of them, that a page sent, and the answers it got, in order."""

    def __init__(self, page: Page) -> None:
        self.sent: list[dict[str, Any]] = []
        self.jpegs: list[bytes] = []
        self.jpeg_of: dict[int, bytes] = {}
        self.packets: list[tuple[dict[str, Any], bytes]] = []
        """Headers and packed poses."""
        self.other: list[tuple[str, Any]] = []
        """What else was asked for: the event and its argument."""
        self.bytes_sent = 0
        self.results: list[dict[str, Any]] = []
        self.drops: list[dict[str, Any]] = []
        self.connections = 0
        self.most_unanswered = 0
        self._unanswered = 0
        self._event = ""
        page.on("websocket", self._watch)

    @property
    def people_seen(self) -> int:
        return sum(bool(result["people"]) for result in self.results)

    def _watch(self, socket: WebSocket) -> None:
        self.connections += 1
        self._unanswered = 0
        socket.on("framesent", self._on_sent)
        socket.on("framereceived", self._on_received)

    def _on_sent(self, payload: str | bytes) -> None:
        self.bytes_sent += len(payload)
        if isinstance(payload, bytes):
            header = self.sent[-1]
            if self._event == "poses":
                self.packets.append((header, payload))
            else:
                self.jpegs.append(payload)
                self.jpeg_of[header["frame_id"]] = payload
        elif payload.startswith("451-/live,"):
            self._event, header, _ = json.loads(payload.removeprefix("451-/live,"))
            self.sent.append(header)
            self._unanswered += 1
            self.most_unanswered = max(self.most_unanswered, self._unanswered)
        elif payload.startswith("42/live,"):
            event, argument = json.loads(payload.removeprefix("42/live,"))
            self.other.append((event, argument))

    def _on_received(self, payload: str | bytes) -> None:
        if isinstance(payload, bytes) or not payload.startswith("42/live,"):
            return
        name, *arguments = json.loads(payload.removeprefix("42/live,"))
        if name in {"result", "drop"}:
            self._unanswered -= 1
            (self.results if name == "result" else self.drops).append(arguments[0])
