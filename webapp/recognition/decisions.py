"""From finished matches to events: wait a moment for a better one, then let the nearest action win."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from webapp.core.tracks import RATE_HZ

_WAIT_TICKS = round(0.2 * RATE_HZ)
"""A match is announced when none better has come for so long."""
_LONGEST_WAIT = 3.0
"""At most so many times its own length does a finding wait for a match that may still take its place."""
_TIMES, _MORE = 1.2, 0.1
"""What is at most so many times as far, and so much of a threshold further, is as near."""
_LONGER = 1.5
"""A whole is at least so many times as long as its part."""
BETTER = 0.97
"""A match must be this much nearer to count as better: standing at the end makes it ever so slightly nearer."""
_MARGIN = 0.9
"""An action wins only if its share of the threshold is below this part of the second's."""


@dataclass(frozen=True)
class Finding:
    """A finished match within its action's threshold.

    poses: the poses' mean distance alone; nearness: the template's own distance; ratio: what decides, the distance from
    the action beside its rivals; each divided by the threshold.
    """

    action_index: int
    template_index: int
    start_tick: int
    end_tick: int
    distance: float
    poses: float
    nearness: float
    ratio: float

    def overlaps(self, other: Finding) -> bool:
        """Whether both share more than a third of the shorter one."""
        shared = min(self.end_tick, other.end_tick) - max(self.start_tick, other.start_tick) + 1
        return shared * 3 > min(self.length, other.length)

    def contains(self, part: Finding) -> bool:
        """Whether this is a whole of which the other is a part."""
        return self.length >= _LONGER * part.length and self.overlaps(part)

    @property
    def length(self) -> int:
        return self.end_tick - self.start_tick + 1


@dataclass(frozen=True)
class Verdict:
    """What became of findings: the winner or None, and the actions that were too near each other to tell."""

    winner: Finding | None
    undecided: tuple[int, ...] = ()


def as_near_as(ratio: float) -> float:
    """Up to which share of its threshold something is as near as what has this share."""
    return _TIMES * ratio + _MORE


class Decisions:
    """Findings waiting for a better one, or for what may still become one."""

    def __init__(self) -> None:
        self._waiting: list[Finding] = []

    def would_improve(self, action_index: int, start_tick: int, end_tick: int, nearness: float) -> bool:
        """Whether a finding of the action so near is better than those that wait in its place."""
        new = Finding(action_index, -1, start_tick, end_tick, 0, 0, nearness, 0)
        return all(nearness < waiting.nearness * BETTER for waiting in self._same(new))

    def add(self, finding: Finding) -> None:
        """Let a finding wait in place of those of the action that it overlaps."""
        replaced = self._same(finding)
        self._waiting = [*(waiting for waiting in self._waiting if waiting not in replaced), finding]

    def _same(self, finding: Finding) -> list[Finding]:
        return [w for w in self._waiting if w.action_index == finding.action_index and w.overlaps(finding)]

    def settle(self, tick: int | None, may_be_bettered: Callable[[Finding], bool]) -> Verdict | None:
        """The verdict due at this tick, None while nothing is; tick None settles the earliest at once.

        may_be_bettered: whether a match that has begun may still end nearer than a finding.
        """
        if not self._waiting:
            return None
        earliest = min(self._waiting, key=lambda finding: finding.end_tick)
        group = [finding for finding in self._waiting if finding.overlaps(earliest)]
        nearest = _whole(min(group, key=lambda finding: finding.ratio), group)
        if tick is not None and (
            tick - nearest.end_tick < _WAIT_TICKS or self._still_waits(nearest, tick, may_be_bettered)
        ):
            return None
        rivals = [finding for finding in group if finding is not nearest and finding.overlaps(nearest)]
        self._waiting = [finding for finding in self._waiting if finding is not nearest and finding not in rivals]
        near = tuple(f.action_index for f in rivals if nearest.ratio > _MARGIN * f.ratio and not nearest.contains(f))
        return Verdict(None, (nearest.action_index, *near)) if near else Verdict(nearest)

    def _still_waits(self, finding: Finding, tick: int, may_be_bettered: Callable[[Finding], bool]) -> bool:
        return tick - finding.end_tick <= _LONGEST_WAIT * finding.length and may_be_bettered(finding)

    def forget_before(self, tick: int) -> None:
        """Drop the findings that began before this tick."""
        self._waiting = [finding for finding in self._waiting if finding.start_tick >= tick]


def _whole(nearest: Finding, group: Sequence[Finding]) -> Finding:
    """The longest finding that contains the nearest and is as near, else the nearest itself."""
    wholes = [f for f in group if f.contains(nearest) and f.ratio <= as_near_as(nearest.ratio)]
    return max(wholes, key=lambda finding: finding.length, default=nearest)
