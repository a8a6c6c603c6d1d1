"""Worker results on their way out: events into the history, answers to the browser they belong to."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import socketio
from flask import Flask

from webapp.pipeline import wire, wire_sessions
from webapp.pipeline.messages import DroppedFrame, FrameAnswer, LoadedModels, ModelChoice, ModelsRefused, SessionEvent
from webapp.sockets.event_store import EventStore
from webapp.sockets.sessions import LiveSessions

LIVE = "/live"
_log = logging.getLogger(__name__)


class Relay:
    """Gives events to the store and emits to browsers; called by the bus, from any thread."""

    def __init__(self, app: Flask, server: socketio.Server, sessions: LiveSessions) -> None:
        self._store = EventStore(app)
        self._server = server
        self._sessions = sessions

    def result(self, answer: FrameAnswer, events: Sequence[SessionEvent], held_ms: float) -> None:
        """One frame's answer. held_ms: from the frame's coming in until now, the worker's own time included."""
        described = self._recorded(events)
        if self._sessions.get(answer.session_id) is None:
            return
        worker_ms = answer.stages_ms.get("total", 0.0)
        result = wire.answer_to_wire(answer)
        del result["session_id"]
        result["events"] = described
        result["worker_ms"] = round(worker_ms, 2)
        result["server_ms"] = round(max(0.0, held_ms - worker_ms), 2)
        self._emit("result", result, answer.session_id)

    def late_events(self, events: Sequence[SessionEvent]) -> None:
        """Events found when a session had ended: into the history alone."""
        self._recorded(events)

    def drop(self, session_id: str, frame_id: int | None, reason: str) -> None:
        """A frame's answer when there is no result; frame_id None when the frame had none that could be read."""
        if self._sessions.get(session_id) is not None:
            self._emit("drop", {"frame_id": frame_id, "reason": reason}, session_id)

    def dropped(self, frames: Sequence[DroppedFrame]) -> None:
        for frame in frames:
            self.drop(frame.session_id, frame.frame_id, frame.reason)

    def worker_state(self, session_id: str, state: str, models: LoadedModels | None) -> None:
        if self._sessions.get(session_id) is not None:
            self._emit("worker", worker_state_wire(state, models), session_id)

    def models_refused(self, refused: ModelsRefused) -> None:
        """The session goes on with the models it has."""
        if self._sessions.get(refused.session_id) is not None:
            self._emit("models_refused", models_refused_wire(refused.asked, refused.reason), refused.session_id)

    def notice(self, session_id: str, sentence: str | None) -> None:
        """Something the person should know as long as it is true; None: nothing any more."""
        if self._sessions.get(session_id) is not None:
            self._emit("notice", {"sentence": sentence}, session_id)

    def actions_changed(self, user_id: int, number: int) -> None:
        for session in self._sessions.of_user(user_id):
            self._emit("actions_changed", {"number": number}, session.session_id)

    def store_unstored(self) -> None:
        """Try once more to store what the database refused."""
        self._store.retry()

    def _recorded(self, events: Sequence[SessionEvent]) -> list[wire.Wire]:
        described = []
        for event in events:
            user_id = self._sessions.owner_of(event.session_id)
            if user_id is None:
                _log.warning("an event of the unknown session %s was not stored", event.session_id)
                continue
            described.append(wire.event_to_browser(event, self._store.store(user_id, event)))
        return described

    def _emit(self, event: str, payload: wire.Wire, session_id: str) -> None:
        self._server.emit(event, payload, to=session_id, namespace=LIVE)


def worker_state_wire(state: str, models: LoadedModels | None) -> wire.Wire:
    """What a browser is told of the models that answer it."""
    if models is None:
        return {"state": state, "detector": None, "pose_model": None, "runtime": None, "skeleton": None}
    return {"state": state, **wire_sessions.models_to_wire(models)}


def models_refused_wire(asked: ModelChoice | None, reason: str) -> wire.Wire:
    """What a browser is told of models it does not get; without names where it asked for no certain ones."""
    names = {"detector": None, "pose_model": None} if asked is None else wire_sessions.choice_to_wire(asked) or {}
    return {**names, "reason": reason}
