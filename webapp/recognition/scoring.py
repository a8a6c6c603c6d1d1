"""A performance against a whole bank: how far it is from every action, and whether it is one of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import FloatArray
from webapp.recognition.matching import Matches, match_many
from webapp.recognition.template_bank import TemplateBank
from webapp.recognition.thresholds import nearest_mean

_RIVALS = 3
"""How many of the nearest other actions tell how clearly a performance is one action."""
_USUAL_MARGIN = 0.4
"""A performance of an action is mostly so far from it, as a share of the distance to its rivals."""
NO_ACTION = "nearer to what is no action"
MAX_MARGIN = 0.9
"""The nearest action must be this much nearer than the second."""


@dataclass(frozen=True)
class Scores:
    """A performance against every action, (A,) each.

    plain: the mean distance of the action's nearest templates that count. distances: the same, less where all rivals
    are far, more where they are near: what is held against the threshold. nearest: the nearest template, -1 for none.
    negative: the distance of the nearest movement that is no action.
    """

    bank: TemplateBank
    plain: FloatArray
    distances: FloatArray
    nearest: NDArray[np.int64]
    negative: float
    matches: Matches
    which: NDArray[np.int64]

    def reason(self, action_index: int) -> str | None:
        """Why the performance is not this action, or None."""
        threshold, plain = self.bank.thresholds[action_index], float(self.plain[action_index])
        if not np.isfinite(plain):
            return "distance above threshold"
        flaw = self.matches.flaw(int(np.searchsorted(self.which, self.nearest[action_index])))
        if flaw is not None:
            return flaw
        if self.negative <= plain:
            return NO_ACTION
        if self.distances[action_index] > threshold:
            return "distance above threshold" if plain > threshold else "margin too small"
        others = np.delete(self.plain, action_index)
        return "margin too small" if plain >= MAX_MARGIN * others.min(initial=np.inf) else None


def score(
    bank: TemplateBank, features: FloatArray, trust: FloatArray, which: NDArray[np.int64] | None = None
) -> Scores:
    """Compare a performance (M, 3, P) with trust (M, P) with all templates, or with `which` (rising positions)."""
    count = len(bank.templates)
    which = np.arange(count) if which is None else which
    everything = np.concatenate([which, np.arange(count, count + len(bank.negatives))])
    matches = match_many(bank.arrays, features, trust, everything)
    scaled = matches.distances[: len(which)] * bank.scales[which]
    negative = float(matches.distances[len(which) :].min(initial=np.inf))
    plain, nearest = np.full(len(bank.actions), np.inf, np.float32), np.full(len(bank.actions), -1, np.int64)
    owners = bank.action_indices[which]
    for action_index in np.unique(owners):
        rows = np.flatnonzero(owners == action_index)
        plain[action_index] = nearest_mean(scaled[rows, None], bank.counted[action_index])[0]
        nearest[action_index] = which[rows[scaled[rows].argmin()]]
    return Scores(bank, plain, _beside_rivals(plain, negative), nearest, negative, matches, everything)


def _beside_rivals(plain: FloatArray, negative: float) -> FloatArray:
    """(A,) the distances, weighed by how near the nearest others are.

    What is no action only ever adds to them: one that is far makes nothing more of an action.
    """
    with_negative = np.append(plain, np.float32(negative))
    return np.maximum(_weighed(plain, plain), _weighed(plain, with_negative))


def _weighed(plain: FloatArray, values: FloatArray) -> FloatArray:
    nearest = np.argsort(values, kind="stable")[: _RIVALS + 1]
    weighed = plain.copy()
    for index, value in enumerate(plain):
        rivals = values[nearest[nearest != index][:_RIVALS]]
        rivals = rivals[np.isfinite(rivals)]
        if len(rivals) and np.isfinite(value) and (mean := float(rivals.mean())) > 0:
            weighed[index] = value * value / mean / _USUAL_MARGIN
    return weighed
