"""The typical poses of a dataset: labels in a few groups, each of which looks alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

from webapp.core.records import FloatArray

MAX_GROUPS = 12
MIN_LABELS = 16
"""Of fewer there is one group."""
_MIN_KNOWN = 0.5
_FITTED = 2000  # labels that the groups are found by; the others join the nearest
_SEED = 5

Floats = NDArray[np.float64]


def pose_groups(keypoints: FloatArray) -> NDArray[np.int64]:
    """Which group each label is of, (N,), 0 for the largest group; -1 where too little is labelled.

    keypoints: (N, K, 2) in pixels, NaN where absent. Where a person stands in the picture and how large does not
    count. Looked at are the keypoints that at least half of the labels have; a label is in a group when it has half of
    those. The number of groups, up to MAX_GROUPS, is the one with which labels are nearest to their own group
    compared with the next one (the mean silhouette of P. Rousseeuw, 1987, to the groups' means).
    """
    groups = np.full(len(keypoints), -1, np.int64)
    there = ~np.isnan(keypoints[..., 0])
    some = there.any(axis=1)
    if not some.any():
        return groups
    usual = there[some].mean(axis=0) >= _MIN_KNOWN
    rows = np.flatnonzero(there[:, usual].mean(axis=1) >= _MIN_KNOWN) if usual.any() else np.empty(0, np.int64)
    if not len(rows):
        return groups
    points = np.asarray(keypoints[rows][:, usual], np.float64)
    means = _chosen_means(_to_fit(points))
    nearest = np.stack([_distances_to(mean, points) for mean in means]).argmin(axis=0)
    _, found = np.unique(nearest, return_inverse=True)  # a group that nobody is nearest to is none
    largest_first = np.argsort(-np.bincount(found), kind="stable")
    groups[rows] = np.argsort(largest_first)[found]
    return groups


def _to_fit(points: Floats) -> Floats:
    """(M, K, 2) that groups are found by: whole labels, or where they are too few, with what is usual filled in."""
    there = ~np.isnan(points[..., 0])
    whole = points[there.all(axis=1)]
    fitted = _normalised(whole if len(whole) >= MIN_LABELS else points)
    if len(fitted) > _FITTED:
        fitted = fitted[np.sort(np.random.default_rng(_SEED).choice(len(fitted), _FITTED, replace=False))]
    known = np.isfinite(fitted)
    usual = np.where(known, fitted, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.asarray(np.where(known, fitted, usual), np.float64)


def _normalised(points: Floats) -> Floats:
    """Around the middle of what is there, in its mean distance from the middle."""
    around = points - np.nanmean(points, axis=1, keepdims=True)
    spread = np.nanmean(np.linalg.norm(around, axis=2), axis=1)
    return np.asarray(around / np.maximum(spread, 1e-9)[:, None, None], np.float64)


def _distances_to(mean: Floats, points: Floats) -> Floats:
    """Of each label from a group's mean (K, 2), over the keypoints that the label has (N,)."""
    same = np.where(np.isfinite(points), mean, np.nan)
    apart = np.linalg.norm(_normalised(points) - _normalised(same), axis=2)
    return np.asarray(np.nanmean(apart, axis=1), np.float64)


def _chosen_means(poses: Floats) -> Floats:
    """(G, K, 2) of the best number of groups."""
    flat = poses.reshape(len(poses), -1)
    best, best_score = np.asarray(poses.mean(axis=0, keepdims=True), np.float64), 0.0
    different = len(np.unique(flat, axis=0)) if len(poses) >= MIN_LABELS else 1
    for count in range(2, min(MAX_GROUPS, different) + 1):
        means, found = kmeans2(flat, count, minit="++", rng=np.random.default_rng(_SEED))
        means = means[np.unique(found)]  # one that lost all its labels is none
        score = _silhouette(flat, means)
        if score > best_score:
            best, best_score = np.asarray(means.reshape(len(means), *poses.shape[1:]), np.float64), score
    return best


def _silhouette(flat: Floats, means: Floats) -> float:
    distances = np.sort(np.linalg.norm(flat[:, None] - means[None], axis=2), axis=1)
    if distances.shape[1] < 2:
        return 0.0
    return float(np.mean((distances[:, 1] - distances[:, 0]) / np.maximum(distances[:, 1], 1e-9)))
