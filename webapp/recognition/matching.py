"""How a stretch of the stream compares with a template once warped onto it: pose distance and range of motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from webapp.core.dtw import part_alignment
from webapp.core.features import REGION_OF_PART, REGIONS
from webapp.core.records import FloatArray
from webapp.recognition.templates import Template

# A limb that moves in the template must move at least this share of it, and at most this many times as far.
MIN_GAIN, MAX_GAIN = 0.5, 2.0
# How well the movement must follow the template's: 1 is the same course at any size.
MIN_CORRELATION = 0.7
# Only regions with this share of the template's movement are asked for their own range.
_REGION_SHARE = 0.2


@dataclass(frozen=True)
class MotionMatch:
    """The movement of a match against the template's, both as deviations from their mean pose.

    gains: per region that moves in the template, how far it moved relative to it (1: as far); correlation: -1..1.
    """

    gains: dict[str, float]
    correlation: float

    @property
    def flaw(self) -> str | None:
        """Why the movement is not the template's, or None."""
        if any(gain < MIN_GAIN for gain in self.gains.values()):
            return "movement too small"
        if any(gain > MAX_GAIN for gain in self.gains.values()):
            return "movement too large"
        return "moves differently" if self.correlation < MIN_CORRELATION else None


def match_motion(template: Template, query: FloatArray, trust: FloatArray) -> MotionMatch:
    """Compare the ranges of motion of a template and a stretch of the stream (M, 3, P) with trust (M, P)."""
    path = part_alignment(template.frames, template.weights, query, trust)
    ours, theirs = template.frames[path[:, 0]], query[path[:, 1]]
    weights = template.weights[path[:, 0]] * trust[path[:, 1]]
    total = weights.sum(axis=0)
    divisor = np.where(total > 0, total, 1)
    ours = ours - np.einsum("lp,ldp->dp", weights, ours) / divisor
    theirs = theirs - np.einsum("lp,ldp->dp", weights, theirs) / divisor
    shared = np.einsum("lp,ldp,ldp->p", weights, ours, theirs)
    own = np.einsum("lp,ldp,ldp->p", weights, ours, ours)
    other = np.einsum("lp,ldp,ldp->p", weights, theirs, theirs)
    gains = {}
    for index, region in enumerate(REGIONS):
        inside = REGION_OF_PART == index
        if own[inside].sum() >= _REGION_SHARE * own.sum() and own[inside].sum() > 0:
            gains[region] = float(shared[inside].sum() / own[inside].sum())
    norm = float(np.sqrt(own.sum() * other.sum()))
    return MotionMatch(gains, float(shared.sum()) / norm if norm > 1e-9 else 0.0)
