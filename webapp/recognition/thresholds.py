"""What is learned from the takes of a bank: each template's scale and each action's threshold."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import FloatArray
from webapp.core.tracks import RATE_HZ
from webapp.recognition.matching import match_motion
from webapp.recognition.templates import Template

# Distances are in feature units, where a torso's length is about 1.
_USUAL = 1.0
"""How far takes of other actions usually are from a template: what is assumed of the first of them."""
_SCALE_POWER = 0.35
_NEAREST_OTHERS = 5
PRIOR = 0.5
"""The threshold of an action of which nothing is known: how far other people doing the same mostly are."""
_PRIOR_TAKES = 5
"""So many takes weigh as much as the prior."""
_SPREAD_QUANTILE, _SPREAD_TIMES = 0.8, 1.5
_IMPOSTOR_QUANTILE = 0.1
_SHORT_S, _SHORT_POWER = 1.0, 0.3
"""A shorter movement is more often done by chance: its threshold is lower."""
_REST_TIMES = 2.5
"""A person who only stands costs a template four times its spread: a threshold stays well below that."""
_LEAST = 1e-3
"""What two actions share, or an action and a movement that is none, would else leave no threshold to divide by."""
_COUNTED_PER_ROOT = 0.85
_TEMPOS = (0.7, 1.4)
_TURNS_RAD = (-0.25, 0.25)
_SIZES = (0.9, 1.1)
_JITTER = 0.03


def counted_nearest(takes: int) -> int:
    """How many of an action's nearest templates count together: some of many are near anything by chance."""
    return max(1, round(_COUNTED_PER_ROOT * math.sqrt(takes)))


def template_scales(distances: FloatArray, ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> FloatArray:
    """(N,) by what each template's distances are multiplied, so that one that is near everything wins less often.

    distances: (N, M) as pair_distances; ours: (N,) the templates' actions; theirs: (M,) the performances', -1 for a
    negative, which counts only where it is nearer than usual.
    """
    counts = (ours[:, None] != theirs[None]) & ((theirs[None] >= 0) | (distances < _USUAL))
    others = np.sort(np.where(counts, distances, np.inf), axis=1)[:, :_NEAREST_OTHERS]
    known = np.isfinite(others)
    mean = (np.where(known, others, 0).sum(axis=1) + _USUAL) / (known.sum(axis=1) + 1)
    scales: FloatArray = np.power(_USUAL / mean, _SCALE_POWER).astype(np.float32)
    return scales


def nearest_mean(distances: FloatArray, count: int) -> FloatArray:
    """(M,) mean of the count least of (N, M); of fewer where fewer are finite, inf where none is."""
    nearest = np.sort(distances, axis=0)[:count]
    known = np.isfinite(nearest)
    total = np.where(known, nearest, 0).sum(axis=0)
    means: FloatArray = np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.inf).astype(np.float32)
    return means


def learn_threshold(own: Sequence[Template], scales: FloatArray, to_own: FloatArray, to_others: FloatArray) -> float:
    """The threshold of an action from its templates and the distances from them.

    scales: (n,) the templates'; to_own: (n,) of each of its takes from the others; to_others: (m,) of takes of other
    actions and of negatives. A single take is compared with varied copies of itself. What others do bounds the
    threshold from above, and so does standing still.
    """
    if len(to_own) == 0:
        to_own = np.array([match_motion(own[0], *copy).distances[0] for copy in varied(own[0])]) * scales[0]
    spread = _SPREAD_TIMES * float(np.quantile(to_own, _SPREAD_QUANTILE))
    threshold = (len(own) * spread + _PRIOR_TAKES * PRIOR) / (len(own) + _PRIOR_TAKES)
    if len(to_others):
        threshold = min(threshold, float(np.quantile(to_others, _IMPOSTOR_QUANTILE)))
    spreads = np.array([template.spread for template in own])
    threshold = min(threshold, _REST_TIMES * float((spreads * scales).mean()))
    duration_s = float(np.median([len(template.frames) for template in own])) / RATE_HZ
    return max(_LEAST, threshold * math.pow(min(1.0, duration_s / _SHORT_S), _SHORT_POWER))


def varied(template: Template) -> list[tuple[FloatArray, FloatArray]]:
    """The same movement slower and faster, by a turned, a larger, a smaller and a trembling body.

    (L', 3, P) each, with trust (L', P).
    """
    frames, trust = template.frames, template.trust
    copies = []
    for tempo in _TEMPOS:
        at = np.linspace(0, len(frames) - 1, max(2, round(len(frames) * tempo)))
        low = np.minimum(at.astype(int), len(frames) - 2)
        share = (at - low).astype(np.float32)[:, None, None]
        copies.append((frames[low] * (1 - share) + frames[low + 1] * share, np.minimum(trust[low], trust[low + 1])))
    for turn_rad in _TURNS_RAD:
        cosine, sine = np.float32(np.cos(turn_rad)), np.float32(np.sin(turn_rad))
        turned = frames.copy()
        turned[:, 0] = cosine * frames[:, 0] + sine * frames[:, 2]
        turned[:, 2] = cosine * frames[:, 2] - sine * frames[:, 0]
        copies.append((turned, trust))
    copies += [(frames * np.float32(size), trust) for size in _SIZES]
    tremble = np.random.default_rng(0).normal(0, _JITTER, frames.shape).astype(np.float32)
    copies.append((frames + tremble, trust))
    return copies
