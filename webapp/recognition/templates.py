"""A template: one take as features with weights, and what of it matters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from webapp.core.features import BODY, PartSet
from webapp.core.records import FloatArray

# The share of a part's weight it has by being there; the rest grows with how much the part moves in the template.
_STILL_PART_WEIGHT = 0.8
# A region whose parts move this share of the most moving part's way must be seen for a match.
_NEEDED_MOTION_SHARE = 0.35


@dataclass(frozen=True)
class Template:
    """One take as features at RATE_HZ, without the frames that show nobody.

    frames: (L, 3, P); trust: (L, P) in 0..1; weights: (L, P), a row sums to at most 1, less where the take hid
    something; part_weights: (P,) the same over the whole take, summing to 1; motion: (P,) root mean square deviation of
    each part from its mean; needed: which regions move so much that they must be seen. action_index: -1 for a negative.
    mirrored: left and right exchanged. parts: what P stands for.
    """

    action_index: int
    take_id: str
    frames: FloatArray
    trust: FloatArray
    weights: FloatArray
    part_weights: FloatArray
    motion: FloatArray
    needed: tuple[str, ...]
    mirrored: bool = False
    parts: PartSet = BODY

    @property
    def spread(self) -> float:
        """How far its frames are from their mean, as a distance of poses: what standing still in the middle costs."""
        return float(np.sqrt((self.part_weights * self.motion**2).sum()))

    @property
    def filled(self) -> FloatArray:
        """(L, 3, P) frames in which a hidden part stays where it was last seen, or will first be seen."""
        rows = np.arange(len(self.frames))[:, None]
        seen = self.trust > 0
        last = np.maximum.accumulate(np.where(seen, rows, -1), axis=0)
        first = np.where(seen.any(axis=0), seen.argmax(axis=0), 0)
        source = np.where(last >= 0, last, first)
        return np.take_along_axis(self.frames, source[:, None, :], axis=0)


def make_template(
    action_index: int,
    take_id: str,
    frames: FloatArray,
    trust: FloatArray,
    *,
    mirrored: bool = False,
    parts: PartSet = BODY,
) -> Template | None:
    """The template of these features (L, 3, P) with trust (L, P); None where hardly anything is seen."""
    shown = trust.max(axis=1, initial=0) > 0
    frames, trust = np.ascontiguousarray(frames[shown]), np.ascontiguousarray(trust[shown])
    total = trust.sum(axis=0)
    seen = np.where(total > 0, total, 1)
    mean = (frames * trust[:, None, :]).sum(axis=0) / seen
    squares = ((frames - mean) ** 2).sum(axis=1)
    motion = np.sqrt((squares * trust).sum(axis=0) / seen).astype(np.float32)
    if len(frames) < 2 or not motion.any():
        return None
    importance = _STILL_PART_WEIGHT + (1 - _STILL_PART_WEIGHT) * motion / motion[motion > 0].mean()
    weights = (importance * trust / importance[total > 0].sum()).astype(np.float32)
    part_weights = weights.sum(axis=0) / weights.sum()
    needed = _needed_regions(motion, parts)
    return Template(action_index, take_id, frames, trust, weights, part_weights, motion, needed, mirrored, parts)


def _needed_regions(motion: FloatArray, parts: PartSet) -> tuple[str, ...]:
    largest = float(motion.max())
    return tuple(
        region
        for index, region in enumerate(parts.regions)
        if float(motion[index == parts.region_of_part].max(initial=0)) >= _NEEDED_MOTION_SHARE * largest
    )
