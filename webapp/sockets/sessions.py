"""The live sessions of this web process: whose they are, and what their browser has sent so far."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from webapp.sockets.connections import Connection
from webapp.sockets.rate import RateLimit

REMEMBERED_OWNERS = 1000


@dataclass
class LiveSession:
    """One browser connection."""

    session_id: str
    user_id: int
    connection: Connection
    rate: RateLimit
    last_frame_id: int = -1


class LiveSessions:
    """Open sessions by id. The owner of a closed one is remembered for events that come in late."""

    def __init__(self) -> None:
        self._open: dict[str, LiveSession] = {}
        self._owners: OrderedDict[str, int] = OrderedDict()

    def open(self, session: LiveSession) -> None:
        self._open[session.session_id] = session
        self._owners[session.session_id] = session.user_id
        while len(self._owners) > max(REMEMBERED_OWNERS, 2 * len(self._open)):
            self._owners.popitem(last=False)

    def close(self, session_id: str) -> LiveSession | None:
        return self._open.pop(session_id, None)

    def get(self, session_id: str) -> LiveSession | None:
        return self._open.get(session_id)

    def owner_of(self, session_id: str) -> int | None:
        """The user a session belongs to, also shortly after it has closed."""
        return self._owners.get(session_id)

    def of_user(self, user_id: int) -> tuple[LiveSession, ...]:
        return tuple(session for session in list(self._open.values()) if session.user_id == user_id)
