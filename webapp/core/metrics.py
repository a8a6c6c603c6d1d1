"""How well found things agree with labelled ones."""

from __future__ import annotations

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
