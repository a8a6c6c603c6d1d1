"""No detector at all: one person is taken to fill the picture. For fixed set-ups and small machines."""

from __future__ import annotations

from webapp.core.records import Box, Detection
from webapp.vision.ports import Image


class WholeFrameDetector:
    """Answers the whole picture, always."""

    name = "whole_frame"
    runtime = "none"

    def detect(self, image_bgr: Image) -> list[Detection]:
        """One box around everything."""
        height_px, width_px = image_bgr.shape[:2]
        return [Detection(Box(0.0, 0.0, float(width_px), float(height_px)), 1.0)]
