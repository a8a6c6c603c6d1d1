"""What is told about this very moment: how near each action is, and why it is not recognised."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from webapp.core.features import PartSet
from webapp.core.tracks import RATE_HZ
from webapp.recognition.decisions import Finding
from webapp.recognition.history import FeatureHistory
from webapp.recognition.ports import Candidate, Recognition
from webapp.recognition.subsequence import SubsequenceMatcher
from webapp.recognition.template_bank import TemplateBank

RANKED = 10
"""How many actions a ranking tells of."""
_SHOWN_S = 1.5
"""How long an announced action stays the current one."""
_NEARLY_FINISHED = 0.75
"""From this progress on it is told why a finished match was rejected."""
_NOTED_TICKS = round(1.0 * RATE_HZ)
"""How long the reason of a match just rejected is told."""
_STILL_TICKS = round(0.8 * RATE_HZ)
_STILL_RANGE = 0.15
"""A person whose parts all stay within this range (in feature units) for _STILL_TICKS is still."""
_MIN_REGION_TRUST = 0.3
RECORDED_OTHERWISE = "recorded with other keypoints"


class Ranking:
    """The ranking of a stream, with what it has to remember: the last event and the last rejections."""

    def __init__(self, bank: TemplateBank) -> None:
        self._bank = bank
        self._others = _recorded_otherwise(bank)
        self._distances = np.empty(len(bank.templates), np.float32)
        self._notes: dict[int, tuple[str, int]] = {}
        self._shown: tuple[Finding, float] | None = None

    def note(self, action_index: int, reason: str, tick: int) -> None:
        """Remember why a finished match of this action was rejected."""
        self._notes[action_index] = (reason, tick)

    def announce(self, finding: Finding, now_s: float) -> None:
        """Remember an event to show it for a while."""
        self._shown = finding, now_s
        self._notes.pop(finding.action_index, None)

    def answer(self, matcher: SubsequenceMatcher, history: FeatureHistory, now_s: float) -> Recognition:
        """The RANKED nearest actions now, by their share of the threshold, nearest first."""
        if self._shown is not None and now_s - self._shown[1] > _SHOWN_S:
            self._shown = None
        state = _body_state(history, self._bank.parts)
        rows, costs = matcher.likeliest(self._bank.penalties)
        np.multiply(costs, self._bank.scales, out=self._distances)
        firsts = self._bank.first_of_action
        ratios = np.minimum.reduceat(self._distances / self._bank.template_thresholds, firsts[:-1])
        if self._shown is not None:
            ratios[self._bank.action_indices[firsts[:-1]] == self._shown[0].action_index] = -1.0
        order = np.argsort(ratios, kind="stable")[:RANKED]
        tick = history.next_tick - 1
        near = (self._candidate(int(firsts[a]), int(firsts[a + 1]), rows, state, tick) for a in order)
        ranking = (*near, *self._others)[:RANKED]
        if self._shown is not None:
            return Recognition(ranking, current=self._bank.actions[self._shown[0].action_index].name)
        return Recognition(ranking, reason=state.everywhere or (ranking[0].reason if ranking else None))

    @property
    def _shown_action(self) -> int | None:
        return None if self._shown is None else self._shown[0].action_index

    def _candidate(self, first: int, end: int, rows: NDArray[np.int32], state: _BodyState, tick: int) -> Candidate:
        """What is told of the action whose templates are first .. end."""
        index = first + int(self._distances[first:end].argmin())
        distance, action_index = float(self._distances[index]), self._bank.templates[index].action_index
        action, threshold = self._bank.actions[action_index], self._bank.thresholds[action_index]
        if self._shown is not None and action_index == self._shown_action:
            return Candidate(action.action_id, action.name, self._shown[0].distance, threshold, None, 1.0)
        progress = (int(rows[index]) + 1) / int(self._bank.stream.row_counts[index])
        reason = state.reason(self._bank.templates[index].needed)
        if reason is None and distance <= threshold and progress < _NEARLY_FINISHED:
            reason = "not finished"
        if reason is None:
            reason = self._noted(action_index, tick)
        if reason is None:
            reason = "distance above threshold" if distance > threshold else "not finished"
        if not np.isfinite(distance):
            progress = 0.0
        return Candidate(action.action_id, action.name, distance, threshold, reason, progress)

    def _noted(self, action_index: int, tick: int) -> str | None:
        reason, noted_tick = self._notes.get(action_index, (None, 0))
        return reason if tick - noted_tick <= _NOTED_TICKS else None


def without_templates(bank: TemplateBank) -> Recognition:
    """The answer to every frame that nothing of the bank can be compared with."""
    others = _recorded_otherwise(bank)[:RANKED]
    return Recognition(others, reason=RECORDED_OTHERWISE if others else "no action recorded yet")


def _recorded_otherwise(bank: TemplateBank) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(action.action_id, action.name, np.inf, 0.0, RECORDED_OTHERWISE) for action in bank.recorded_otherwise
    )


class _BodyState:
    """What holds for the body as a whole at this moment."""

    def __init__(self, everywhere: str | None, hidden: frozenset[str]) -> None:
        self.everywhere, self._hidden = everywhere, hidden

    def reason(self, needed: tuple[str, ...]) -> str | None:
        """Why an action that needs these regions cannot be recognised now, or None."""
        if self.everywhere == "nobody in view":
            return self.everywhere
        for region in needed:
            if region in self._hidden:
                return f"{region} not visible"
        return self.everywhere


def _body_state(history: FeatureHistory, parts: PartSet) -> _BodyState:
    features, trust = history.newest(_STILL_TICKS)
    if not len(features) or not trust[-_STILL_TICKS // 2 :].any():
        return _BodyState("nobody in view", frozenset())
    part_trust = trust[-_STILL_TICKS // 2 :].mean(axis=0)
    hidden = frozenset(
        region
        for i, region in enumerate(parts.regions)
        if part_trust[i == parts.region_of_part].mean() < _MIN_REGION_TRUST
    )
    seen = trust[:, None] > 0  # what is hidden now and then still tells by where it is seen
    highest, lowest = np.where(seen, features, -np.inf).max(axis=0), np.where(seen, features, np.inf).min(axis=0)
    moved = np.where(seen.any(axis=0), highest - lowest, 0)
    still = float(np.sort(np.sqrt((moved**2).sum(axis=0)))[-2]) < _STILL_RANGE
    return _BodyState("too still" if still else None, hidden)
