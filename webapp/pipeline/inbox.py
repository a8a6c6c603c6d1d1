"""What has come in for the worker's main loop: everything in order, but never more than a few frames."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

Link = TypeVar("Link")
STREAM_EVENTS = frozenset({"frame", "poses"})
"""What a session sends all the time; each is answered, none may pile up."""


@dataclass(frozen=True)
class Item(Generic[Link]):
    """One message: the event's name and arguments, and the connection that wants the answer."""

    link: Link
    event: str
    arguments: tuple[object, ...] = ()


class Inbox(Generic[Link]):
    """Filled by the socket's thread, emptied by the main thread."""

    def __init__(self, max_frames: int = 2) -> None:
        self._max_frames = max_frames
        self._items: deque[Item[Link]] = deque()
        self._changed = threading.Condition()

    def put(self, item: Item[Link]) -> Item[Link] | None:
        """Add a message; returns the oldest waiting frame when there are now too many, which is taken out."""
        with self._changed:
            self._items.append(item)
            self._changed.notify()
            frames = [waiting for waiting in self._items if waiting.event in STREAM_EVENTS]
            if len(frames) <= self._max_frames:
                return None
            self._items.remove(frames[0])
            return frames[0]

    def restart(self, item: Item[Link]) -> None:
        """A new connection: what the old one left is of no use any more."""
        with self._changed:
            self._items.clear()
            self._items.append(item)
            self._changed.notify()

    def get(self, timeout_s: float) -> Item[Link] | None:
        """The next message; None when none comes in time."""
        with self._changed:
            if not self._items:
                self._changed.wait(timeout_s)
            return self._items.popleft() if self._items else None
