"""How a performance compares with templates once warped onto them: poses, course, and how far it moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.core.features import BODY, PartSet
from webapp.core.part_dtw import COST, COURSE, POSES, correlations, match_parts, velocities
from webapp.core.records import FloatArray
from webapp.core.tracks import RATE_HZ
from webapp.recognition.templates import Template

# The whole movement must go at least this share of the template's way, and at most so many times as far.
MIN_GAIN, MAX_GAIN = 0.5, 2.0
# Arms and legs, where they take part, must go this share of their way: a jumping jack is not told by the arms alone; so
# must fingers. Head and torso tremble too much beside how far they go.
MIN_REGION_GAIN = 0.3
# A person who does something else, or nothing, in like poses changes them otherwise, and at other moments.
MIN_CORRELATION, MIN_COURSE = 0.66, 0.36
# How much poses that do not change as the template's do, and do not move as fast, add to the distance of the poses.
_POSES_WEIGHT, _COURSE_WEIGHT = 2.0, 1.0
# A region takes part if its parts deviate this far (root mean square, in feature units) from their mean; the depth of
# monocular poses trembles by less.
_TAKES_PART = 0.12
_MIN_FRAMES = 2


@dataclass(frozen=True)
class TemplateArrays:
    """Templates side by side for one compiled pass: template k at rows offsets[k] .. offsets[k + 1].

    frames, speeds: (S, 3, P); weights: (S, P); takes_part: (N, R) which regions of a template must move. parts: what P
    and R stand for, the same for all.
    """

    frames: FloatArray
    speeds: FloatArray
    weights: FloatArray
    offsets: NDArray[np.int64]
    takes_part: NDArray[np.bool_]
    parts: PartSet

    def __len__(self) -> int:
        return len(self.takes_part)


def template_arrays(templates: Sequence[Template]) -> TemplateArrays:
    """The templates laid side by side."""
    parts = templates[0].parts if templates else BODY
    count = len(parts.parts)
    empty, unweighted = np.zeros((0, 3, count), np.float32), np.zeros((0, count), np.float32)
    return TemplateArrays(
        frames=np.concatenate([empty, *(t.frames for t in templates)]),
        speeds=np.concatenate([empty, *(velocities(t.frames, RATE_HZ) for t in templates)]),
        weights=np.concatenate([unweighted, *(t.weights for t in templates)]),
        offsets=np.cumsum([0, *(len(t.frames) for t in templates)], dtype=np.int64),
        takes_part=np.array([_takes_part(t) for t in templates], bool).reshape(-1, len(parts.regions)),
        parts=parts,
    )


def _takes_part(template: Template) -> list[bool]:
    parts = template.parts
    return [
        region in parts.limbs
        and float(np.sqrt((template.motion[index == parts.region_of_part] ** 2).mean())) >= _TAKES_PART
        for index, region in enumerate(parts.regions)
    ]


@dataclass(frozen=True)
class Matches:
    """A performance against templates, (N,) each, in feature units (a torso's or a palm's length is about 1).

    pose_distances: the frames' mean distance along the warping path, where warping costs too. correlations, courses:
    -1..1, how alike the changes of the poses and their velocities are, whatever their size. gains: how far it moved
    relative to the template (1: as far); region_gains: (N, R), 1 where a region takes no part.
    """

    pose_distances: FloatArray
    correlations: FloatArray
    courses: FloatArray
    gains: FloatArray
    region_gains: FloatArray
    parts: PartSet

    @property
    def distances(self) -> FloatArray:
        """(N,) poses, changes and course together: what decides."""
        differs = _POSES_WEIGHT * (1 - self.correlations) + _COURSE_WEIGHT * (1 - self.courses)
        distances: FloatArray = (self.pose_distances * (1 + differs)).astype(np.float32)
        return distances

    def flaw(self, index: int) -> str | None:
        """Why the movement is not the template's, or None."""
        if self.gains[index] < MIN_GAIN:
            return "movement too small"
        if self.gains[index] > MAX_GAIN:
            return "movement too large"
        for region, gain in zip(self.parts.regions, self.region_gains[index], strict=True):
            if gain < MIN_REGION_GAIN:
                return f"{region} {self.parts.limbs[region]} too little"
        if self.correlations[index] < MIN_CORRELATION or self.courses[index] < MIN_COURSE:
            return "course differs"
        return None


def match_many(
    arrays: TemplateArrays, features: FloatArray, trust: FloatArray, which: NDArray[np.int64] | None = None
) -> Matches:
    """Compare a performance (M, 3, P) with trust (M, P) with these templates; frames that show nobody do not count."""
    chosen = np.arange(len(arrays)) if which is None else which
    seen = trust.max(axis=1, initial=0) > 0
    if seen.sum() < _MIN_FRAMES:
        return _nothing(len(chosen), arrays.parts)
    features, trust = np.ascontiguousarray(features[seen]), np.ascontiguousarray(trust[seen])
    sums = match_parts(
        arrays.frames,
        arrays.speeds,
        arrays.weights,
        arrays.offsets,
        chosen,
        features,
        velocities(features, RATE_HZ),
        trust,
        arrays.parts.region_of_part,
        len(arrays.parts.regions),
    )
    own, theirs = sums[:, POSES.start + 1], sums[:, POSES.start + 2]
    region_theirs, region_own = sums[:, COURSE.stop :: 2], sums[:, COURSE.stop + 1 :: 2]
    judged = arrays.takes_part[chosen] & (region_own > 0)
    return Matches(
        pose_distances=sums[:, COST],
        correlations=correlations(sums, POSES),
        courses=correlations(sums, COURSE),
        gains=_gains(theirs, own, own > 0, otherwise=0),
        region_gains=_gains(region_theirs, region_own, judged, otherwise=1),
        parts=arrays.parts,
    )


def _gains(theirs: FloatArray, own: FloatArray, judged: NDArray[np.bool_], otherwise: float) -> FloatArray:
    gains: FloatArray = np.where(judged, np.sqrt(theirs / np.where(judged, own, 1)), otherwise).astype(np.float32)
    return gains


def match_motion(template: Template, features: FloatArray, trust: FloatArray) -> Matches:
    """Compare a performance with one template: Matches of length 1."""
    return match_many(template_arrays([template]), features, trust)


def _nothing(count: int, parts: PartSet) -> Matches:
    far, none = np.full(count, np.inf, np.float32), np.zeros(count, np.float32)
    return Matches(far, none, none, none, np.ones((count, len(parts.regions)), np.float32), parts)
