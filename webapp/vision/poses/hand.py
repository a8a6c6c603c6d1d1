"""MediaPipe's hand model: 21 keypoints of one hand and their places in metres from a rotated crop around it.

A left hand is answered as a left hand and a right one as a right one: nothing is mirrored on the way, neither in the
picture nor in metres, so the model's guess at which of the two it sees is not read.
Source: the model card of MediaPipe Hands and its public graphs of hand landmarks and of the next frame's region.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from webapp.core.records import Detection, FloatArray, Pose, Region
from webapp.core.skeleton import HAND_21
from webapp.vision.detectors.palm import moved_square, upright_rad
from webapp.vision.images import apply_affine, crop_region, region_to_image, rgb_input, turned
from webapp.vision.mediapipe_network import load_mediapipe
from webapp.vision.ports import Image
from webapp.vision.runtimes import Network

SIDE_PX = 224
OUTPUTS = {"Identity": (1, 63), "Identity_1": (1, 1), "Identity_3": (1, 63)}
"""Keypoints, presence, keypoints in metres."""
REGION_SCALE = 2.0
_UPWARDS_SHARE = 0.1
_BOX_SCALE = 1.6
"""A square around a box of a hand, for detections without a region of their own."""
_KEYPOINTS = len(HAND_21.keypoints)
_WRIST = HAND_21.index["wrist"]
# the palm and the fingers' first joints: a finger that bends or stretches must not move or resize the region
_STEADY = [
    position
    for position, name in enumerate(HAND_21.keypoints)
    if name.endswith(("wrist", "_cmc", "_mcp", "_pip", "_ip"))
]


class HandEstimator:
    """Top-down estimation of hands, left and right alike; a score says that a hand is there, not which of the two."""

    skeleton = HAND_21

    def __init__(self, network: Network, name: str) -> None:
        self._network = network
        self.name = name
        self.runtime = network.runtime

    def estimate(self, image_bgr: Image, regions: Sequence[Region]) -> list[Pose]:
        """One pose per region, in order; all keypoints of a hand share its score."""
        if not regions:
            return []
        crops = [crop_region(image_bgr, region, SIDE_PX) for region in regions]
        outputs = self._network.run(rgb_input(crops, 0.0, 1.0))
        return [_pose(*each) for each in zip(*outputs, regions, strict=True)]

    def region_of(self, pose: Pose) -> Region:
        """A square around palm and first joints, turned as the palm is."""
        rotation_rad = upright_rad(pose.keypoints_px[_WRIST], _knuckles(pose.keypoints_px))
        steady = pose.keypoints_px[_STEADY]
        turn = region_to_image(Region(0.0, 0.0, 1.0, rotation_rad), 1)[:, :2]
        upright = steady @ turn
        low, high = upright.min(axis=0), upright.max(axis=0)
        width_px, height_px = (high - low).tolist()
        centre_px = turn @ ((low + high) / 2)
        return moved_square(centre_px, (width_px, height_px), rotation_rad, REGION_SCALE, _UPWARDS_SHARE)

    def regions_around(self, detection: Detection) -> Sequence[Region]:
        """The detector's own region where it has one, else an upright square around the box."""
        if detection.region is not None:
            return (detection.region,)
        box = detection.box
        middle_x_px, middle_y_px = (box.x1_px + box.x2_px) / 2, (box.y1_px + box.y2_px) / 2
        return (Region(middle_x_px, middle_y_px, max(box.width_px, box.height_px) * _BOX_SCALE, 0.0),)


def load_hand(name: str, path: Path, runtime: str, threads: int) -> HandEstimator:
    """The hand model of a whole .tflite file; name is one of the registry's."""
    return HandEstimator(load_mediapipe(path, SIDE_PX, OUTPUTS, threads, runtime), name)


def _knuckles(keypoints_px: FloatArray) -> FloatArray:
    """Where the fingers begin, the middle one counting as much as its two neighbours together."""
    index, middle, ring = (keypoints_px[HAND_21.index[f"{finger}_mcp"]] for finger in ("index", "middle", "ring"))
    return np.asarray((index + 2 * middle + ring) / 4, np.float32)


def _pose(points: FloatArray, presence: FloatArray, world_m: FloatArray, region: Region) -> Pose:
    crop_px = points.reshape(_KEYPOINTS, 3)[:, :2]  # the depth in pixels says less than the metres do
    score = float(presence[0])
    return Pose(
        skeleton=HAND_21,
        keypoints_px=apply_affine(region_to_image(region, SIDE_PX), crop_px),
        scores=np.full(_KEYPOINTS, score, np.float32),
        score=score,
        world_m=turned(world_m.reshape(_KEYPOINTS, 3), region.rotation_rad),
    )
