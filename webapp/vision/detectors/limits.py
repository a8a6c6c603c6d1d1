"""Which boxes of a detector count as a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from webapp.core.records import Detection
from webapp.vision.ports import Image


@dataclass(frozen=True)
class Limits:
    """min_score and max_people say which boxes count; min_height is a share of the picture's height.

    max_iou: of two boxes that overlap by more the weaker goes, where the network leaves that to us.
    """

    min_score: float = 0.35
    max_iou: float = 0.5
    max_people: int = 20
    min_height: float = 0.1

    def tall_enough(self, people: Iterable[Detection], image_bgr: Image) -> list[Detection]:
        """Those who are neither empty nor too far off, in the order given."""
        min_height_px = self.min_height * image_bgr.shape[0]
        return [person for person in people if person.box.width_px > 0 and person.box.height_px > min_height_px]


LIVE_LIMITS = Limits()
MEASURING_LIMITS = Limits(min_score=0.001, max_iou=0.6, max_people=300, min_height=0.0)
"""As average precision is defined: nearly every box, so that its whole curve is seen."""
