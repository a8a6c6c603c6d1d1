"""Pictures of nothing, for trying a model where no real ones are at hand."""

from __future__ import annotations

import numpy as np

from webapp.core.records import FloatArray
from webapp.vision.own_card import PictureFormat

_BLOBS = 6


def random_pictures(picture: PictureFormat, count: int, seed: int = 1) -> FloatArray:
    """Some soft bright and dark blobs on a grey ground with noise, (count, height, width, channels), low..high."""
    random = np.random.default_rng(seed)
    y = np.linspace(0, 1, picture.height_px, dtype=np.float32)[:, None, None]
    x = np.linspace(0, 1, picture.width_px, dtype=np.float32)[None, :, None]
    pictures = random.normal(0.45, 0.03, (count, picture.height_px, picture.width_px, picture.channels))
    for row in range(count):
        for _ in range(_BLOBS):
            at_x, at_y, radius = random.uniform(0, 1), random.uniform(0, 1), random.uniform(0.04, 0.3)
            colour = random.uniform(-0.6, 0.6, picture.channels)
            pictures[row] += colour * np.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / (2 * radius**2))
    return (np.clip(pictures, 0, 1) * (picture.high - picture.low) + picture.low).astype(np.float32)
