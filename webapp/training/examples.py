"""A few validation pictures that the network is asked about while it learns, always the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from webapp.training.archive import TrainingData
from webapp.training.card import card_of_model
from webapp.training.config import RunSettings
from webapp.training.records import Prediction
from webapp.vision.keras_network import model_function
from webapp.vision.poses.own import decoder

MOST = 12


class Examples:
    """Spread evenly over the validation split; decoded as the live path decodes."""

    def __init__(self, model: Any, data: TrainingData, settings: RunSettings) -> None:
        rows = data.rows("validation")
        self._rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST)).astype(int))]
        self._data, self._side_px = data, settings.side_px
        self._ask = model_function(model, (None, settings.side_px, settings.side_px, 1))
        shapes = [(1, *output.shape[1:]) for output in model.outputs]
        self._decode = decoder(shapes, card_of_model("", settings, data.skeleton))

    def predictions(self) -> list[Prediction]:
        """What the network says by now."""
        images = np.asarray(self._data.images[self._rows], np.float32)
        keypoints_px, scores = self._decode([np.asarray(output, np.float32) for output in self._ask(images)])
        return [
            Prediction(self._data.sample_ids[row], points_px / np.float32(self._side_px), of_points)
            for row, points_px, of_points in zip(self._rows, keypoints_px, scores, strict=True)
        ]
