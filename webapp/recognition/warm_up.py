"""Compiles every kernel once; numba keeps the machine code beside the sources, so that later starts only load it."""

from __future__ import annotations

import numpy as np

from webapp.core.dtw import (
    dtw_alignment_path,
    dtw_distance,
    dtw_subsequence_cost_matrix,
    dtw_subsequence_distance,
)
from webapp.core.packed_dtw import dtw_distances, pack_sequences
from webapp.core.part_dtw import part_alignment
from webapp.core.records import Pose, PoseSequence
from webapp.core.skeleton import BLAZEPOSE_33
from webapp.core.stream_dtw import pack_templates
from webapp.recognition.ports import Action, Take
from webapp.recognition.spotter import StreamRecogniser
from webapp.recognition.subsequence import SubsequenceMatcher
from webapp.recognition.template_bank import prepare_bank


def warm_up() -> None:
    """Learn a made-up movement and recognise it: seconds at set-up, a fraction of one at a worker's start."""
    _whole_sequences()
    _parts()
    _stream()
    sequence = _arm_raise()
    actions = [Action("warm-up", "warm-up", [Take("warm-up", sequence)])]
    recogniser = StreamRecogniser(prepare_bank(actions))
    for keypoints, scores, time_s in zip(sequence.keypoints, sequence.scores, sequence.times_s, strict=True):
        recogniser.update(Pose(BLAZEPOSE_33, keypoints, scores, 1.0), 1, float(time_s))
    recogniser.flush()


def _whole_sequences() -> None:
    line = np.zeros((2, 1), np.float32)
    dtw_distance(line, line)
    dtw_alignment_path(line, line)
    dtw_subsequence_distance(line, line)
    dtw_subsequence_cost_matrix(line, line)
    dtw_distances(line, pack_sequences([line]))


def _parts() -> None:
    frames, weights = np.zeros((2, 3, 1), np.float32), np.ones((2, 1), np.float32)
    part_alignment(frames, weights, frames, weights)


def _stream() -> None:
    number = np.ones(1, np.float32)
    matcher = SubsequenceMatcher(pack_templates([number[None]], number[None], np.ones(1, np.int32)))
    matcher.advance(0, number, number)
    matcher.likeliest(number)
    matcher.forget_before(0)


def _arm_raise() -> PoseSequence:
    frames, names = 40, BLAZEPOSE_33.keypoints
    rest = np.array([(0.1 * ("left" in name), 0.01 * i) for i, name in enumerate(names)], np.float32)
    keypoints = np.repeat(rest[None], frames, axis=0)
    lift = np.sin(np.linspace(0, np.pi, frames), dtype=np.float32)[:, None]
    keypoints[:, [BLAZEPOSE_33.index["left_elbow"], BLAZEPOSE_33.index["left_wrist"]], 1] -= lift
    return PoseSequence(BLAZEPOSE_33, np.arange(frames) / 20.0, keypoints, np.ones((frames, len(names)), np.float32))
