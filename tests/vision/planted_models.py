"""Tiny Keras pose models whose answer is known by construction: keypoint k lies where it is as bright as LEVELS[k].

Every family comes from the same map: for each keypoint, how near each pixel's brightness is to its level, smoothed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from webapp.core.records import FloatArray, Region
from webapp.core.skeleton import UPPER_BODY_6
from webapp.vision.ports import Image

LEVELS = np.array([0.30, 0.42, 0.54, 0.66, 0.78, 0.90], np.float32)
SIDE_PX = 32
PATCH_PX = 4
"""Side of the square that shows a keypoint, in pixels of the model's input."""
SCALE = 10
"""Pixels of the picture for one of the input, where REGION is cut out."""
REGION = Region(320, 180, SIDE_PX * SCALE, 0.0)
# as they stand in the region, in pixels of the input: somebody who faces the camera
PLACES_PX = np.array([[22, 8], [10, 8], [26, 16], [6, 16], [24, 25], [8, 25]], np.float32)
FAMILIES = ("regression", "heatmap", "heatmap_offset")
_GAIN = 10
_STRIDE = 4


def figure(places_px: FloatArray = PLACES_PX) -> Image:
    """A picture with a figure in REGION: a patch of its own brightness for each keypoint, else black."""
    grey = np.zeros((360, 640), np.uint8)
    corner_px = np.array([REGION.centre_x_px, REGION.centre_y_px]) - REGION.size_px / 2
    for (x, y), level in zip(corner_px + places_px * SCALE, LEVELS, strict=True):
        half = PATCH_PX * SCALE // 2
        grey[int(y) - half : int(y) + half, int(x) - half : int(x) + half] = round(float(level) * 255)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


def figure_px(places_px: FloatArray = PLACES_PX) -> FloatArray:
    """Where its keypoints are in the picture."""
    corner_px = np.array([REGION.centre_x_px, REGION.centre_y_px], np.float32) - REGION.size_px / 2
    return np.asarray(corner_px + places_px * SCALE, np.float32)


def archive(path: Path, pictures: int = 12) -> Path:
    """An .npz of such figures as the model sees them, each with its keypoints elsewhere."""
    random = np.random.default_rng(3)
    images = []
    for _ in range(pictures):
        places_px = (PLACES_PX + random.integers(-3, 4, PLACES_PX.shape)).clip(PATCH_PX, SIDE_PX - PATCH_PX)
        crop = cv2.resize(figure(places_px.astype(np.float32))[20:340, 160:480], (SIDE_PX, SIDE_PX))
        images.append(crop[..., :1])
    np.savez(path, images=np.stack(images).astype(np.float32) / 255)
    return path


def planted(family: str) -> Any:
    """The Keras model of a family."""
    from tensorflow.keras import Model, layers

    taken = layers.Input((SIDE_PX, SIDE_PX, 1))
    near = _nearness(layers, taken)
    if family == "heatmap":
        return Model(taken, _conv(layers, near, _kernel(_bell(13))))
    if family == "heatmap_offset":
        heat = _conv(layers, near, _kernel(_bell(12)), _STRIDE)
        return Model(taken, [heat, _conv(layers, near, _kernel(*_steps(12)[::-1]), _STRIDE)])
    heat = _conv(layers, near, _kernel(_bell(13)) * 100)
    cells = layers.Permute((2, 1))(layers.Reshape((SIDE_PX**2, len(LEVELS)))(heat))
    y, x = np.divmod(np.arange(SIDE_PX**2), SIDE_PX)
    mean = layers.Dense(2, use_bias=False)
    points = mean(layers.Softmax()(cells))
    mean.set_weights([(np.stack([x, y], axis=1) + 0.5) / SIDE_PX])
    return Model(taken, layers.Flatten()(points))


def _nearness(layers: Any, taken: Any) -> Any:
    """max(0, 1 - GAIN * |brightness - level|) for each pixel and keypoint."""
    count = len(LEVELS)
    apart = layers.Conv2D(2 * count, 1, activation="relu")
    near = layers.Conv2D(count, 1, activation="relu")
    answer = near(apart(taken))
    gains = np.repeat([[_GAIN, -_GAIN]], count, axis=0).T.reshape(1, 1, 1, -1)
    apart.set_weights([gains, np.concatenate([-_GAIN * LEVELS, _GAIN * LEVELS])])
    both = np.concatenate([-np.eye(count), -np.eye(count)])
    near.set_weights([both[None, None], np.ones(count)])
    return answer


def _conv(layers: Any, near: Any, kernel: FloatArray, stride: int = 1) -> Any:
    conv = layers.Conv2D(kernel.shape[-1], kernel.shape[0], strides=stride, padding="same", use_bias=False)
    answer = conv(near)
    conv.set_weights([kernel])
    return answer


def _bell(width: int) -> FloatArray:
    """A bump as wide as a patch; a patch in its middle answers about 1."""
    y, x = _from_middle(width)
    bell = np.exp(-(x**2 + y**2) / (2 * 2.0**2))
    return np.asarray(bell / np.sort(bell.ravel())[-(PATCH_PX**2) :].sum(), np.float32)


def _steps(width: int) -> tuple[FloatArray, FloatArray]:
    """Kernels that answer how far right and how far down the middle of a patch lies, in pixels."""
    y, x = _from_middle(width)
    return np.asarray(x / PATCH_PX**2, np.float32), np.asarray(y / PATCH_PX**2, np.float32)


def _from_middle(width: int) -> tuple[FloatArray, FloatArray]:
    at = np.arange(width, dtype=np.float32) - (width - 1) / 2
    return at[:, None] + 0 * at, at + 0 * at[:, None]


def _kernel(*planes: FloatArray) -> FloatArray:
    """Each keypoint's map through each plane, (h, w, K, K * planes)."""
    count = len(UPPER_BODY_6.keypoints)
    return np.concatenate([plane[..., None, None] * np.eye(count) for plane in planes], axis=-1).astype(np.float32)
