"""Per-action thresholds: how far a movement may be from the templates and still be the action."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from webapp.core.records import FloatArray
from webapp.recognition.subsequence import best_match
from webapp.recognition.templates import Template

# The threshold lies between these shares of how far the template itself moves away from its mean pose: a person who only
# stands is about 1 away, another person doing the same is seldom more than the ceiling.
FLOOR_SPREADS, CEILING_SPREADS = 0.6, 0.85
# Other people differ more than one person's takes do.
_OTHER_PEOPLE = 1.5
# Of another action's distance, the share that is still taken for this one.
_NEGATIVE_SHARE = 0.8
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
        thresholds.append(_threshold(own, others) if own else 0.0)
    return tuple(thresholds)


def _threshold(own: Sequence[Template], others: Sequence[Template]) -> float:
    spread = float(np.mean([template.spread for template in own]))
    if len(own) > 1:
        near = [min(_distance(a, b) for a in own if a is not b) for b in own]
    else:
        near = [
            best_match(own[0].frames, own[0].weights, copy, np.ones((len(copy), copy.shape[2]), np.float32)).distance
            for copy in varied(own[0].frames)
        ]
    threshold = float(np.clip(max(near) * _OTHER_PEOPLE, FLOOR_SPREADS * spread, CEILING_SPREADS * spread))
    if others:
        nearest_other = min(_distance(a, b) for a in own for b in others)
        threshold = max(min(threshold, nearest_other * _NEGATIVE_SHARE), max(near) * 1.05)
    return threshold


def _distance(template: Template, performed: Template) -> float:
    trust = (performed.weights > 0).astype(np.float32)
    return best_match(template.frames, template.weights, performed.frames, trust).distance


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
