"""How well found things agree with labelled ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_RECALL_POINTS = np.linspace(0.0, 1.0, 101)


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


# how far people's labels of one and the same keypoint lie apart, as COCO measured it, shares of the body's size
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
}


def keypoint_similarity(distances_px: NDArray[np.floating], names: Sequence[str], area_px: float) -> float:
    """COCO's object keypoint similarity of one person, 0..1, from the distances (K,) at the labelled keypoints alone.

    names: the keypoint of each distance, such as left_wrist. area_px: of the person's outline.
    """
    spreads = np.array([KEYPOINT_SPREADS[name.removeprefix("left_").removeprefix("right_")] for name in names])
    return float(np.exp(-(distances_px**2) / (2 * area_px * (2 * spreads) ** 2)).mean())


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
