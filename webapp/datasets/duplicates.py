"""Samples that repeat an earlier one: pictures that look the same, with the same person in the same pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import FloatArray

MAX_BITS = 4
"""Of the 64 of a difference hash: pictures that differ in more do not look the same."""
MAX_SHIFT = 0.03
"""Of the box's longer side: so far apart may the boxes' edges, and on average the keypoints, be."""
_BLOCK = 256
_MANY = 20_000

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Looks:
    """What samples are compared by, in the order of their positions.

    dhashes: (N,) int64. boxes: (N, 4) x1, y1, x2, y2 as shares of the picture. keypoints: (N, K, 2) as shares of the
    picture, NaN where absent or not labelled.
    """

    dhashes: NDArray[np.int64]
    boxes: FloatArray
    keypoints: FloatArray

    def __len__(self) -> int:
        return len(self.dhashes)


def repeated(looks: Looks) -> NDArray[np.int64]:
    """For each sample the index of the earlier one that it repeats, (N,); -1 where it repeats none.

    The earlier one repeats none itself. Samples without keypoints in common are told by their boxes alone; two people
    in one picture are told apart by theirs.
    """
    first = np.full(len(looks), -1, np.int64)
    kept = np.empty(0, np.int64)
    for start in range(0, len(looks), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(looks)))
        at, of = _same(looks, block, kept)
        rows, earliest = np.unique(at, return_index=True)
        first[block[rows]] = kept[of[earliest]]
        block = block[first[block] < 0]
        for row, candidate in zip(*(block[side].tolist() for side in _same(looks, block, block)), strict=True):
            if candidate < row and first[row] < 0 and first[candidate] < 0:
                first[row] = candidate
        kept = np.concatenate([kept, block[first[block] < 0]])
    return first


def _same(looks: Looks, rows: NDArray[np.int64], candidates: NDArray[np.int64]) -> tuple[Indices, Indices]:
    """The pairs of a row and a candidate that look the same, as indices into both, row by row."""
    hashes = looks.dhashes.view(np.uint64)  # of a negative number numpy counts the bits of its positive one
    near = np.bitwise_count(hashes[rows, None] ^ hashes[None, candidates]) <= MAX_BITS
    boxes, others = looks.boxes[rows], looks.boxes[candidates]
    allowed = MAX_SHIFT * np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    for corner in range(4):
        if np.count_nonzero(near) > _MANY:  # else looking at each is quicker than looking at all
            near &= np.abs(boxes[:, None, corner] - others[None, :, corner]) <= allowed[:, None]
    at, of = np.nonzero(near)
    inside = (np.abs(boxes[at] - others[of]) <= allowed[at, None]).all(axis=1)
    at, of = at[inside], of[inside]
    posed = np.zeros(len(at), bool)
    for start in range(0, len(at), _MANY):
        piece = slice(start, start + _MANY)
        posed[piece] = _apart(looks, rows[at[piece]], candidates[of[piece]]) <= allowed[at[piece]]
    return at[posed], of[posed]


def _apart(looks: Looks, ones: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean distance of the keypoints that both have, per pair; 0 where they have none in common."""
    distances = np.linalg.norm(looks.keypoints[ones] - looks.keypoints[others], axis=2)
    common = np.isfinite(distances)
    return np.asarray(np.where(common, distances, 0).sum(axis=1) / np.maximum(common.sum(axis=1), 1), np.float64)
