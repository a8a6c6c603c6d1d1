"""The models of all sessions: wishes of browsers and of the installation go to workers, what became of them back."""

from __future__ import annotations

import threading
from collections.abc import Callable

from webapp.pipeline import wire_sessions
from webapp.pipeline.messages import LoadedModels, ModelChoice, ModelsAsked, ModelsReady, ModelsRefused, SessionNote
from webapp.sockets.relay import Relay
from webapp.sockets.session_models import SessionModels

GIVEN_UP = "the worker was lost twice while it loaded these models; they are not tried again"

Tell = Callable[[str, str, object], bool]
"""Say an event to the worker of a session; whether it has one."""


class ModelSwitch:
    """Part of the bus: what it says to workers is said under the bus's lock.

    active: what the installation uses.
    """

    def __init__(
        self, relay: Relay, tell: Tell, active: Callable[[], ModelChoice | None], lock: threading.RLock
    ) -> None:
        self._relay = relay
        self._tell = tell
        self._active = active
        self._lock = lock
        self._reading = threading.Lock()
        self._sessions: dict[str, SessionModels] = {}

    def open(self, session_id: str) -> None:
        """A session begins, with what the installation uses."""
        with self._reading:
            models = SessionModels(self._active())
            with self._lock:
                self._sessions[session_id] = models

    def close(self, session_id: str) -> None:
        with self._lock:
            self._sessions.pop(session_id, None)

    def choose(self, session_id: str, models: ModelChoice | None) -> None:
        """A session's own wish; None: what the installation uses."""
        with self._lock:
            session = self._sessions.get(session_id)
            if session is not None:
                session.choose(models)
                self._ask(session_id, session)

    def active_changed(self) -> None:
        """The installation uses other models: sessions without a choice of their own change to them."""
        with self._reading:  # of two changes, the later is read later and told later
            active = self._active()
            with self._lock:
                for session_id, session in self._sessions.items():
                    if session.follow_installation(active):
                        self._ask(session_id, session)

    def begin(self, session_id: str) -> ModelChoice | None:
        """A worker takes the session over; the models it is to begin with."""
        session = self._sessions[session_id]
        if session.has_note:  # of the worker before, which can take it back no more
            self.noted(SessionNote(session_id, None))
        given_up = session.begin()
        if given_up is not None:
            self._relay.models_refused(ModelsRefused(session_id, given_up, GIVEN_UP))
        return session.settled

    def begun(self, session_id: str) -> None:
        """The worker has been told of the session: now of a wish that no worker has answered."""
        session = self._sessions[session_id]
        if session.is_waiting:
            self._ask(session_id, session)

    def answered(self, answer: ModelsReady | ModelsRefused) -> None:
        """What became of a wish."""
        session = self._sessions.get(answer.session_id)
        if session is None:
            return
        if isinstance(answer, ModelsReady):
            session.ready(answer)
            self._relay.worker_state(answer.session_id, "ready", answer.models)
        else:
            self._relay.models_refused(answer)
            if session.refused(answer):
                self._ask(answer.session_id, session)

    def noted(self, note: SessionNote) -> None:
        """What a worker says of the actions that a session cannot recognise."""
        session = self._sessions.get(note.session_id)
        if session is not None:
            session.has_note = note.sentence is not None
            self._relay.notice(note.session_id, note.sentence)

    def loaded(self, session_id: str) -> LoadedModels | None:
        """What answers a session; None for what its worker loaded by its own settings, or where there is none."""
        session = self._sessions.get(session_id)
        return None if session is None else session.loaded

    def _ask(self, session_id: str, session: SessionModels) -> None:
        asked = wire_sessions.models_asked_to_wire(ModelsAsked(session_id, session.wanted))
        if not self._tell(session_id, "session_models", asked):
            session.settle()  # the worker that comes begins with it
