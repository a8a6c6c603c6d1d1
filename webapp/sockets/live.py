"""The namespace `/live`: a browser's frames come in, checked; everything else about it is told elsewhere."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from flask import request
from flask_login import current_user
from flask_socketio import ConnectionRefusedError, Namespace

from webapp.config import Settings
from webapp.core.errors import InvalidInputError, NotAllowedError
from webapp.services import banks
from webapp.sockets.bus import WorkerBus
from webapp.sockets.connections import connection_of
from webapp.sockets.frames import FrameLimits, frame_from_browser, frame_id_of
from webapp.sockets.rate import RateLimit
from webapp.sockets.relay import LIVE, Relay
from webapp.sockets.sessions import LiveSession, LiveSessions

REFUSED = "log in first; the live view shows and keeps what belongs to your account"
TOO_MANY = "too many frames"
CREDITS = 2
NO_BANK = "none"
"""The bank of a session that only records: nothing is recognised, so nothing gets into the history."""
MAX_UNSENT_PACKETS = 16
UNREAD_LIMIT_S = 10.0
_log = logging.getLogger(__name__)


class LiveNamespace(Namespace):  # type: ignore[misc]  # flask_socketio has no types
    """One session per connection.

    The handler of a frame runs in the loop that reads this very connection, so waiting in it slows down this browser
    alone: that is how one that sends too much, or does not read what it is sent, is held back.
    """

    def __init__(
        self,
        sessions: LiveSessions,
        bus: WorkerBus,
        relay: Relay,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(LIVE)
        self._sessions = sessions
        self._bus = bus
        self._relay = relay
        self._settings = settings
        self._limits = FrameLimits(max_bytes=settings.max_frame_bytes)
        self._clock = clock

    def trigger_event(self, event: str, *args: object) -> object:
        """Frames bypass Flask's request: they need nothing of it, and it would cost a part of each frame's time."""
        if event == "frame":
            self._frame(str(args[0]), args[1:])
            return None
        return super().trigger_event(event, *args)

    def on_connect(self, auth: object = None) -> None:
        """Refused without a login or with too many sessions; otherwise a session begins, told by `ready`."""
        if not current_user.is_authenticated:
            raise ConnectionRefusedError(REFUSED)
        session_id = request.sid  # type: ignore[attr-defined]  # Flask-SocketIO's
        connection = connection_of(self.socketio.server, LIVE, session_id, request.environ)
        rate = RateLimit(self._settings.max_frames_per_s, self._clock)
        session = LiveSession(session_id, current_user.id, connection, rate, login_key=current_user.fs_uniquifier)
        try:
            self._sessions.open(session)
        except NotAllowedError as error:
            raise ConnectionRefusedError(str(error)) from error
        records = isinstance(auth, dict) and auth.get("purpose") == "record"
        self._bus.open_session(session_id, NO_BANK if records else banks.bank_id_of(current_user.id))
        ready = {
            "session_id": session_id,
            "credits": CREDITS,
            "max_frame_bytes": self._settings.max_frame_bytes,
            "worker": self._bus.worker_state(session_id),
        }
        self.socketio.server.emit("ready", ready, to=session_id, namespace=LIVE)

    def on_disconnect(self, _reason: object = None) -> None:
        session_id = request.sid  # type: ignore[attr-defined]  # Flask-SocketIO's
        if self._sessions.close(session_id) is not None:
            self._bus.close_session(session_id)

    def _frame(self, session_id: str, arguments: tuple[object, ...]) -> None:
        session = self._sessions.get(session_id)
        if session is None or not self._reads(session):
            return
        if not session.rate.allows():
            self._relay.drop(session_id, frame_id_of(arguments), TOO_MANY)
            self.socketio.sleep(1 / self._settings.max_frames_per_s)
            return
        try:
            frame = frame_from_browser(session_id, arguments, self._limits)
            if frame.frame_id <= session.last_frame_id:
                raise InvalidInputError(f"frame_id must rise, got {frame.frame_id} after {session.last_frame_id}")
        except InvalidInputError as error:
            self._relay.drop(session_id, frame_id_of(arguments), str(error))
            return
        session.last_frame_id = frame.frame_id
        self._bus.submit(frame)

    def _reads(self, session: LiveSession) -> bool:
        """Waits until the browser has read most of what it was sent; ends the connection when it does not."""
        waited_until_s = self._clock() + UNREAD_LIMIT_S
        while session.connection.unsent_packets() > MAX_UNSENT_PACKETS:
            if self._clock() > waited_until_s:
                _log.warning("session %s is cut off: it does not read what it is sent", session.session_id)
                session.connection.cut()
                return False
            self.socketio.sleep(0.02)
        return True
