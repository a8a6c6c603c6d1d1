"""How well a network places the keypoints of samples that it was not trained on: numpy alone, for any source of them.

Errors count in sizes, as core.metrics.pck_sizes has them: torsos, or the sides of the labelled keypoints' boxes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.core.metrics import MIN_SIMILARITIES, average_precision, keypoint_errors, keypoint_similarities, pck
from webapp.core.records import FloatArray
from webapp.datasets.crops import MARGIN
from webapp.datasets.records import HIDDEN, VISIBLE
from webapp.training.archive import TrainingData

NEAR, NEARER = 0.2, 0.1
"""Shares of a size within which a keypoint is right."""
WORST = 24
FARTHEST = 1.0
"""An error counts as no more in means, in sizes: what is farther off, or was not found at all, is simply wrong."""
OUTLINE_SHARE = 0.53
"""Of a body's box that its outline fills, by which xtcocotools judges labels without outlines, as ours are
(github.com/jin-s13/xtcocoapi, cocoeval.py). COCO's similarity is made for the area of an outline."""
NARROWEST = 0.25
"""Of its longer side a person's box is taken to be at least so wide."""
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Found:
    """Keypoints of N samples, (N, K, 2) in 0..1 of the crop, NaN where nothing was found; scores (N,), 0..1."""

    keypoints: FloatArray
    scores: FloatArray


@dataclass(frozen=True)
class KeypointAccuracy:
    """Of one keypoint; labelled: how many count. NaN where none does."""

    name: str
    labelled: int
    pck01: float
    pck02: float
    oks: float
    error: float


@dataclass(frozen=True)
class PartAccuracy:
    """Of keypoints labelled as visible, or as hidden; labelled: how many count. NaN where none does."""

    labelled: int
    pck02: float
    error: float


@dataclass(frozen=True)
class Accuracy:
    """PCK and AP in 0..1, error the mean in sizes, each at most FARTHEST; NaN where nothing is labelled."""

    pck01: float
    pck02: float
    oks_ap: float
    error: float
    keypoints: tuple[KeypointAccuracy, ...]
    visible: PartAccuracy
    hidden: PartAccuracy

    def as_json(self) -> dict[str, object]:
        """As evaluation.json has it: null for NaN."""
        return {key: _plain(value) for key, value in asdict(self).items()}


def evaluate(found: Found, data: TrainingData, rows: Rows, judged: NDArray[np.bool_] | None = None) -> Accuracy:
    """What was found in these samples, one after the other, against their labels.

    judged: (K,), the keypoints that count; None: all. A pose is one of one person: it is never matched to others.
    """
    visibility = data.visibility[rows]
    if judged is not None:
        visibility = np.where(judged, visibility, np.uint8(0))
    errors = keypoint_errors(found.keypoints, data.keypoints[rows], visibility, data.sizes[rows])
    alike = similarities(found, data, rows, visibility)
    names = data.skeleton.keypoints
    return Accuracy(
        pck01=pck(errors, NEARER),
        pck02=pck(errors, NEAR),
        oks_ap=_ap(alike, found),
        error=_mean_error(errors),
        keypoints=tuple(_of_keypoint(name, errors[:, k], alike[:, k]) for k, name in enumerate(names)),
        visible=_part(errors[visibility == VISIBLE]),
        hidden=_part(errors[visibility == HIDDEN]),
    )


def similarities(found: Found, data: TrainingData, rows: Rows, visibility: NDArray[np.uint8]) -> FloatArray:
    """COCO's similarity of each keypoint (N, K), 0..1; 0 where it was not found, NaN where visibility says absent."""
    labelled = data.keypoints[rows]
    unit = np.ones(len(rows), np.float32)
    distances = keypoint_errors(found.keypoints, labelled, visibility, unit)
    areas = OUTLINE_SHARE * box_areas(labelled, data.visibility[rows])
    return np.asarray(keypoint_similarities(distances, data.skeleton.keypoints, areas[:, None]), np.float32)


def box_areas(keypoints: FloatArray, visibility: NDArray[np.uint8]) -> FloatArray:
    """Of the person's box in each crop, (N,), as a share of the crop.

    The crop is MARGIN times its longer side and around its middle, so that this side is known. The other reaches at
    least as far from the middle as the labelled keypoints (N, K, 2) do.
    """
    longer = 1 / MARGIN
    reach = 2 * np.abs(np.where((visibility > 0)[..., None], keypoints, 0.5) - 0.5).max(axis=1, initial=0)
    shorter = reach.min(axis=1).clip(NARROWEST * longer, longer)
    return np.asarray(longer * shorter, np.float32)


def mean_pose(data: TrainingData, rows: Rows) -> FloatArray:
    """Where each keypoint lies on the whole in these samples, (K, 2); NaN where it is never labelled."""
    there = (data.visibility[rows] > 0)[..., None]
    count = there.sum(axis=0)
    total = np.where(there, data.keypoints[rows], 0).sum(axis=0, dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def always(pose: FloatArray, samples: int) -> Found:
    """The same pose (K, 2) for every sample, all equally sure."""
    return Found(np.repeat(pose[None], samples, axis=0), np.ones(samples, np.float32))


def worst(found: Found, data: TrainingData, rows: Rows, most: int = WORST) -> list[dict[str, object]]:
    """The samples with the largest mean errors, that first: with what was found, and what is labelled."""
    labelled, visibility = data.keypoints[rows], data.visibility[rows]
    errors = keypoint_errors(found.keypoints, labelled, visibility, data.sizes[rows])
    each = np.array([_mean_error(row) for row in errors])
    order = [int(at) for at in np.argsort(-np.nan_to_num(each, nan=-1), kind="stable") if not math.isnan(each[at])]
    return [
        {
            "sample_id": data.sample_ids[rows[at]],
            "error": _plain(each[at]),
            "keypoints": points_json(found.keypoints[at]),
            "labelled": points_json(np.where((visibility[at] > 0)[:, None], labelled[at], np.float32(np.nan))),
        }
        for at in order[:most]
    ]


def points_json(points: FloatArray) -> list[list[float] | None]:
    """Keypoints (K, 2) as [x, y] with four places; null where one is NaN."""
    return [[round(float(x), 4), round(float(y), 4)] if np.isfinite((x, y)).all() else None for x, y in points]


def _ap(alike: FloatArray, found: Found) -> float:
    """COCO's AP over MIN_SIMILARITIES, of samples with a label; what nothing was found in is never given."""
    labelled = ~np.isnan(alike).all(axis=1)
    given = labelled & np.any(np.isfinite(found.keypoints[..., 0]), axis=1)
    if not np.any(labelled):
        return float("nan")
    similarity = np.nanmean(alike[given], axis=1)
    hits = similarity[None] >= MIN_SIMILARITIES[:, None]
    return float(np.mean([average_precision(found.scores[given], row, int(labelled.sum())) for row in hits]))


def _of_keypoint(name: str, errors: FloatArray, alike: FloatArray) -> KeypointAccuracy:
    known = alike[~np.isnan(alike)]
    part = _part(errors)
    oks = float(known.mean()) if len(known) else float("nan")
    return KeypointAccuracy(name, part.labelled, pck(errors, NEARER), part.pck02, oks, part.error)


def _part(errors: FloatArray) -> PartAccuracy:
    return PartAccuracy(int((~np.isnan(errors)).sum()), pck(errors, NEAR), _mean_error(errors))


def _mean_error(errors: FloatArray) -> float:
    counting = errors[~np.isnan(errors)]
    return float(np.minimum(counting, FARTHEST).mean()) if len(counting) else float("nan")


def _plain(value: object) -> object:
    """Without NaN, which JSON has not, and without places that say nothing."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(float(value), 6)
    return value
