"""Per-action thresholds: how far a movement may be from the templates and still be the action."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from webapp.core.dtw import best_subsequence
from webapp.core.records import FloatArray
from webapp.recognition.matching import match_motion
from webapp.recognition.templates import Template

# In spreads of the template, as MotionMatch.distance: a person who only stands is about 3 away, other people doing the
# same mostly below 1.
FLOOR, CEILING = 1.2, 1.5
_OTHER_PEOPLE = 1.5
"""Other people differ more than one person's takes, or the varied copies of one, do."""
_NEGATIVE_SHARE = 0.8
"""Of another action's distance, the share that is still taken for this one."""
_LEAST = 0.2
_MAX_OWN, _MAX_NEGATIVES = 6, 24
"""How many takes are compared: a large bank must be ready in seconds."""
_TEMPOS = (0.7, 1.4)
_TURNS_RAD = (-0.25, 0.25)
_SIZES = (0.9, 1.1)


def learn_thresholds(action_count: int, templates: Sequence[Template]) -> tuple[float, ...]:
    """One threshold per action; 0 for an action without a template.

    Several takes are compared with each other, a single one with varied copies of itself; the takes of other actions
    bound it from above.
    """
    thresholds = []
    for index in range(action_count):
        own = [template for template in templates if template.action_index == index]
        others = [template for template in templates if template.action_index != index]
        thresholds.append(_threshold(own, _thinned(others, _MAX_NEGATIVES)) if own else 0.0)
    return tuple(thresholds)


def _threshold(own: Sequence[Template], others: Sequence[Template]) -> float:
    if len(own) > 1:
        near = [min(_distance(a, b.frames, b.trust) for a in own if a is not b) for b in _thinned(own, _MAX_OWN)]
    else:
        seen = np.ones((1, own[0].frames.shape[2]), np.float32)
        near = [_distance(own[0], copy, np.repeat(seen, len(copy), axis=0)) for copy in varied(own[0].frames)]
    typical_near = float(np.median(near))
    threshold = float(np.clip(typical_near * _OTHER_PEOPLE, FLOOR, CEILING))
    some = _thinned(own, _MAX_OWN)
    nearest_other = min((_distance(a, b.frames, b.trust) for a in some for b in others), default=float("inf"))
    return max(min(threshold, nearest_other * _NEGATIVE_SHARE), min(typical_near, FLOOR), _LEAST)


def _thinned(templates: Sequence[Template], count: int) -> Sequence[Template]:
    """At most count of them, evenly spread."""
    return templates[:: max(1, -(-len(templates) // count))]


def _distance(template: Template, frames: FloatArray, trust: FloatArray) -> float:
    """How far the nearest stretch of another performance (M, 3, P) is from the template."""
    first, last, cost = best_subsequence(template.frames, template.weights, frames, trust)
    if not np.isfinite(cost):
        return float("inf")
    return match_motion(template, frames[first : last + 1], trust[first : last + 1]).distance


def varied(frames: FloatArray) -> list[FloatArray]:
    """The same movement slower and faster, by a turned, a larger and a smaller body: (L', 3, P) each."""
    copies = []
    for tempo in _TEMPOS:
        at = np.linspace(0, len(frames) - 1, max(2, round(len(frames) * tempo)))
        low = np.minimum(at.astype(int), len(frames) - 2)
        share = (at - low).astype(np.float32)[:, None, None]
        copies.append(frames[low] * (1 - share) + frames[low + 1] * share)
    for turn_rad in _TURNS_RAD:
        cosine, sine = np.float32(np.cos(turn_rad)), np.float32(np.sin(turn_rad))
        turned = frames.copy()
        turned[:, 0] = cosine * frames[:, 0] + sine * frames[:, 2]
        turned[:, 2] = cosine * frames[:, 2] - sine * frames[:, 0]
        copies.append(turned)
    copies += [frames * np.float32(size) for size in _SIZES]
    return copies
