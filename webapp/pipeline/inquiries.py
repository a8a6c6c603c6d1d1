"""What the web process asks a worker to work out beside the frames, since only workers compute with templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from webapp.pipeline.messages import Bank, StoredTake
from webapp.recognition.feedback import Addition

MAX_EVENTS = 200
"""In one question."""


@dataclass(frozen=True)
class StoredEvent:
    """An event as the history keeps it; sequence as sequence_file bytes. Times are the session's own."""

    event_id: str
    action_id: str
    action: str
    take_id: str
    start_s: float
    end_s: float
    distance: float
    threshold: float
    sequence: bytes


@dataclass(frozen=True)
class FeedbackQuestion:
    """What would this feedback do? As recognition.feedback.Feedback, with everything as it is stored."""

    bank: Bank
    performance: bytes
    wrong_action_id: str | None
    right_action_id: str | None
    right_name: str
    tune: bool
    add: Addition | None
    recent: Sequence[StoredEvent]


@dataclass(frozen=True)
class HealthQuestion:
    """How good are the templates of this bank?"""

    bank: Bank


@dataclass(frozen=True)
class ComparisonQuestion:
    """How does a performance differ from a take? take_id: which one, None for the nearest of these."""

    performance: bytes
    takes: Sequence[StoredTake]
    take_id: str | None
    mirror: bool


@dataclass(frozen=True)
class RepetitionsQuestion:
    """Which of these events, of one person in one session by time, are repetitions in one set with event_id?"""

    event_id: str
    events: Sequence[StoredEvent]


@dataclass(frozen=True)
class ModelSpeedQuestion:
    """How fast is one model on the worker's machine, on each runtime that can run it?"""

    role: Literal["detector", "pose"]
    name: str


Question = FeedbackQuestion | HealthQuestion | ComparisonQuestion | RepetitionsQuestion | ModelSpeedQuestion


@dataclass(frozen=True)
class Inquiry:
    """A question on its way to a worker."""

    inquiry_id: str
    question: Question


@dataclass(frozen=True)
class Reply:
    """The one reply to an inquiry: a result as JSON, or why there is none.

    refused: the question cannot be answered as it was put; else the worker failed.
    """

    inquiry_id: str
    result: dict[str, object] | None = None
    error: str | None = None
    refused: bool = False
