"""The ports of the vision layer. Images are BGR uint8 (H, W, 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import Detection, Pose, Region
from webapp.core.skeleton import Skeleton

if TYPE_CHECKING:
    from typing_extensions import TypeIs  # in typing from Python 3.13

Image = NDArray[np.uint8]


class PersonDetector(Protocol):
    """Finds people in an image, best score first. For pose models of hands it finds hands."""

    name: str
    runtime: str

    def detect(self, image_bgr: Image) -> list[Detection]: ...


class PoseEstimator(Protocol):
    """Top-down: finds the keypoints of people whose regions are known; answers one pose per region, in order."""

    name: str
    runtime: str
    skeleton: Skeleton

    def estimate(self, image_bgr: Image, regions: Sequence[Region]) -> list[Pose]: ...

    def region_of(self, pose: Pose) -> Region:
        """Where to look for the same person in the next frame."""
        ...

    def regions_around(self, detection: Detection) -> Sequence[Region]:
        """Where to look for a person just detected: the best guess first, others for when that shows nobody."""
        ...


class BottomUpPoseEstimator(Protocol):
    """Bottom-up: finds the keypoints of everybody in the picture at once, without a detector."""

    name: str
    runtime: str
    skeleton: Skeleton

    def find(self, image_bgr: Image) -> list[Pose]:
        """Everybody in the picture, best score first."""
        ...


PoseModel = PoseEstimator | BottomUpPoseEstimator


def is_bottom_up(model: PoseModel) -> TypeIs[BottomUpPoseEstimator]:
    """Whether the model finds people by itself."""
    return hasattr(model, "find")
