"""MoveNet MultiPose: 17 keypoints of up to six people at once, from the whole picture (bottom-up)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from webapp.core.errors import ModelUnavailableError
from webapp.core.records import FloatArray, Pose
from webapp.core.skeleton import COCO_17
from webapp.vision.images import Letterboxed, letterbox
from webapp.vision.ports import Image
from webapp.vision.runtimes import Network, load_network

EVEN_SCORE, EVEN_KEYPOINT_SCORE = 0.1, 0.3
"""The model's scores at which a person, or a keypoint, is as likely right as wrong (80 COCO pictures); ours is 0.5."""
_KEYPOINTS = len(COCO_17.keypoints)
_ROW = _KEYPOINTS * 3 + 5
"""Of one person: (y, x, score) of each keypoint, then the box (y1, x1, y2, x2) and its score; places in 0..1."""


class MoveNetMultiPose:
    """Bottom-up pose estimation with MoveNet MultiPose; of its six rows those scored below min_score are nobody."""

    skeleton = COCO_17

    def __init__(self, network: Network, name: str, min_score: float = 0.5) -> None:
        self._network = network
        self._min_score = min_score
        self.name = name
        self.runtime = network.runtime

    def find(self, image_bgr: Image) -> list[Pose]:
        """Everybody in the picture, best score first; empty for nobody."""
        height_px, width_px = self._network.input.shape[1:3]
        boxed = letterbox(image_bgr, width_px, height_px)
        picture_rgb = boxed.image_bgr[None, ..., ::-1].astype(self._network.input.dtype, order="C")
        (rows,) = self._network.run(picture_rgb)
        return _poses(rows[0], boxed, self._min_score)


def load_movenet_multipose(name: str, path: Path, runtime: str, threads: int) -> MoveNetMultiPose:
    """The pose model of a whole .tflite file; ModelUnavailableError where its shapes are another model's."""
    network = load_network(path, threads=threads, runtime=runtime)
    shape = network.input.shape
    if len(shape) != 4 or shape[3] != 3 or min(shape) < 1:
        raise ModelUnavailableError(f"{path.name} must take a picture (1, H, W, 3) of a fixed size, it takes {shape}")
    answers = network.run(np.zeros(shape, network.input.dtype))
    found = ", ".join(str(answer.shape) for answer in answers)
    if len(answers) != 1 or answers[0].ndim != 3 or answers[0].shape[2] != _ROW:
        raise ModelUnavailableError(f"{path.name} must answer (1, people, {_ROW}), it answers {found}")
    return MoveNetMultiPose(network, name)


def _poses(rows: FloatArray, boxed: Letterboxed, min_score: float) -> list[Pose]:
    """Those of the rows (people, 56) that are somebody, in pixels of the picture."""
    size_px = np.array(boxed.image_bgr.shape[1::-1], np.float32)
    scores = _evened(rows[:, -1], EVEN_SCORE)
    poses = []
    for row in np.argsort(-scores, kind="stable"):
        if scores[row] >= min_score:
            keypoints = rows[row, : _KEYPOINTS * 3].reshape(_KEYPOINTS, 3)
            keypoints_px = boxed.to_image_px(keypoints[:, 1::-1] * size_px)
            poses.append(Pose(COCO_17, keypoints_px, _evened(keypoints[:, 2], EVEN_KEYPOINT_SCORE), float(scores[row])))
    return poses


def _evened(scores: FloatArray, even_score: float) -> FloatArray:
    """Scores in 0..1, stretched so that even_score becomes 0.5, which means the same for every pose model."""
    return np.interp(scores, (0.0, even_score, 1.0), (0.0, 0.5, 1.0)).astype(np.float32)
