"""What a dataset is made of, as it travels between the store, the exchange formats and what works on labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.records import Box, FloatArray

ABSENT, HIDDEN, VISIBLE = 0, 1, 2
"""A keypoint's visibility, as COCO counts it: not in the picture or not labelled, covered by something, seen."""
SPLITS = ("train", "validation", "test")

Extra = Mapping[str, object]
"""What a format said and we have no field for: JSON values, given back when the same format is written."""


@dataclass(frozen=True)
class Label:
    """The keypoints of one person in one picture.

    keypoints_px: (K, 2) float32 in pixels of the picture, y down; NaN exactly where visibility is ABSENT.
    visibility: (K,) uint8, ABSENT, HIDDEN or VISIBLE.
    confidence: (K,) float32 in 0..1, how sure the teacher was; None for what a person or a file said.
    """

    keypoints_px: FloatArray
    visibility: NDArray[np.uint8]
    confidence: FloatArray | None = None

    def __post_init__(self) -> None:
        count = len(self.visibility)
        if self.keypoints_px.shape != (count, 2):
            raise InvalidInputError(f"keypoints must be ({count}, 2), got {self.keypoints_px.shape}")
        if count and int(self.visibility.max()) > VISIBLE:
            raise InvalidInputError(f"visibility must be 0, 1 or 2, got {int(self.visibility.max())}")
        if not np.array_equal(np.isnan(self.keypoints_px).any(axis=1), self.visibility == ABSENT):
            raise InvalidInputError("a keypoint has coordinates exactly where its visibility is 1 or 2")
        if self.confidence is not None and self.confidence.shape != (count,):
            raise InvalidInputError(f"confidence must be ({count},), got {self.confidence.shape}")


@dataclass(frozen=True)
class LabelledPerson:
    """One person in a picture. label: None where there is a box and no keypoints yet.

    state: one of db.datasets.SAMPLE_STATES. person: the name of who it is; None where nobody knows. teacher: the pose
    model that the label was proposed by, also where somebody has corrected it since.
    """

    box: Box
    label: Label | None
    state: str = "reviewed"
    person: str | None = None
    split: str | None = None
    extra: Extra = field(default_factory=dict)
    teacher: str | None = None


@dataclass(frozen=True)
class LabelledPicture:
    """One picture with everybody who is labelled in it.

    file_name: relative, with forward slashes, within the folder or archive. width_px, height_px: what the labels are
    in pixels of. pixels: (H, W, 3) or (H, W) uint8 BGR or grey where the format itself carries them (npz), else None:
    then the picture is the file of that name.
    """

    file_name: str
    width_px: int
    height_px: int
    people: tuple[LabelledPerson, ...]
    source: str | None = None
    session: str | None = None
    extra: Extra = field(default_factory=dict)
    pixels: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Finding:
    """What was refused, or taken in changed ("noted"), of what somebody handed in: the report's line."""

    file_name: str
    reason: str
    kind: str = "refused"
