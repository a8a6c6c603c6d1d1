"""Worker results on their way out: events into the history, answers to the browser they belong to."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import socketio
from flask import Flask

from webapp.core.skeleton import SKELETONS
from webapp.pipeline import wire
from webapp.pipeline.messages import DroppedFrame, FrameAnswer, SessionEvent, WorkerHello
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

    def result(self, answer: FrameAnswer, events: Sequence[SessionEvent], hello: WorkerHello, held_ms: float) -> None:
        """One frame's answer. held_ms: from the frame's coming in until now, the worker's own time included."""
        described = self._recorded(events, hello)
        if self._sessions.get(answer.session_id) is None:
            return
        worker_ms = answer.stages_ms.get("total", 0.0)
        result = wire.answer_to_wire(answer)
        del result["session_id"]
        result["events"] = described
        result["worker_ms"] = round(worker_ms, 2)
        result["server_ms"] = round(max(0.0, held_ms - worker_ms), 2)
        self._emit("result", result, answer.session_id)

    def late_events(self, events: Sequence[SessionEvent], hello: WorkerHello) -> None:
        """Events found when a session had ended: into the history alone."""
        self._recorded(events, hello)

    def drop(self, session_id: str, frame_id: int | None, reason: str) -> None:
        """A frame's answer when there is no result; frame_id None when the frame had none that could be read."""
        if self._sessions.get(session_id) is not None:
            self._emit("drop", {"frame_id": frame_id, "reason": reason}, session_id)

    def dropped(self, frames: Sequence[DroppedFrame]) -> None:
        for frame in frames:
            self.drop(frame.session_id, frame.frame_id, frame.reason)

    def worker_state(self, session_id: str, state: str, hello: WorkerHello | None) -> None:
        if self._sessions.get(session_id) is not None:
            self._emit("worker", worker_state_wire(state, hello), session_id)

    def actions_changed(self, user_id: int, number: int) -> None:
        for session in self._sessions.of_user(user_id):
            self._emit("actions_changed", {"number": number}, session.session_id)

    def store_unstored(self) -> None:
        """Try once more to store what the database refused."""
        self._store.retry()

    def _recorded(self, events: Sequence[SessionEvent], hello: WorkerHello) -> list[wire.Wire]:
        described = []
        for event in events:
            user_id = self._sessions.owner_of(event.session_id)
            if user_id is None:
                _log.warning("an event of the unknown session %s was not stored", event.session_id)
                continue
            described.append(wire.event_to_browser(event, self._store.store(user_id, event, hello)))
        return described

    def _emit(self, event: str, payload: wire.Wire, session_id: str) -> None:
        self._server.emit(event, payload, to=session_id, namespace=LIVE)


def worker_state_wire(state: str, hello: WorkerHello | None) -> wire.Wire:
    """What a browser is told of the worker it is recognised by."""
    if hello is None:
        return {"state": state, "detector": None, "pose_model": None, "runtime": None, "skeleton": None}
    return {
        "state": state,
        "detector": hello.detector,
        "pose_model": hello.pose_model,
        "runtime": hello.runtime,
        "skeleton": wire.skeleton_to_wire(SKELETONS[hello.skeleton]),
    }
