"""The course of a take: when it moves, where it turns back, and what a coach calls its phases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.core.angles import AngleCurves, range_of_motion
from webapp.core.records import FloatArray

# A take whose joints all stay within this range has no turn; it goes there and back if its most moving joint ends
# within this share of the way to its furthest point.
_MIN_TURN_DEG, _BACK_SHARE = 20.0, 0.5
# At the turn: where that joint has gone this share of the way.
_NEAR_TURN_SHARE = 0.85
# The take moves from where that joint has left this share behind until it is back there: beginnings and ends of a
# recording are cut loosely, and would count as tempo.
_MOVING_SHARE = 0.15
# Both knees bend this far at the turn: the body goes down.
_CROUCH_DEG = 30.0
# So near the beginning or end nobody says "on the way".
_MARGIN_SHARE = 0.1

_DOWN = ("on the way down", "at the lowest point", "on the way up")
_UP = ("on the way up", "at the highest point", "on the way down")
_OUT = ("on the way out", "at the turning point", "on the way back")
_THIRDS = ("at the beginning", "in the middle", "at the end")


@dataclass(frozen=True)
class Course:
    """words: before the turn, at it, after it; thirds of the movement where it does not turn back.

    Times are the take's. bounds_s: from where it begins to move until it is back, or, without a turn, the four bounds
    of its thirds. turn_s: first and last moment at the turn; None without one.
    """

    words: tuple[str, str, str]
    bounds_s: tuple[float, ...]
    turn_s: tuple[float, float] | None

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases' names in words that follow "mostly"."""
        return self.words if self.turn_s is None else (self.words[0], self.words[2])

    def is_at_turn(self, time_s: float) -> bool:
        return self.turn_s is not None and self.turn_s[0] <= time_s <= self.turn_s[1]

    def moment(self, time_s: float) -> str:
        """What a coach calls this moment of the take, such as "on the way up"."""
        first_s, last_s = self.bounds_s[0], self.bounds_s[-1]
        share = (time_s - first_s) / max(last_s - first_s, 1e-3)
        if self.turn_s is None:
            return self.words[int(np.clip(share * 3, 0, 2))]
        if share < _MARGIN_SHARE or share > 1 - _MARGIN_SHARE:
            return _THIRDS[0 if share < 0.5 else 2]
        if self.is_at_turn(time_s):
            return self.words[1]
        return self.words[0] if time_s < self.turn_s[0] else self.words[2]


def course_of(take: AngleCurves) -> Course:
    """Read the course from the take's most moving joint."""
    ranges = np.nan_to_num(range_of_motion(take.degrees))
    main = int(ranges.argmax())
    away = _way_gone(take.degrees[:, main])
    turn = int(away.argmax())
    if ranges[main] < _MIN_TURN_DEG:
        return _thirds(take.times_s, 0, len(away) - 1)
    moving = np.flatnonzero(away >= _MOVING_SHARE)
    first, last = max(0, int(moving[0]) - 1), min(len(away) - 1, int(moving[-1]) + 1)
    if away[last:].min() > _BACK_SHARE:
        arrived = int(np.flatnonzero(away >= 1 - _MOVING_SHARE)[0])
        return _thirds(take.times_s, first, max(arrived, first + 1) if arrived < len(away) else last)
    near = np.flatnonzero(away >= _NEAR_TURN_SHARE)
    times_s = take.times_s
    bounds_s = (float(times_s[first]), float(times_s[last]))
    return Course(_words(take, turn, main), bounds_s, (float(times_s[near[0]]), float(times_s[near[-1]])))


def _thirds(times_s: NDArray[np.float64], first: int, last: int) -> Course:
    bounds_s = np.linspace(times_s[first], times_s[last], 4)
    return Course(_THIRDS, tuple(float(bound_s) for bound_s in bounds_s), None)


def _way_gone(degrees: FloatArray) -> NDArray[np.float64]:
    """How far a joint (T,) is from its first position, as a share of the furthest it goes; 0 where hidden."""
    seen = np.isfinite(degrees)
    away = np.where(seen, degrees - degrees[np.argmax(seen)], 0.0)
    furthest = away[np.abs(away).argmax()]
    return np.asarray(away / furthest if furthest else away, np.float64)


def _words(take: AngleCurves, turn: int, main: int) -> tuple[str, str, str]:
    changes = take.degrees[turn] - take.degrees[0]
    knees = changes[[column for column, name in enumerate(take.joints) if name.endswith("_knee")]]
    if not len(knees):
        return _OUT
    if (knees <= -_CROUCH_DEG).all():
        return _DOWN
    raised = take.joints[main].endswith("_shoulder") and changes[main] > 0
    return _UP if raised or (knees >= _CROUCH_DEG).all() else _OUT
