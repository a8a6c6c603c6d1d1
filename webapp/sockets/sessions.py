"""The live sessions of this web process: whose they are, and what their browser has sent so far."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from webapp.core.errors import NotAllowedError
from webapp.core.packed_poses import MAX_POSES
from webapp.sockets.connections import Connection
from webapp.sockets.rate import RateLimit

REMEMBERED_OWNERS = 1000
MAX_PER_USER = 8
POSES_PER_S = 60
WISHES_PER_S = 5
TOO_MANY_SESSIONS = f"this account has {MAX_PER_USER} live views open already; close one of them first"


@dataclass(frozen=True)
class SessionRates:
    """How often a browser may send what."""

    messages: RateLimit
    poses: RateLimit
    wishes: RateLimit


def session_rates(max_frames_per_s: int, clock: Callable[[], float]) -> SessionRates:
    """The limits of a session that begins."""
    return SessionRates(
        messages=RateLimit(max_frames_per_s, clock),
        poses=RateLimit(POSES_PER_S, clock, burst=POSES_PER_S + MAX_POSES),
        wishes=RateLimit(WISHES_PER_S, clock),
    )


@dataclass
class LiveSession:
    """One browser connection. login_key is what the account's logins carried when it began; new ones end the old.

    rates: of frames and packets of poses, of poses, and of wishes (other models, another person to follow).
    """

    session_id: str
    user_id: int
    connection: Connection
    rates: SessionRates
    last_frame_id: int = -1
    login_key: str = ""


class LiveSessions:
    """Open sessions by id. The owner of a closed one is remembered for events that come in late."""

    def __init__(self) -> None:
        self._open: dict[str, LiveSession] = {}
        self._owners: OrderedDict[str, int] = OrderedDict()
        self._opening = threading.Lock()

    def open(self, session: LiveSession) -> None:
        """Begin a session; NotAllowedError where its user has too many."""
        with self._opening:
            if len(self.of_user(session.user_id)) >= MAX_PER_USER:
                raise NotAllowedError(TOO_MANY_SESSIONS)
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

    def all(self) -> tuple[LiveSession, ...]:
        return tuple(self._open.values())

    def of_user(self, user_id: int) -> tuple[LiveSession, ...]:
        return tuple(session for session in self.all() if session.user_id == user_id)
