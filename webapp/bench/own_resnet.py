"""python -m webapp.bench.own_resnet FOLDER: a ResNet50 that regresses 6 keypoints from 128x128 grey, in every form.

Its weights are random, but its normalisation has seen pictures, so that its answers differ from picture to picture,
and its residuals are small beside what they are added to, as in a trained network: else a rounding in the first layer
grows through all fifty.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from webapp.training.export import export_model
from webapp.vision.own_card import FORMS, PictureFormat
from webapp.vision.own_shapes import Hints
from webapp.vision.sample_pictures import random_pictures

PICTURE = PictureFormat(128, 128, 1)
MODEL = "resnet50.keras"
_STEPS, _BATCH = 10, 16
_RESIDUAL = 0.1


def main(folder: Path) -> None:
    """Write MODEL and FORM.tflite with their cards."""
    import tensorflow as tf

    tf.keras.utils.set_random_seed(1)
    body = tf.keras.applications.ResNet50(weights=None, include_top=False, input_shape=(128, 128, 1), pooling="avg")
    model = tf.keras.Sequential([body, tf.keras.layers.Dense(12, activation="sigmoid")])
    for layer in body.layers:
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            layer.momentum = 0.5
            if layer.name.endswith("_3_bn"):  # the last of a residual
                layer.gamma.assign(layer.gamma * _RESIDUAL)
    for step in range(_STEPS):
        model(np.asarray(random_pictures(PICTURE, _BATCH, seed=step)), training=True)
    model.save(folder / MODEL)
    for form in FORMS:
        export_model(folder / MODEL, folder / f"{form}.tflite", form, images=None, card=None, hints=Hints())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
