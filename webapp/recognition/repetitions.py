"""Repetitions: the events of one person and session as sets, each repetition with tempo, range of motion and distance.

The rule. Events of one action that follow each other form a set. A set ends with an event of another action, with a
pause longer than PAUSE_DURATIONS typical repetitions (at least MIN_PAUSE_S), or when the clock jumps back by more than
RESTART_S (a stream begun again). An event that shares SAME_SHARE or more of the shorter one's time with a repetition of
the set is the same repetition again, and is not counted. One that comes late takes its place by time.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

import numpy as np

from webapp.core.angles import angle_curves, named_ranges
from webapp.recognition.ports import Event

MIN_PAUSE_S = 4.0
PAUSE_DURATIONS = 3.0
RESTART_S = 2.0
SAME_SHARE = 0.5
MIN_FOR_DRIFT = 4
_MOMENT_S = 0.05


@dataclass(frozen=True)
class Repetition:
    """One repetition: an event without its poses.

    range_deg: how far each visible joint travelled, by name (core.angles.joints_of), in degrees.
    distance, threshold: the event's, from the nearest take and what was allowed. Times are the stream's.
    """

    action_id: str
    action: str
    take_id: str
    start_s: float
    end_s: float
    announced_s: float
    distance: float
    threshold: float
    range_deg: Mapping[str, float] = field(default_factory=dict)

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True)
class RepetitionSet:
    """Repetitions of one action that follow each other, by time; never empty."""

    repetitions: tuple[Repetition, ...]

    @property
    def action_id(self) -> str:
        return self.repetitions[0].action_id

    @property
    def action(self) -> str:
        return self.repetitions[0].action

    @property
    def count(self) -> int:
        return len(self.repetitions)

    @property
    def start_s(self) -> float:
        return self.repetitions[0].start_s

    @property
    def end_s(self) -> float:
        return max(repetition.end_s for repetition in self.repetitions)

    @property
    def tempos_per_min(self) -> tuple[float | None, ...]:
        """Repetitions a minute at each one: 60 over the time since the middle of the last; None for the first."""
        return (None, *(60 / (after_s - before_s) for before_s, after_s in pairwise(self._middles_s)))

    @property
    def tempo_per_min(self) -> float | None:
        """Repetitions a minute over the whole set; None for a single one."""
        if self.count < 2:
            return None
        return 60 * (self.count - 1) / (self._middles_s[-1] - self._middles_s[0])

    @property
    def tempo_drift(self) -> float | None:
        """How the tempo changes from the first to the last, as a share: -0.1 is 10 % slower at the end.

        From the parabola through all the repetitions' times, so that one cut loosely counts little; None below
        MIN_FOR_DRIFT repetitions.
        """
        if self.count < MIN_FOR_DRIFT:
            return None
        last = self.count - 1
        curve, slope, _ = np.polyfit(np.arange(self.count), self._middles_s, 2)
        first_s, last_s = slope, slope + 2 * curve * last
        return float(first_s / last_s - 1) if min(first_s, last_s) > 0 else None

    @property
    def _middles_s(self) -> list[float]:
        """When each one is half over; rising, by at least a moment."""
        middles_s: list[float] = []
        for repetition in self.repetitions:
            middle_s = (repetition.start_s + repetition.end_s) / 2
            middles_s.append(max(middle_s, middles_s[-1] + _MOMENT_S) if middles_s else middle_s)
        return middles_s

    @property
    def range_change_deg(self) -> dict[str, float]:
        """Range of motion of the last repetition less that of the first, by joint; empty for a single one."""
        if self.count < 2:
            return {}
        first, last = self.repetitions[0].range_deg, self.repetitions[-1].range_deg
        return {joint: last[joint] - first[joint] for joint in first if joint in last}


def repetition_of(event: Event) -> Repetition:
    """The event measured; its poses are not kept."""
    return Repetition(
        action_id=event.action_id,
        action=event.action,
        take_id=event.take_id,
        start_s=event.start_s,
        end_s=event.end_s,
        announced_s=event.announced_s,
        distance=event.distance,
        threshold=event.threshold,
        range_deg=named_ranges(angle_curves(event.sequence)) if len(event.sequence) else {},
    )


class RepetitionCounter:
    """Counts one person's repetitions in one session, as events come; its sets follow the module's rule."""

    def __init__(self) -> None:
        self._repetitions: list[Repetition] = []

    @property
    def current(self) -> RepetitionSet | None:
        """The set going on, or None."""
        return RepetitionSet(tuple(self._repetitions)) if self._repetitions else None

    def add(self, repetition: Repetition | Event) -> RepetitionSet | None:
        """Count a repetition or event; answers the set that this has ended, if any.

        One whose times or distance are not finite, or that ends before it starts, is not counted.
        """
        if isinstance(repetition, Event):
            repetition = repetition_of(repetition)
        numbers = (repetition.start_s, repetition.end_s, repetition.announced_s, repetition.distance)
        if not all(map(math.isfinite, numbers)) or repetition.end_s < repetition.start_s:
            return None
        ended = self.end() if self._ends_set(repetition) else None
        if not any(_is_same(repetition, counted) for counted in self._repetitions):
            insort(self._repetitions, repetition, key=lambda r: r.start_s)
        return ended

    def rest(self, now_s: float) -> RepetitionSet | None:
        """Tell the counter the stream's time; answers the set that a pause has ended by now, if any."""
        return self.end() if self._repetitions and now_s - self._last.end_s > self._pause_s else None

    def end(self) -> RepetitionSet | None:
        """End the set going on and answer it; None if there is none."""
        ended = self.current
        self._repetitions = []
        return ended

    @property
    def _last(self) -> Repetition:
        return self._repetitions[-1]

    @property
    def _pause_s(self) -> float:
        return max(MIN_PAUSE_S, PAUSE_DURATIONS * median(r.duration_s for r in self._repetitions))

    def _ends_set(self, repetition: Repetition) -> bool:
        if not self._repetitions:
            return False
        last = self._last
        return (
            repetition.action_id != last.action_id
            or repetition.start_s - last.end_s > self._pause_s
            or repetition.announced_s < max(r.announced_s for r in self._repetitions) - RESTART_S
        )


def count_repetitions(events: Iterable[Repetition | Event]) -> tuple[RepetitionSet, ...]:
    """The sets of one person's events, given in the order in which they were announced."""
    counter = RepetitionCounter()
    sets = [ended for event in events if (ended := counter.add(event)) is not None]
    last = counter.end()
    return (*sets, last) if last is not None else tuple(sets)


def _is_same(one: Repetition, other: Repetition) -> bool:
    shared_s = min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
    return shared_s >= SAME_SHARE * min(one.duration_s, other.duration_s)
