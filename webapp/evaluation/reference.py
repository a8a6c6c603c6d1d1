"""The recipe the product set out from, kept as the baseline: unsigned angles, fastdtw, a vote of the nearest four.

After Schneider et al. 2019 (arXiv 1906.12171). Frames are compared by Euclidean distance and a distance is divided by
the frames of both takes, as in the published recipe's figures; all else of fastdtw is left at its defaults.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np
from fastdtw import fastdtw
from numpy.typing import NDArray

from webapp.core.records import PoseSequence
from webapp.evaluation.datasets import Dataset
from webapp.evaluation.methods import Answer, Detection, Recording, Trial
from webapp.evaluation.workers import Workers

NEIGHBOURS = 4
LEAST_SHARE = 0.5
WINDOW_FRAMES = 40
WINDOW_STEP_S = 1.0
_VECTORS = (
    ("left_shoulder", "right_shoulder"),
    ("left_shoulder", "left_elbow"),
    ("right_shoulder", "right_elbow"),
    ("left_elbow", "left_wrist"),
    ("right_elbow", "right_wrist"),
)

Angles = NDArray[np.float64]
Comparison = tuple[Angles, tuple[int, ...]]


class ReferenceMethod:
    """The baseline recipe over a dataset; a distance between two takes is worked out once."""

    def __init__(self, dataset: Dataset, workers: Workers) -> None:
        self._dataset, self._workers = dataset, workers
        self._angles = tuple(arm_angles(take) for take in dataset.takes)
        self._distances = np.full((len(self._angles), len(self._angles)), np.nan)

    def answer(self, trials: Sequence[Trial]) -> list[list[Answer]]:
        self._work_out(trials)
        return [
            [self._vote(self._distances[query, list(trial.templates)], trial.templates) for query in trial.queries]
            for trial in trials
        ]

    def detect(self, recordings: Sequence[Recording]) -> list[list[Detection]]:
        angles = {recording.clip: arm_angles(self._dataset.clips[recording.clip]) for recording in recordings}
        windows = [
            (recording, start)
            for recording in recordings
            for start in window_starts(self._dataset.clips[recording.clip])
        ]
        asked = [
            (angles[recording.clip][start : start + WINDOW_FRAMES], recording.templates) for recording, start in windows
        ]
        labels: dict[str, list[tuple[int, str | None]]] = {recording.clip: [] for recording in recordings}
        for (recording, start), row in zip(windows, self._compare(asked), strict=True):
            labels[recording.clip].append((start, self._vote(row, recording.templates).accepted))
        return [
            events_of(labels[recording.clip], self._dataset.clips[recording.clip].times_s) for recording in recordings
        ]

    def _work_out(self, trials: Sequence[Trial]) -> None:
        """Fill the distances these trials need; that of a pair stands on both sides of the diagonal."""
        needed = np.zeros(self._distances.shape, bool)
        for trial in trials:
            needed[np.ix_(trial.queries, trial.templates)] = True
        missing = np.triu(needed | needed.T) & np.isnan(self._distances)
        rows = [int(row) for row in np.flatnonzero(missing.any(axis=1))]
        columns = [tuple(int(column) for column in np.flatnonzero(missing[row])) for row in rows]
        asked = [(self._angles[row], others) for row, others in zip(rows, columns, strict=True)]
        for row, others, distances in zip(rows, columns, self._compare(asked), strict=True):
            self._distances[row, list(others)] = self._distances[list(others), row] = distances

    def _compare(self, asked: Sequence[Comparison]) -> list[list[float]]:
        return self._workers.map(
            distances_to, self._angles, asked, label="Warping", unit="pair", size=lambda comparison: len(comparison[1])
        )

    def _vote(self, distances: Sequence[float] | NDArray[np.float64], templates: Sequence[int]) -> Answer:
        order = np.argsort(distances, kind="stable")[:NEIGHBOURS]
        if not len(order):
            return Answer(None, None, float("inf"))
        votes = Counter(self._dataset.segments[templates[place]].action for place in order)
        nearest = self._dataset.segments[templates[order[0]]].action
        accepted = nearest if votes[nearest] >= LEAST_SHARE * len(order) else None
        return Answer(nearest, accepted, float(distances[order[0]]))


def window_starts(clip: PoseSequence) -> Iterable[int]:
    """First frames of windows a second apart, as far as whole windows fit; 0 alone in a clip shorter than one."""
    step_frames = max(1, round(WINDOW_STEP_S / float(clip.times_s[1] - clip.times_s[0]))) if len(clip) > 1 else 1
    return range(0, max(1, len(clip) - WINDOW_FRAMES + 1), step_frames)


def events_of(labels: Sequence[tuple[int, str | None]], times_s: NDArray[np.float64]) -> list[Detection]:
    """Windows (first frame, label or None) that follow and agree make one event, announced when the last has passed."""
    events = []
    for action, run in groupby(labels, key=itemgetter(1)):
        if action is not None:
            starts = [start for start, _ in run]
            end_s = float(times_s[min(starts[-1] + WINDOW_FRAMES, len(times_s)) - 1])
            events.append(Detection(action, float(times_s[starts[0]]), end_s, end_s))
    return events


def distances_to(takes: Sequence[Angles], comparison: Comparison) -> list[float]:
    """The distance of one performance's angles from each of these takes'."""
    angles, others = comparison
    return [
        float(fastdtw(takes[other], angles, dist=_euclidean)[0]) / (len(takes[other]) + len(angles)) for other in others
    ]


def _euclidean(a: Angles, b: Angles) -> float:
    difference = a - b
    return float(np.sqrt(difference @ difference))


def arm_angles(sequence: PoseSequence) -> Angles:
    """Between every ordered pair of the five vectors of shoulders and arms, in the picture: radians 0..pi, (T, 25).

    An angle that is not seen stays as it was, before its first sight as it is then; 0 where it never is.
    """
    index = sequence.skeleton.index
    points = sequence.keypoints.astype(np.float64)
    vectors = np.stack([points[:, index[end]] - points[:, index[start]] for start, end in _VECTORS], axis=1)
    lengths = np.linalg.norm(vectors, axis=2, keepdims=True)
    directions = vectors / np.where(lengths > 0, lengths, 1.0)
    cosines = np.einsum("tid,tjd->tij", directions, directions)
    return _held(np.arccos(np.clip(cosines, -1.0, 1.0)).reshape(len(points), -1))


def _held(angles: Angles) -> Angles:
    frames = np.arange(len(angles))[:, None]
    seen = np.isfinite(angles)
    last_seen = np.maximum.accumulate(np.where(seen, frames, -1), axis=0)
    source = np.where(last_seen >= 0, last_seen, seen.argmax(axis=0))
    return np.nan_to_num(np.take_along_axis(angles, source, axis=0), nan=0.0)
