"""From finished matches to events: wait a moment for a better one, then let the nearest action win."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.core.tracks import RATE_HZ

_WAIT_TICKS = round(0.2 * RATE_HZ)
"""A match is announced when none better has come for so long."""
_BETTER = 0.97
"""A match must be this much nearer to count as better: standing at the end makes it ever so slightly nearer."""
_MARGIN = 0.9
"""An action wins only if its share of the threshold is below this part of the second's."""


@dataclass(frozen=True)
class Finding:
    """A finished match within its action's threshold. ratio: distance / threshold."""

    action_index: int
    template_index: int
    start_tick: int
    end_tick: int
    distance: float
    ratio: float

    def overlaps(self, other: Finding) -> bool:
        """Whether both share more than a third of the shorter one."""
        shared = min(self.end_tick, other.end_tick) - max(self.start_tick, other.start_tick) + 1
        return shared * 3 > min(self.length, other.length)

    @property
    def length(self) -> int:
        return self.end_tick - self.start_tick + 1


@dataclass(frozen=True)
class Verdict:
    """What became of findings: the winner or None, and the actions that were too near each other to tell."""

    winner: Finding | None
    undecided: tuple[int, ...] = ()


class Decisions:
    """Findings waiting for a better one; at most one per action."""

    def __init__(self) -> None:
        self._waiting: dict[int, Finding] = {}

    def would_improve(self, action_index: int, ratio: float) -> bool:
        """Whether a finding of this ratio would replace what is waiting for the action."""
        waiting = self._waiting.get(action_index)
        return waiting is None or ratio < waiting.ratio * _BETTER

    def add(self, finding: Finding) -> None:
        """Let a finding wait in place of the action's earlier one."""
        self._waiting[finding.action_index] = finding

    def settle(self, tick: int | None) -> Verdict | None:
        """The verdict due at this tick, None while nothing is; tick None settles the nearest at once."""
        if not self._waiting:
            return None
        nearest = min(self._waiting.values(), key=lambda finding: finding.ratio)
        if tick is not None and tick - nearest.end_tick < _WAIT_TICKS:
            return None
        rivals = [f for f in self._waiting.values() if f is not nearest and f.overlaps(nearest)]
        for finding in (nearest, *rivals):
            del self._waiting[finding.action_index]
        near = tuple(f.action_index for f in rivals if nearest.ratio > _MARGIN * f.ratio)
        return Verdict(None, (nearest.action_index, *near)) if near else Verdict(nearest)

    def forget_before(self, tick: int) -> None:
        """Drop the findings that began before this tick."""
        self._waiting = {index: f for index, f in self._waiting.items() if f.start_tick >= tick}
