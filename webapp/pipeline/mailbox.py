"""Newest message per session, in turn between sessions, never more in a worker's hands than it has credits.

A message is a frame or the poses of some frames. Poses say what the last ones do not, so two of them may wait.

Pure bookkeeping: no sockets, no threads, an injected clock. Every frame that comes in leaves exactly once, as an answer
or as a drop with a reason; a session stays with one worker for as long as that worker lives.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from webapp.pipeline.messages import DroppedFrame, PosesMessage, StreamMessage

SUPERSEDED = "superseded by a newer frame"
NO_WORKER = "no worker is ready"
WORKER_RESTARTED = "worker restarted"
SESSION_CLOSED = "session closed"
MOST_POSES = 2
"""Packets of poses of one session that may wait: a browser's credits."""


@dataclass(frozen=True)
class Delivery:
    """A message on its way to a worker."""

    worker_id: str
    message: StreamMessage


@dataclass(frozen=True)
class Assignment:
    """From now on this worker recognises this session."""

    session_id: str
    worker_id: str


@dataclass(frozen=True)
class Answered:
    """When a frame came in and when it went to its worker, by the mailbox's clock."""

    submitted_s: float
    sent_s: float


@dataclass(frozen=True)
class WorkerLost:
    """What the loss of a worker means: its frames are dropped, its sessions move or wait for another worker."""

    dropped: tuple[DroppedFrame, ...] = ()
    moved: tuple[Assignment, ...] = ()
    waiting: tuple[str, ...] = ()


@dataclass
class _Waiting:
    message: StreamMessage
    submitted_s: float


@dataclass
class _Worker:
    sessions: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)  # the sessions with a message in their slot
    in_flight: dict[tuple[str, int], Answered] = field(default_factory=dict)  # in the order they were sent


class Mailbox:
    """One slot per session, `credits_per_worker` frames at most in each worker's hands."""

    def __init__(self, clock: Callable[[], float], credits_per_worker: int = 2, overdue_s: float = 5.0) -> None:
        self._clock = clock
        self._credits = credits_per_worker
        self._overdue_s = overdue_s
        self._workers: dict[str, _Worker] = {}
        self._worker_of: dict[str, str | None] = {}
        self._slots: dict[str, deque[_Waiting]] = {}  # none is empty
        self._turn: dict[str, int] = {}  # rises with every frame sent: the session with the lowest comes next
        self._turns = itertools.count()

    def worker_of(self, session_id: str) -> str | None:
        """The worker a session is with; None while there is none, or no such session."""
        return self._worker_of.get(session_id)

    def add_worker(self, worker_id: str) -> tuple[Assignment, ...]:
        """A worker is ready: it gets the sessions that had none."""
        self._workers[worker_id] = _Worker()
        return tuple(self._assign(session) for session, worker in list(self._worker_of.items()) if worker is None)

    def remove_worker(self, worker_id: str) -> WorkerLost:
        """A worker is gone, known or not: what it held is dropped, its sessions are shared out."""
        worker = self._workers.pop(worker_id, None)
        if worker is None:
            return WorkerLost()
        lost = list(worker.in_flight)
        for session_id in worker.sessions:
            self._worker_of[session_id] = None
            lost += [(session_id, waiting.message.frame_id) for waiting in self._slots.pop(session_id, ())]
        sessions = sorted(worker.sessions)
        moved = tuple(self._assign(session_id) for session_id in sessions) if self._workers else ()
        return WorkerLost(
            dropped=tuple(DroppedFrame(s, frame_id, WORKER_RESTARTED) for s, frame_id in lost if s in self._worker_of),
            moved=moved,
            waiting=() if moved else tuple(sessions),
        )

    def open_session(self, session_id: str) -> Assignment | None:
        """A session begins with the worker that has fewest; None where there is no worker yet."""
        self._worker_of[session_id] = None
        self._turn[session_id] = next(self._turns)
        return self._assign(session_id) if self._workers else None

    def close_session(self, session_id: str) -> str | None:
        """A session ends: its waiting frame is forgotten, the frames in work only give their credit back.

        Returns the worker it was with.
        """
        worker_id = self._worker_of.pop(session_id, None)
        self._slots.pop(session_id, None)
        self._turn.pop(session_id, None)
        if worker_id is not None:
            self._workers[worker_id].sessions.discard(session_id)
            self._workers[worker_id].waiting.discard(session_id)
        return worker_id

    def submit(self, message: StreamMessage) -> tuple[DroppedFrame, ...]:
        """Take a message in; returns those that it replaces, or this one where nobody could take it."""
        session_id = message.session_id
        worker_id = self._worker_of.get(session_id)
        if worker_id is None:
            reason = NO_WORKER if session_id in self._worker_of else SESSION_CLOSED
            return (DroppedFrame(session_id, message.frame_id, reason),)
        slot = self._slots.setdefault(session_id, deque())
        room = MOST_POSES if isinstance(message, PosesMessage) else 1
        replaced = [slot.popleft().message.frame_id for _ in range(len(slot) + 1 - room)]
        slot.append(_Waiting(message, self._clock()))
        self._workers[worker_id].waiting.add(session_id)
        return tuple(DroppedFrame(session_id, frame_id, SUPERSEDED) for frame_id in replaced)

    def next_delivery(self) -> Delivery | None:
        """The next message to send, counted as sent; None when no worker with credit has a session waiting."""
        for worker_id, worker in self._workers.items():
            if worker.waiting and len(worker.in_flight) < self._credits:
                session_id = min(worker.waiting, key=self._turn.__getitem__)
                self._turn[session_id] = next(self._turns)
                slot = self._slots[session_id]
                waiting = slot.popleft()
                if not slot:
                    del self._slots[session_id]
                    worker.waiting.discard(session_id)
                worker.in_flight[session_id, waiting.message.frame_id] = Answered(waiting.submitted_s, self._clock())
                return Delivery(worker_id, waiting.message)
        return None

    def answered(self, worker_id: str, session_id: str, frame_id: int) -> Answered | None:
        """A worker has answered a frame, which frees a credit; None when it did not hold that frame."""
        worker = self._workers.get(worker_id)
        return None if worker is None else worker.in_flight.pop((session_id, frame_id), None)

    def overdue_workers(self) -> tuple[str, ...]:
        """The workers that have held a frame unanswered for too long."""
        limit_s = self._clock() - self._overdue_s
        return tuple(
            worker_id
            for worker_id, worker in self._workers.items()
            if any(sent.sent_s < limit_s for sent in worker.in_flight.values())
        )

    def _assign(self, session_id: str) -> Assignment:
        worker_id = min(self._workers, key=lambda name: len(self._workers[name].sessions))
        self._workers[worker_id].sessions.add(session_id)
        self._worker_of[session_id] = worker_id
        return Assignment(session_id, worker_id)
