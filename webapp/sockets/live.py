"""The namespace `/live`: what a browser sends comes in, checked; everything else about it is told elsewhere."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from flask import request
from flask_login import current_user
from flask_socketio import ConnectionRefusedError, Namespace

from webapp.config import Settings
from webapp.core.errors import InvalidInputError, NotAllowedError
from webapp.pipeline.messages import ModelsRefused, PosesMessage, StreamMessage
from webapp.pipeline.wire_sessions import choice_from_wire
from webapp.services import banks
from webapp.sockets.bus import WorkerBus
from webapp.sockets.connections import connection_of
from webapp.sockets.frames import (
    FrameLimits,
    follow_from_browser,
    frame_from_browser,
    frame_id_of,
    poses_from_browser,
    require_known,
)
from webapp.sockets.relay import LIVE, Relay
from webapp.sockets.sessions import WISHES_PER_S, LiveSession, LiveSessions, session_rates

REFUSED = "log in first; the live view shows and keeps what belongs to your account"
TOO_MANY, TOO_MANY_POSES = "too many frames", "too many poses"
SESSION_EVENTS = frozenset({"frame", "poses", "models", "follow"})
CREDITS = 2
NO_BANK = "none"
"""The bank of a session that only records: nothing is recognised, so nothing gets into the history."""
MAX_UNSENT_PACKETS = 16
UNREAD_LIMIT_S = 10.0
_log = logging.getLogger(__name__)


class _TooMuchError(InvalidInputError):
    """More than the limits allow: the browser is held back."""


class LiveNamespace(Namespace):  # type: ignore[misc]  # flask_socketio has no types
    """One session per connection.

    The handlers of what it sends run in the loop that reads this very connection, so waiting in them slows down this
    browser alone: that is how one that sends too much, or does not read what it is sent, is held back.
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
        """What a session sends bypasses Flask's request: it needs nothing of it, and frames would take longer."""
        if event not in SESSION_EVENTS:
            return super().trigger_event(event, *args)
        session, arguments = self._sessions.get(str(args[0])), args[1:]
        if session is None or not self._reads(session):
            return None
        session_id = session.session_id
        if event == "frame":
            self._take(session, lambda: frame_from_browser(session_id, arguments, self._limits), arguments)
        elif event == "poses":
            self._take(session, lambda: poses_from_browser(session_id, arguments), arguments)
        else:
            while not session.rates.wishes.allows():
                self.socketio.sleep(1 / WISHES_PER_S)
            self._choose_models(session, arguments) if event == "models" else self._follow(session, arguments)
        return None

    def on_connect(self, auth: object = None) -> None:
        """Refused without a login or with too many sessions; otherwise a session begins, told by `ready`."""
        if not current_user.is_authenticated:
            raise ConnectionRefusedError(REFUSED)
        session_id = request.sid  # type: ignore[attr-defined]  # Flask-SocketIO's
        connection = connection_of(self.socketio.server, LIVE, session_id, request.environ)
        rates = session_rates(self._settings.max_frames_per_s, self._clock)
        session = LiveSession(session_id, current_user.id, connection, rates, login_key=current_user.fs_uniquifier)
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

    def _take(self, session: LiveSession, message: Callable[[], StreamMessage], arguments: tuple[object, ...]) -> None:
        """A frame, or poses: on to the workers, or a drop that says why not."""
        session_id = session.session_id
        try:
            if not session.rates.messages.allows():
                raise _TooMuchError(TOO_MANY)
            taken = message()
            if taken.frame_id <= session.last_frame_id:
                raise InvalidInputError(f"frame_id must rise, got {taken.frame_id} after {session.last_frame_id}")
            if isinstance(taken, PosesMessage) and not session.rates.poses.allows(len(taken.times_s)):
                raise _TooMuchError(TOO_MANY_POSES)
        except InvalidInputError as error:
            self._relay.drop(session_id, frame_id_of(arguments), str(error))
            if isinstance(error, _TooMuchError):
                self.socketio.sleep(1 / self._settings.max_frames_per_s)
            return
        session.last_frame_id = taken.frame_id
        self._bus.submit(taken)

    def _choose_models(self, session: LiveSession, arguments: tuple[object, ...]) -> None:
        asked = None
        try:
            asked = choice_from_wire(arguments[0] if arguments else None)
            require_known(asked, self._settings)
        except InvalidInputError as error:
            self._relay.models_refused(ModelsRefused(session.session_id, asked, str(error)))
            return
        self._bus.models.choose(session.session_id, asked)

    def _follow(self, session: LiveSession, arguments: tuple[object, ...]) -> None:
        try:
            self._bus.follow(follow_from_browser(session.session_id, arguments))
        except InvalidInputError as error:
            _log.warning("session %s: %s", session.session_id, error)

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
