"""Which keypoints a pose model and a dataset's skeleton have in common: a teacher proposes those, by their names."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import Skeleton

COMMON_NEEDED = 2
"""With fewer keypoints in common there is hardly anything to propose."""


def can_teach(teacher: Skeleton, skeleton: Skeleton) -> bool:
    """Whether a model with the one skeleton can propose labels for the other."""
    return len(teacher.index.keys() & skeleton.index.keys()) >= COMMON_NEEDED


def teachers_keypoints(model: str, teacher: Skeleton, skeleton: Skeleton) -> NDArray[np.int64]:
    """Where each of the skeleton's keypoints stands among the teacher's (K,); -1 for what the teacher does not know.

    InvalidInputError with both lists where they have fewer than COMMON_NEEDED in common.
    """
    if not can_teach(teacher, skeleton):
        raise InvalidInputError(
            f"{model} finds {', '.join(teacher.keypoints)}; this dataset has {', '.join(skeleton.keypoints)}: "
            f"fewer than {COMMON_NEEDED} names are the same; choose another model"
        )
    return np.array([teacher.index.get(name, -1) for name in skeleton.keypoints], np.int64)
