"""Feedback on what was recognised: what a person says, what it changes, what follows from it.

Records and the one rule of arithmetic that needs no template; `feedback_rules` works the effect out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from webapp.core.records import PoseSequence

Bound = Literal["at_most", "at_least"]
Addition = Literal["take", "negative"]

FACTOR_MIN, FACTOR_MAX = 0.25, 3.0
"""Beyond these an action's learned threshold means nothing any more."""


@dataclass(frozen=True)
class Step:
    """What one feedback asks of an action's threshold factor: to be at most, or at least, so large."""

    bound: Bound
    factor: float


def effective_factor(base: float, steps: Iterable[Step]) -> float:
    """The factor after these steps, oldest first, beginning at the one that was set by hand.

    A step only ever moves the factor to its own bound, so leaving one out leaves the others as they were meant.
    """
    factor = base
    for step in steps:
        factor = min(factor, step.factor) if step.bound == "at_most" else max(factor, step.factor)
    return factor


@dataclass(frozen=True)
class PastEvent:
    """An event of the history with its poses; action_id: what it was recognised as."""

    event_id: str
    action_id: str
    sequence: PoseSequence


@dataclass(frozen=True)
class Feedback:
    """What a person says of a performance.

    wrong_action_id: it was taken for this and is not it. right_action_id: it is this one, called right_name; None where
    it is none of theirs. tune: whether thresholds may change. add: what the performance is kept as besides.
    """

    performance: PoseSequence
    wrong_action_id: str | None = None
    right_action_id: str | None = None
    right_name: str = ""
    tune: bool = True
    add: Addition | None = None


@dataclass(frozen=True)
class Change:
    """What becomes of one action's threshold. obstacle: why it stays although it should change, as a sentence part."""

    action_id: str
    action: str
    bound: Bound
    factor_before: float
    factor_after: float
    threshold_before: float
    threshold_after: float
    obstacle: str | None = None

    @property
    def changes(self) -> bool:
        return self.factor_after != self.factor_before


@dataclass(frozen=True)
class ChangedEvent:
    """A past event that would be judged otherwise: the action accepted before and after, None for none."""

    event_id: str
    before_id: str | None
    after_id: str | None


@dataclass(frozen=True)
class LostTake:
    """A take that its action's other takes recognise before and not after."""

    action_id: str
    take_id: str


@dataclass(frozen=True)
class Effect:
    """What feedback would do. solved: the performance is then judged as the person says.

    events: past ones judged otherwise. checked_events, checked_takes: how many were looked at. suggestion: what to add
    where thresholds alone do not solve it.
    """

    changes: Sequence[Change]
    solved: bool
    events: Sequence[ChangedEvent]
    lost_takes: Sequence[LostTake]
    checked_events: int
    checked_takes: int
    suggestion: Addition | None = None

    @property
    def possible(self) -> bool:
        """Whether no threshold stays that should change."""
        return all(change.obstacle is None for change in self.changes)
