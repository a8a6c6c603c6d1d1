"""Pictures for the contract suite of pose models, each of somebody, or of a hand, whose place is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from tests.browser.clips import man_alone
from tests.vision.hands import walking_hand
from webapp.config import HAND_MODELS
from webapp.core.records import Pose, Region
from webapp.vision.ports import Image, PoseModel, is_bottom_up


@dataclass(frozen=True)
class Subject:
    """image_bgr shows it within region."""

    image_bgr: Image
    region: Region

    @property
    def mirrored(self) -> Subject:
        """The same picture mirrored."""
        region, width_px = self.region, self.image_bgr.shape[1]
        mirrored = Region(width_px - region.centre_x_px, region.centre_y_px, region.size_px, -region.rotation_rad)
        return Subject(np.ascontiguousarray(self.image_bgr[:, ::-1]), mirrored)


@cache
def subject_of(pose_model: str) -> Subject:
    """What this pose model is shown: a man who faces the camera, or a woman's hand, which hangs."""
    if pose_model in HAND_MODELS:
        return Subject(walking_hand()[0], Region(354, 321, 139, -2.64))
    return Subject(man_alone(range(1))[0], Region(325, 195, 380, 0.0))


def poses_in(model: PoseModel, subject: Subject) -> list[Pose]:
    """What the model sees: in the region alone, or in the whole picture where it finds people by itself."""
    if is_bottom_up(model):
        return model.find(subject.image_bgr)
    return model.estimate(subject.image_bgr, [subject.region])
