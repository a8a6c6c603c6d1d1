"""The two ports of the vision layer. Images are BGR uint8 (H, W, 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import Detection, Pose, Region
from webapp.core.skeleton import Skeleton

Image = NDArray[np.uint8]


class PersonDetector(Protocol):
    """Finds people in an image, best score first."""

    name: str

    def detect(self, image_bgr: Image) -> list[Detection]: ...


class PoseEstimator(Protocol):
    """Finds the keypoints of people whose regions are known; answers one pose per region, in order."""

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
