"""A template: one take as features with weights, and what of it matters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from webapp.core.features import REGION_OF_PART, REGIONS
from webapp.core.records import FloatArray

# The share of a part's weight it has by being there; the rest grows with how much the part moves in the template.
_STILL_PART_WEIGHT = 0.6
# A region whose parts move this share of the most moving part's way must be seen for a match.
_NEEDED_MOTION_SHARE = 0.35
# Keypoints tremble: a template that moves less than this has no unit of its own.
_MIN_SPREAD = 0.1


@dataclass(frozen=True)
class Template:
    """One take as features at RATE_HZ.

    frames: (L, 3, P); trust: (L, P) in 0..1; weights: (L, P), a row sums to at most 1, less where the take hid
    something; motion: (P,) root mean square deviation of each part from its mean; spread: the weighted root mean square
    deviation of all of them, the unit of distances; needed: which REGIONS move so much that they must be seen.
    """

    action_index: int
    take_id: str
    frames: FloatArray
    trust: FloatArray
    weights: FloatArray
    motion: FloatArray
    spread: float
    needed: tuple[str, ...]


def make_template(action_index: int, take_id: str, frames: FloatArray, trust: FloatArray) -> Template | None:
    """The template of these features (L, 3, P) with trust (L, P); None where hardly anything is seen."""
    total = trust.sum(axis=0)
    seen = np.where(total > 0, total, 1)
    mean = (frames * trust[:, None, :]).sum(axis=0) / seen
    squares = ((frames - mean) ** 2).sum(axis=1)
    motion = np.sqrt((squares * trust).sum(axis=0) / seen).astype(np.float32)
    if not motion.any():
        return None
    importance = _STILL_PART_WEIGHT + (1 - _STILL_PART_WEIGHT) * motion / motion[motion > 0].mean()
    weights = (importance * trust / importance[total > 0].sum()).astype(np.float32)
    spread = max(_MIN_SPREAD, float(np.sqrt((weights * squares).sum() / weights.sum())))
    return Template(action_index, take_id, frames, trust, weights, motion, spread, _needed_regions(motion))


def _needed_regions(motion: FloatArray) -> tuple[str, ...]:
    largest = float(motion.max())
    by_region = [float(motion[index == REGION_OF_PART].max(initial=0)) for index in range(len(REGIONS))]
    return tuple(
        region for region, moved in zip(REGIONS, by_region, strict=True) if moved >= _NEEDED_MOTION_SHARE * largest
    )
