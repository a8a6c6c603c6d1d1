"""The bus over Socket.IO: frames and poses go to workers that came in as clients, their answers to the relay."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import socketio

from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import Skeleton
from webapp.pipeline import wire, wire_sessions, wire_stream
from webapp.pipeline.mailbox import Answered, Assignment, Mailbox, WorkerLost
from webapp.pipeline.messages import (
    Bank,
    Follow,
    LoadedModels,
    ModelChoice,
    SessionEvent,
    SessionOpened,
    StreamMessage,
    WorkerHello,
)
from webapp.sockets.banks import Banks
from webapp.sockets.connections import Connection
from webapp.sockets.inquiries import Inquiries
from webapp.sockets.model_switch import ModelSwitch
from webapp.sockets.relay import Relay, worker_state_wire

WORKER = "/worker"
STOOD_STILL_S = 1.5
"""Two looks for overdue workers lie half a second apart; when they lie this far apart, the process stood still."""
_log = logging.getLogger(__name__)


@dataclass
class _Worker:
    connection: Connection
    hello: WorkerHello | None = None


class WorkerBus:
    """Hands what sessions send to workers and their answers to the relay; brings every new worker up to date.

    Everything that is said to workers is said under one lock, so it arrives in the order in which it was decided:
    a bank before the sessions that need it, a session before its frames. active_models: what the installation uses.
    """

    def __init__(
        self,
        server: socketio.Server,
        relay: Relay,
        load_bank: Callable[[str], Bank],
        active_models: Callable[[], ModelChoice | None],
        clock: Callable[[], float],
        *,
        overdue_s: float = 5.0,
    ) -> None:
        self._server = server
        self._relay = relay
        self._load_bank = load_bank
        self._clock = clock
        self._mailbox = Mailbox(clock, overdue_s=overdue_s)
        self._looked_s = clock()
        self._lock = threading.RLock()
        self._workers: dict[str, _Worker] = {}
        self._had_worker: dict[str, bool] = {}  # of every open session
        self._banks = Banks(self._mailbox.worker_of, self._tell)
        self.models = ModelSwitch(relay, self._tell_worker_of, active_models, self._lock)
        self.inquiries = Inquiries(lambda event, payload, sid: self._tell(sid, event, payload))

    # sessions

    def open_session(self, session_id: str, bank_id: str) -> None:
        with self._lock:
            # before the bank is loaded: a change from now on is told to this session, one before is in what is loaded
            self._had_worker[session_id] = False
            self._banks.open_session(session_id, bank_id)
        try:
            self.models.open(session_id)
            bank = self._load_bank(bank_id)
        except BaseException:
            self.close_session(session_id)
            raise
        with self._lock:
            if session_id not in self._had_worker:  # it ended meanwhile
                return
            self._banks.keep(bank)
            assignment = self._mailbox.open_session(session_id)
            if assignment is not None:
                self._announce(assignment)

    def close_session(self, session_id: str) -> None:
        with self._lock:
            self._had_worker.pop(session_id, None)
            self.models.close(session_id)
            worker_id = self._mailbox.close_session(session_id)
            if worker_id is not None:
                self._tell(worker_id, "session_closed", {"session_id": session_id})
            self._banks.close_session(session_id, worker_id)

    def submit(self, message: StreamMessage) -> None:
        with self._lock:
            dropped = self._mailbox.submit(message)
            self._send_frames()
        self._relay.dropped(dropped)

    def follow(self, follow: Follow) -> None:
        """Recognise one person of a session alone, or everybody."""
        with self._lock:
            self._tell_worker_of(follow.session_id, "follow", wire_sessions.follow_to_wire(follow))

    def bank_changed(self, bank_id: str) -> None:
        """Someone's actions changed: every worker that recognises them gets the new bank before the next frame."""
        if self._banks.is_used(bank_id):
            bank = self._load_bank(bank_id)
            with self._lock:
                if self._banks.is_used(bank_id):  # its last session may have ended meanwhile
                    self._banks.keep(bank)

    def bank_number(self, bank_id: str) -> int | None:
        """The number of the bank that sessions are recognised against; None while nobody uses it."""
        return self._banks.number(bank_id)

    def worker_state(self, session_id: str) -> wire.Wire:
        """What the browser of a session is told of its worker when it begins."""
        models = self._models_of(session_id)
        return worker_state_wire("absent" if models is None else "ready", models)

    # workers

    def worker_connected(self, connection: Connection) -> None:
        with self._lock:
            self._workers[connection.sid] = _Worker(connection)

    def worker_ready(self, sid: str, raw: object) -> None:
        """A worker has said hello: it gets the sessions that wait for one, with their banks."""
        hello = wire_sessions.hello_from_wire(raw)
        with self._lock:
            worker = self._workers.get(sid)
            if worker is None or worker.hello is not None:
                raise InvalidInputError(f"hello of worker {hello.worker_id!r} came twice, or after it was cut off")
            worker.hello = hello
            assignments = self._mailbox.add_worker(sid)
            for assignment in assignments:
                self._begin(assignment)
        self.inquiries.worker_ready(sid)
        models = hello.models
        _log.info(
            "worker %s is ready: %s, %s on %s", hello.worker_id, models.detector, models.pose_model, models.runtime
        )

    def worker_lost(self, sid: str) -> None:
        """A worker is gone or was cut off; its frames are dropped, its sessions move to others or wait."""
        with self._lock:
            worker = self._workers.pop(sid, None)
            lost = self._mailbox.remove_worker(sid)
            self._banks.worker_lost(sid)
            self._pass_on(lost)
        self.inquiries.worker_lost(sid)
        if worker is not None and worker.hello is not None:
            _log.warning("worker %s is gone with %d frames", worker.hello.worker_id, len(lost.dropped))
        self._relay.dropped(lost.dropped)

    def worker_answered(self, sid: str, raw: object, raw_events: object) -> None:
        """An answer of a worker; InvalidInputError when it is none. One nobody asked for is ignored."""
        self._require_hello(sid)
        session_id = wire_sessions.session_id_from_wire(raw)
        events = _events(raw_events, session_id)
        skeleton = self._skeleton_of(session_id, sid)
        if skeleton is None:  # the session has ended: its credit and its events are what is left
            if self._take_back(sid, session_id, wire.frame_id_from_wire(raw)) is not None:
                self._relay.late_events(events)
            return
        answer = wire.answer_from_wire(raw, skeleton)
        answered = self._take_back(sid, session_id, answer.frame_id)
        if answered is not None:
            self._relay.result(answer, events, (self._clock() - answered.submitted_s) * 1000)

    def worker_dropped(self, sid: str, raw: object) -> None:
        self._require_hello(sid)
        dropped = wire.dropped_from_wire(raw)
        if self._take_back(sid, dropped.session_id, dropped.frame_id) is not None:
            self._relay.dropped([dropped])

    def worker_flushed(self, sid: str, raw: object, raw_events: object) -> None:
        """The last events of a session that has ended."""
        self._require_hello(sid)
        self._relay.late_events(_events(raw_events, wire_sessions.session_id_from_wire(raw)))

    def worker_changed_models(self, sid: str, raw: object) -> None:
        """What has become of the models that a session was to have."""
        self._require_hello(sid)
        answer = wire_sessions.models_answer_from_wire(raw)
        with self._lock:
            if self._mailbox.worker_of(answer.session_id) == sid:
                self.models.answered(answer)

    def worker_noted(self, sid: str, raw: object) -> None:
        """Which actions a session cannot recognise."""
        self._require_hello(sid)
        note = wire_sessions.note_from_wire(raw)
        with self._lock:
            if self._mailbox.worker_of(note.session_id) == sid:
                self.models.noted(note)

    def worker_replied(self, sid: str, raw: object) -> None:
        """The reply to an inquiry."""
        self._require_hello(sid)
        self.inquiries.replied(sid, raw)

    def cut_off(self, sid: str, reason: str) -> None:
        """End a worker's connection and do without it from now on."""
        worker = self._workers.get(sid)
        if worker is not None:
            _log.warning("worker %s is cut off: %s", worker.hello.worker_id if worker.hello else sid, reason)
            self.worker_lost(sid)
            worker.connection.cut()

    def cut_off_overdue(self) -> None:
        """Cut off the workers that hold a frame for too long; to be called now and then."""
        now_s = self._clock()
        stood_still = now_s - self._looked_s > STOOD_STILL_S
        self._looked_s = now_s
        if stood_still:
            return  # this process was held up: their answers may lie unread, and are read before the next look
        with self._lock:
            overdue = self._mailbox.overdue_workers()
        for sid in overdue:
            self.cut_off(sid, "it left a frame unanswered")

    # with the lock held

    def _announce(self, assignment: Assignment) -> None:
        self._had_worker[assignment.session_id] = True
        bank_id = self._banks.bring(assignment.worker_id, assignment.session_id)
        opened = SessionOpened(assignment.session_id, bank_id, self.models.begin(assignment.session_id))
        self._tell(assignment.worker_id, "session_opened", wire_sessions.session_to_wire(opened))
        self.models.begun(assignment.session_id)

    def _begin(self, assignment: Assignment) -> None:
        state = "restarted" if self._had_worker[assignment.session_id] else "ready"
        self._announce(assignment)
        self._relay.worker_state(assignment.session_id, state, self._models_of(assignment.session_id))

    def _pass_on(self, lost: WorkerLost) -> None:
        for assignment in lost.moved:
            self._begin(assignment)
        for session_id in lost.waiting:
            self._relay.worker_state(session_id, "absent", None)

    def _send_frames(self) -> None:
        while (delivery := self._mailbox.next_delivery()) is not None:
            self._tell(delivery.worker_id, *wire_stream.stream_to_wire(delivery.message))

    def _take_back(self, worker_id: str, session_id: str, frame_id: int) -> Answered | None:
        """A worker has answered: its credit goes to the next; None where it did not hold that frame."""
        with self._lock:
            answered = self._mailbox.answered(worker_id, session_id, frame_id)
            self._send_frames()
        return answered

    def _tell(self, worker_id: str, event: str, payload: object) -> None:
        self._server.emit(event, payload, to=worker_id, namespace=WORKER)

    def _tell_worker_of(self, session_id: str, event: str, payload: object) -> bool:
        worker_id = self._mailbox.worker_of(session_id)
        if worker_id is not None:
            self._tell(worker_id, event, payload)
        return worker_id is not None

    def _models_of(self, session_id: str) -> LoadedModels | None:
        """What answers a session; None while it has no worker."""
        worker_id = self._mailbox.worker_of(session_id)
        worker = None if worker_id is None else self._workers.get(worker_id)
        if worker is None or worker.hello is None:
            return None
        return self.models.loaded(session_id) or worker.hello.models

    def _skeleton_of(self, session_id: str, worker_id: str) -> Skeleton | None:
        """The skeleton of what that worker answers a session; None where it has none of that name any more."""
        models = self._models_of(session_id) if self._mailbox.worker_of(session_id) == worker_id else None
        return None if models is None else models.skeleton

    def _require_hello(self, sid: str) -> WorkerHello:
        worker = self._workers.get(sid)
        if worker is None or worker.hello is None:
            raise InvalidInputError("a worker must say hello before it answers")
        return worker.hello


def _events(raw: object, session_id: str) -> Sequence[SessionEvent]:
    if not isinstance(raw, list):
        raise InvalidInputError(f"events must be a list, got {type(raw).__name__}")
    events = [wire.event_from_wire(event) for event in raw]
    if any(event.session_id != session_id for event in events):
        raise InvalidInputError(f"an event of another session came with session {session_id}")
    return events
