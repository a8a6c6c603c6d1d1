"""What a network answers: coordinates, a map of heat for each keypoint, or such maps with offsets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from webapp.core.skeleton import Skeleton
from webapp.training.config import RunSettings
from webapp.training.networks import MOMENTUM, build_backbone, conv_bn_relu

STRIDE = 4
"""Pixels of the input from one cell of a map to the next."""
KEYPOINTS, HEAT, OFFSETS = "keypoints", "heat", "offsets"
"""The names of the output layers."""
_DECONVOLUTION_CHANNELS = 256
_LATERAL_CHANNELS = 48
_PLACED_CHANNELS = 64
_COLD = -3.0
"""Where the heat begins: a sigmoid of 0.05 everywhere, which is nearly what most cells are to say."""

layers = tf.keras.layers


def build_model(settings: RunSettings, skeleton: Skeleton, weights: Path | None) -> Any:
    """The Keras model of a run, from pictures (N, S, S, 1) of 0..1, uncompiled.

    It answers, of K keypoints: regression (N, 2K), x and y of each in 0..1; heatmap (N, S/4, S/4, K), 0..1;
    heatmap_offset that and (N, S/4, S/4, 2K), the way from a cell's centre to the keypoint in pixels of the input, all
    y then all x. weights: Keras's own file for the network, None for random ones. It is made of Keras's own layers, so
    that anybody's Keras loads it without running code from the file.
    """
    backbone = build_backbone(settings.network, settings.side_px, weights)
    count = len(skeleton.keypoints)
    if settings.family == "regression":
        outputs = [_regression(backbone.outputs[-1], count)]
    else:
        features = _quarter_size(backbone.outputs)
        outputs = [_heat(features, count)]
        if settings.family == "heatmap_offset":
            outputs.append(_offsets(features, count))
    return tf.keras.Model(backbone.input, outputs, name=f"{settings.network}_{settings.family}")


def joined(model: Any) -> Any:
    """The model with one output, for fitting: heat and offsets one behind the other, (N, h, w, 3K).

    Losses and metric take this. It is made of the model's own layers: what it learns the model has learnt, and it is
    the model itself where that has one output.
    """
    if len(model.outputs) == 1:
        return model
    together = layers.Concatenate(name="heat_and_offsets", dtype="float32")(model.outputs)
    return tf.keras.Model(model.input, together, name=model.name)


def apart(model: Any) -> Any:
    """The way back of joined, for a model that was saved as such: its outputs as they are used."""
    names = [name for name in (KEYPOINTS, HEAT, OFFSETS) if any(layer.name == name for layer in model.layers)]
    return tf.keras.Model(model.input, [model.get_layer(name).output for name in names], name=model.name)


def _regression(features: Any, count: int) -> Any:
    """From few channels at each place: their mean over the picture, as for naming it, forgets where things are."""
    placed = layers.Flatten(name="places")(conv_bn_relu(features, _PLACED_CHANNELS, 1, "placed"))
    return layers.Dense(2 * count, activation="sigmoid", dtype="float32", name=KEYPOINTS)(placed)


def _quarter_size(maps: list[Any]) -> Any:
    """Features at a quarter of the side, out of those at stride 32, with those in between where the network has them.

    Without: three deconvolutions (Xiao et al. 2018, arXiv 1804.06208). With: each is doubled in size and added to the
    next larger (Lin et al. 2017, arXiv 1612.03144), which is several times as quick and keeps what the large ones saw.
    """
    if len(maps) == 1:
        tensor = maps[0]
        for number in (1, 2, 3):
            tensor = _deconvolution(tensor, f"up{number}")
        return tensor
    tensor = conv_bn_relu(maps[-1], _LATERAL_CHANNELS, 1, "top")
    for number, beside in enumerate(reversed(maps[:-1]), start=1):
        larger = layers.UpSampling2D(2, name=f"up{number}_size")(tensor)
        lateral = conv_bn_relu(beside, _LATERAL_CHANNELS, 1, f"up{number}_lateral")
        added = layers.Add(name=f"up{number}_add")([larger, lateral])
        tensor = conv_bn_relu(added, _LATERAL_CHANNELS, 3, f"up{number}")
    return tensor


def _deconvolution(tensor: Any, name: str) -> Any:
    grown = layers.Conv2DTranspose(
        _DECONVOLUTION_CHANNELS,
        4,
        strides=2,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_deconv",
    )(tensor)
    return layers.ReLU(6.0, name=f"{name}_relu")(layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_bn")(grown))


def _heat(features: Any, count: int) -> Any:
    cold = tf.keras.initializers.Constant(_COLD)
    tensor = layers.Conv2D(count, 1, bias_initializer=cold, dtype="float32", name="heat_logits")(features)
    return layers.Activation("sigmoid", dtype="float32", name=HEAT)(tensor)


def _offsets(features: Any, count: int) -> Any:
    cells = layers.Conv2D(2 * count, 1, dtype="float32", name="offset_cells")(features)
    return layers.Rescaling(float(STRIDE), dtype="float32", name=OFFSETS)(cells)
