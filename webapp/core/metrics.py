"""How well found things agree with labelled ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import FloatArray
from webapp.core.skeleton import Skeleton

_RECALL_POINTS = np.linspace(0.0, 1.0, 101)
MIN_SIMILARITIES = np.linspace(0.5, 0.95, 10)
"""From which on COCO counts a pose as found; the AP of poses is the mean over these ten."""


def average_precision(scores: NDArray[np.floating], hits: NDArray[np.bool_], labelled: int) -> float:
    """Average precision as COCO defines it: precision, made falling, read at 101 recalls and averaged; 0..1.

    scores, hits: (N,) of everything found in all pictures, and whether it matched a label of its own. labelled: how
    many labels there are; NaN for none.
    """
    if scores.shape != hits.shape or scores.ndim != 1:
        raise ValueError(f"scores and hits must be (N,), got {scores.shape} and {hits.shape}")
    if labelled == 0:
        return float("nan")
    right = np.cumsum(hits[np.argsort(-scores, kind="stable")])
    recall = right / labelled
    precision = right / np.arange(1, len(right) + 1)
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, _RECALL_POINTS, side="left")
    return float(np.append(best_from_here, 0.0)[places].mean())


# how far people's labels of one and the same keypoint lie apart, shares of the body's size: as COCO measured it; the
# last two as CrowdPose (Li et al. 2019) has them
KEYPOINT_SPREADS = {
    "nose": 0.026,
    "eye": 0.025,
    "ear": 0.035,
    "shoulder": 0.079,
    "elbow": 0.072,
    "wrist": 0.062,
    "hip": 0.107,
    "knee": 0.087,
    "ankle": 0.089,
    "neck": 0.079,
    "head_top": 0.079,
}
OTHER_SPREAD = 0.067
"""Of a keypoint that nobody measured: the mean of COCO's 17. Similarities of such skeletons compare only among
themselves."""
TORSO = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")


def keypoint_spreads(names: Sequence[str]) -> FloatArray:
    """KEYPOINT_SPREADS of keypoints such as left_wrist, (K,)."""
    plain = (name.removeprefix("left_").removeprefix("right_") for name in names)
    return np.array([KEYPOINT_SPREADS.get(name, OTHER_SPREAD) for name in plain], np.float32)


def keypoint_similarities(
    distances: NDArray[np.floating], names: Sequence[str], area: NDArray[np.floating] | float
) -> NDArray[np.floating]:
    """COCO's similarity of each keypoint, 0..1, from distances (..., K) and areas (..., 1) in squares of their unit.

    0 at an infinite distance; NaN where there is none.
    """
    return np.asarray(np.exp(-(distances**2) / (2 * area * (2 * keypoint_spreads(names)) ** 2)))


def keypoint_similarity(distances_px: NDArray[np.floating], names: Sequence[str], area_px: float) -> float:
    """COCO's object keypoint similarity of one person, 0..1, from the distances (K,) at the labelled keypoints alone.

    names: the keypoint of each distance, such as left_wrist. area_px: of the person's outline.
    """
    return float(keypoint_similarities(distances_px, names, area_px).mean())


def pck_sizes(
    keypoints: FloatArray, visibility: NDArray[np.uint8], skeleton: Skeleton, *, by_torso: bool = True
) -> FloatArray:
    """By which keypoint errors are judged, (N,), in the unit of the keypoints (N, K, 2); 0: this one does not count.

    The torso, from the middle of the shoulders to that of the hips, where the skeleton has these four and by_torso is
    asked for; 0 where one is not labelled. Else the longer side of the box around the labelled keypoints. visibility:
    (N, K), 0 where absent.
    """
    labelled = visibility > 0
    if by_torso and skeleton.index.keys() >= set(TORSO):
        places = [skeleton.index[name] for name in TORSO]
        corners = keypoints[:, places]
        torso = (corners[:, 0] + corners[:, 1] - corners[:, 2] - corners[:, 3]) / 2
        return np.where(labelled[:, places].all(axis=1), np.linalg.norm(torso, axis=1), 0).astype(np.float32)
    there = labelled[..., None]
    lowest = np.where(there, keypoints, np.inf).min(axis=1, initial=np.inf)
    highest = np.where(there, keypoints, -np.inf).max(axis=1, initial=-np.inf)
    return np.asarray(np.maximum(highest - lowest, 0).max(axis=1), np.float32)


def keypoint_errors(
    found: FloatArray, labelled: FloatArray, visibility: NDArray[np.uint8], sizes: FloatArray
) -> FloatArray:
    """How far found keypoints (N, K, 2) lie from labelled ones, in sizes (N,) as of pck_sizes, (N, K).

    inf where nothing (NaN) was found; NaN where it does not count: no label, or no size.
    """
    counts = (visibility > 0) & (sizes > 0)[:, None]
    distances = np.linalg.norm(found - np.where(counts[..., None], labelled, 0), axis=-1)
    errors = np.where(np.isfinite(distances), distances, np.inf) / np.where(sizes > 0, sizes, 1)[:, None]
    return np.where(counts, errors, np.nan).astype(np.float32)


def pck(errors: NDArray[np.floating], share: float) -> float:
    """Of the errors that count, in sizes as of keypoint_errors, the share that are at most so large; NaN for none."""
    counting = errors[~np.isnan(errors)]
    return float((counting <= share).mean()) if len(counting) else float("nan")


def auroc(known_scores: NDArray[np.floating], unknown_scores: NDArray[np.floating]) -> float:
    """The chance that a known one scores below an unknown one, ties counting half; 0..1, NaN where either is empty.

    Both (N,); a score is lower the surer it is known, inf is allowed and NaN refused with ValueError.
    """
    _require_scores(known_scores, unknown_scores)
    if not len(known_scores) or not len(unknown_scores):
        return float("nan")
    ordered = np.sort(unknown_scores)
    above = len(ordered) - np.searchsorted(ordered, known_scores, side="right")
    ties = len(ordered) - above - np.searchsorted(ordered, known_scores, side="left")
    return float((above + ties / 2).mean() / len(ordered))


def threshold_at_rate(scores: NDArray[np.floating], rate: float) -> float:
    """The largest threshold below which lies no more than this share of the scores (N,); inf where there are none."""
    _require_scores(scores)
    below = int(rate * len(scores) + 1e-9)
    return float(np.sort(scores)[below]) if below < len(scores) else float("inf")


def _require_scores(*several: NDArray[np.floating]) -> None:
    for scores in several:
        if scores.ndim != 1 or np.isnan(scores).any():
            raise ValueError(f"scores must be (N,) without NaN, got {scores.shape}")


def temporal_iou(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Shared time of two intervals (start, end) by the time either covers, 0..1; 0 for two that last no time."""
    shared = max(0.0, min(first[1], second[1]) - max(first[0], second[0]))
    covered = (first[1] - first[0]) + (second[1] - second[0]) - shared
    return shared / covered if covered > 0 else 0.0


def precision_recall_f1(right: int, found: int, labelled: int) -> tuple[float, float, float]:
    """Of what was found and of what is labelled the share that is right, and twice right by both; 0 for 0 / 0."""
    return (
        right / found if found else 0.0,
        right / labelled if labelled else 0.0,
        2 * right / (found + labelled) if found + labelled else 0.0,
    )
