"""What somebody wears: the colours of the torso, to tell people apart who meet or come back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import FloatArray, Pose
from webapp.vision.figures import TORSO, seen
from webapp.vision.ports import Image

_BINS = 8
_SIDE = 12
_MIN_SHARE = 0.3  # of the torso in view
# weights of (shoulder, shoulder, hip, hip) for a grid of points a little inside the torso, (SIDE * SIDE, 4)
_DOWN, _ACROSS = (grid.ravel() for grid in np.meshgrid(*[np.linspace(0.15, 0.85, _SIDE)] * 2, indexing="ij"))
_GRID = np.stack([(1 - _DOWN) * (1 - _ACROSS), (1 - _DOWN) * _ACROSS, _DOWN * _ACROSS, _DOWN * (1 - _ACROSS)], axis=1)
# brightness, red against green, blue against both: from BGR 0..255 to 0..1
_OPPONENT = np.array([[1 / 3, 1 / 3, 1 / 3], [0, -1, 1], [1, -0.5, -0.5]]).T / 255
_OFFSET, _STRETCH = np.array([0, 0.5, 0.5]), np.array([1, 2.0, 2.0])  # colours of clothes are seldom pure


def torso_colours(image_bgr: Image, pose: Pose, covered: NDArray[np.bool_] | None = None) -> FloatArray | None:
    """Three histograms (3, BINS), each of sum 1; None where the torso is not in view or the skeleton has none.

    covered: (H, W), pixels that show somebody else.
    """
    joints = [pose.skeleton.index.get(name, -1) for name in TORSO]
    if min(joints) < 0 or not seen(pose)[joints].all():
        return None
    columns, rows = (_GRID @ pose.keypoints_px[joints]).astype(np.int64).T
    height_px, width_px = image_bgr.shape[:2]
    inside = (columns >= 0) & (columns < width_px) & (rows >= 0) & (rows < height_px)
    rows, columns = rows[inside], columns[inside]
    if covered is not None:
        free = ~covered[rows, columns]
        rows, columns = rows[free], columns[free]
    if len(rows) < _MIN_SHARE * len(_GRID):
        return None
    return _histograms(image_bgr[rows, columns])


def _histograms(pixels_bgr: NDArray[np.uint8]) -> FloatArray:
    """Each pixel is shared by the two nearest bins, so that a little more light changes little."""
    values = np.clip((pixels_bgr @ _OPPONENT) * _STRETCH + _OFFSET, 0, 1) * (_BINS - 1)
    lower = np.minimum(values.astype(np.int64), _BINS - 2)
    share = values - lower
    places = lower + np.arange(3) * _BINS
    counts = np.bincount(places.ravel(), (1 - share).ravel(), 3 * _BINS)
    counts += np.bincount(places.ravel() + 1, share.ravel(), 3 * _BINS)
    return np.asarray(counts.reshape(3, _BINS) / len(pixels_bgr), np.float32)


def colour_distance(one: FloatArray, other: FloatArray) -> float:
    """0 for the same colours, 1 for none in common (Hellinger)."""
    return float(np.sqrt(np.clip(1 - np.sqrt(one * other).sum(axis=1).mean(), 0, 1)))
