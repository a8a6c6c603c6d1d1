"""Pictures for the contract suites, each of somebody, or of a hand, whose place and pose are known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from tests.browser.clips import man_alone
from webapp.config import HAND_MODELS
from webapp.core.records import Pose, Region
from webapp.vision.ports import Image, PoseModel, is_bottom_up


@dataclass(frozen=True)
class Subject:
    """image_bgr shows it within region; in the picture keypoint right_side is further to the right than left_side."""

    image_bgr: Image
    region: Region
    right_side: str
    left_side: str

    @property
    def mirrored(self) -> Subject:
        """The same picture mirrored, so that the two sides have changed places."""
        width_px = self.image_bgr.shape[1]
        return replace(
            self,
            image_bgr=np.ascontiguousarray(self.image_bgr[:, ::-1]),
            region=replace(self.region, centre_x_px=width_px - self.region.centre_x_px),
        )


def subject_of(pose_model: str) -> Subject | None:
    """What this pose model is shown; None where the project has no such picture."""
    return None if pose_model in HAND_MODELS else man()


@cache
def man() -> Subject:
    """A man who faces the camera, so his own left is on the right of the picture."""
    return Subject(man_alone(range(1))[0], Region(325, 195, 380, 0.0), "left_shoulder", "right_shoulder")


def poses_in(model: PoseModel, image_bgr: Image, region: Region) -> list[Pose]:
    """What the model sees: in the region alone, or in the whole picture where it finds people by itself."""
    return model.find(image_bgr) if is_bottom_up(model) else model.estimate(image_bgr, [region])
