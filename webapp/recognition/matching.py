"""How a stretch of the stream compares with a template once warped onto it: pose distance and range of motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from webapp.core.dtw import part_alignment
from webapp.core.features import REGION_OF_PART, REGIONS
from webapp.core.records import FloatArray
from webapp.recognition.templates import Template

# The whole movement must go at least this share of the template's way, and at most so many times as far.
MIN_GAIN, MAX_GAIN = 0.5, 2.0
# Arms and legs, where they take part, must go this share of their way: a jumping jack is not told by the arms alone.
# Head and torso tremble too much beside how far they go.
MIN_REGION_GAIN = 0.3
_LIMBS = ("arms", "legs")
# How much a movement that does not follow the template's adds to its distance, in spreads of the template.
_COURSE_WEIGHT = 2.0
# A region takes part if its parts deviate this far (root mean square, in feature units) from their mean; the depth of
# monocular poses trembles by less.
_TAKES_PART = 0.12


@dataclass(frozen=True)
class MotionMatch:
    """A stretch of the stream against a template, warped onto each other.

    pose_distance: mean distance of the frames, in spreads of the template. The movements are both taken as deviations
    from their mean pose. gain: how far it moved relative to the template (1: as far); region_gains: the same for arms
    and legs where they take part; correlation: -1..1, how alike their courses are at any size and for any body.
    """

    pose_distance: float
    gain: float
    region_gains: dict[str, float]
    correlation: float

    @property
    def distance(self) -> float:
        """What decides: poses and course together, in spreads of the template."""
        return self.pose_distance + _COURSE_WEIGHT * (1 - self.correlation)

    @property
    def flaw(self) -> str | None:
        """Why the movement is not the template's, or None."""
        if self.gain < MIN_GAIN:
            return "movement too small"
        if self.gain > MAX_GAIN:
            return "movement too large"
        for region, gain in self.region_gains.items():
            if gain < MIN_REGION_GAIN:
                return f"{region} move too little"
        return None


def match_motion(template: Template, query: FloatArray, trust: FloatArray) -> MotionMatch:
    """Compare a template with a stretch of the stream (M, 3, P) with trust (M, P)."""
    path, cost = part_alignment(template.frames, template.weights, query, trust)
    ours, theirs = template.frames[path[:, 0]], query[path[:, 1]]
    weights = template.weights[path[:, 0]] * trust[path[:, 1]]
    total = weights.sum(axis=0)
    divisor = np.where(total > 0, total, 1)
    ours = ours - np.einsum("lp,ldp->dp", weights, ours) / divisor
    theirs = theirs - np.einsum("lp,ldp->dp", weights, theirs) / divisor
    shared = np.einsum("lp,ldp,ldp->p", weights, ours, theirs)
    own = np.einsum("lp,ldp,ldp->p", weights, ours, ours)
    other = np.einsum("lp,ldp,ldp->p", weights, theirs, theirs)
    region_gains = {}
    for index, region in enumerate(REGIONS):
        inside = index == REGION_OF_PART
        takes_part = region in _LIMBS and float(np.sqrt((template.motion[inside] ** 2).mean())) >= _TAKES_PART
        if takes_part and own[inside].sum() > 0:
            region_gains[region] = float(shared[inside].sum() / own[inside].sum())
    norm = float(np.sqrt(own.sum() * other.sum()))
    correlation = float(shared.sum()) / norm if norm > 1e-9 else 0.0
    gain = float(shared.sum() / own.sum()) if own.sum() > 0 else 0.0
    return MotionMatch(cost / len(path) / template.spread, gain, region_gains, correlation)
