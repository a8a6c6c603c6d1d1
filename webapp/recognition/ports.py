"""What a recogniser is given and what it answers: one recogniser per tracked person and session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from webapp.core.records import PoseSequence
from webapp.core.skeleton import Kind


@dataclass(frozen=True)
class Take:
    """One recorded performance of an action."""

    take_id: str
    sequence: PoseSequence


@dataclass(frozen=True)
class Action:
    """What is to be recognised: a name and at least one take.

    mirror: whether the movement counts with left and right exchanged too. threshold_factor: what feedback made of the
    learned threshold, 1 for nothing.
    """

    action_id: str
    name: str
    takes: Sequence[Take]
    mirror: bool = False
    threshold_factor: float = 1.0


def of_kind(actions: Sequence[Action], kind: Kind) -> list[Action]:
    """The actions with only their takes of one kind of skeleton, which may be none."""
    return [
        replace(action, takes=[take for take in action.takes if take.sequence.skeleton.kind == kind])
        for action in actions
    ]


@dataclass(frozen=True)
class Candidate:
    """One line of the ranking: how near the movement of this moment is to an action.

    distance and threshold share a unit (1.0 = the threshold's scale is the recogniser's own affair);
    distance is inf while nothing can be said. reason is None when accepted, else a short English sentence part
    such as "too still", "legs not visible", "margin too small", "distance above threshold", "not finished",
    "course differs" (the poses fit, the way they follow each other does not).
    progress is 0..1, how much of the best template is matched so far.
    """

    action_id: str
    action: str
    distance: float
    threshold: float
    reason: str | None
    progress: float = 0.0


@dataclass(frozen=True)
class Event:
    """An action recognised, from start to end, in the stream's own time."""

    action_id: str
    action: str
    take_id: str
    start_s: float
    end_s: float
    announced_s: float
    distance: float
    threshold: float
    confidence: float
    sequence: PoseSequence


@dataclass(frozen=True)
class Recognition:
    """The answer to one frame: the ranking, nearest first, and the events announced by this very frame.

    current: the action being shown large, or None. reason: why there is none ("too still", "no action recorded yet").
    """

    ranking: tuple[Candidate, ...] = ()
    events: tuple[Event, ...] = ()
    current: str | None = None
    reason: str | None = None
