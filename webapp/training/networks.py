"""The networks that look at the picture: a small residual one of our own, and three as published.

Each takes grey pictures (N, side, side, 1) of 0..1. The published ones were made for colours: the grey is repeated
inside, with the preprocessing that their ImageNet weights were trained with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from webapp.core.errors import InvalidInputError, ModelUnavailableError

STEM_CHANNELS = 16
STAGE_CHANNELS = (32, 64, 96, 128)
"""Of the small network, at a quarter, an eighth, a 16th and a 32nd of the side."""
MOMENTUM = 0.9
"""Of the moving averages of normalisation. Keras's 0.99 takes hundreds of batches, and a small dataset has ten."""
_MEAN_RGB, _SPREAD_RGB = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_MEAN_BGR_255 = (103.939, 116.779, 123.68)

layers = tf.keras.layers


def build_backbone(network: str, side_px: int, weights: Path | None) -> Any:
    """A Keras model from pictures (N, side_px, side_px, 1) of 0..1 to a list of feature maps (N, h, w, channels).

    Of the small network four, at strides 4, 8, 16 and 32, of the others that at stride 32 alone. weights: Keras's own
    "notop" file of the network, None for random ones. InvalidInputError for a network that there is not,
    ModelUnavailableError where the file does not fit it.
    """
    if network not in _BODIES:
        raise InvalidInputError(f"unknown network {network!r:.40}; known: {', '.join(_BODIES)}")
    return _BODIES[network](side_px, weights)


def conv_bn_relu(tensor: Any, channels: int, kernel: int, name: str, *, stride: int = 1) -> Any:
    """A convolution, normalised, cut off at 0 and at 6, which 8 bits hold well."""
    return layers.ReLU(6.0, name=f"{name}_relu")(_conv_bn(tensor, channels, kernel, name, stride=stride))


def _conv_bn(tensor: Any, channels: int, kernel: int, name: str, *, stride: int = 1) -> Any:
    convolution = layers.Conv2D(
        channels,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )
    return layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_bn")(convolution(tensor))


def _small(side_px: int, weights: Path | None) -> Any:
    if weights is not None:
        raise InvalidInputError("the small network has no published weights")
    picture = layers.Input((side_px, side_px, 1), name="picture")
    tensor = conv_bn_relu(picture, STEM_CHANNELS, 3, "stem", stride=2)
    maps = []
    for number, channels in enumerate(STAGE_CHANNELS, start=1):
        tensor = conv_bn_relu(tensor, channels, 3, f"stage{number}_down", stride=2)
        tensor = _residual(tensor, channels, f"stage{number}_block")
        maps.append(tensor)
    return tf.keras.Model(picture, maps, name="small")


def _residual(tensor: Any, channels: int, name: str) -> Any:
    """Two convolutions, added to what went in (He et al. 2016, arXiv 1512.03385)."""
    inner = conv_bn_relu(tensor, channels, 3, f"{name}_a")
    added = layers.Add(name=f"{name}_add")([tensor, _conv_bn(inner, channels, 3, f"{name}_b")])
    return layers.ReLU(6.0, name=f"{name}_relu")(added)


def _resnet50(side_px: int, weights: Path | None) -> Any:
    picture, colours = _three_channels(side_px)
    centred = layers.Rescaling(255.0, offset=[-mean for mean in _MEAN_BGR_255], name="as_imagenet")(colours)
    body = tf.keras.applications.ResNet50(weights=None, include_top=False, input_tensor=centred)
    return _as_published(picture, body, weights, "resnet50")


def _mobilenet_v3_small(side_px: int, weights: Path | None) -> Any:
    picture, colours = _three_channels(side_px)
    centred = layers.Rescaling(2.0, offset=-1.0, name="as_imagenet")(colours)
    body = tf.keras.applications.MobileNetV3Small(
        weights=None, include_top=False, input_tensor=centred, include_preprocessing=False
    )
    return _as_published(picture, body, weights, "mobilenet_v3_small")


def _efficientnet_b0(side_px: int, weights: Path | None) -> Any:
    picture, colours = _three_channels(side_px)
    bytes_of_grey = layers.Rescaling(255.0, name="as_imagenet")(colours)
    body = tf.keras.applications.EfficientNetB0(weights=None, include_top=False, input_tensor=bytes_of_grey)
    backbone = _as_published(picture, body, weights, "efficientnet_b0")
    for layer in backbone.layers:
        if isinstance(layer, tf.keras.layers.Normalization):
            # the published file holds spreads where the layer takes variances, which Keras mends by one more layer,
            # but only where it fetches the file itself
            variance = [spread**2 for spread in _SPREAD_RGB]
            layer.set_weights([layer.adapt_mean * 0 + _MEAN_RGB, layer.adapt_variance * 0 + variance, layer.count])
            layer.finalize_state()
    return backbone


def _three_channels(side_px: int) -> tuple[Any, Any]:
    picture = layers.Input((side_px, side_px, 1), name="picture")
    return picture, layers.Concatenate(name="grey_as_colours")([picture] * 3)


def _as_published(picture: Any, body: Any, weights: Path | None, name: str) -> Any:
    backbone = tf.keras.Model(picture, [body.output], name=name)
    if weights is not None:
        try:
            body.load_weights(weights)
        except (OSError, ValueError, KeyError) as error:  # h5py's and Keras's own, each of several kinds
            raise ModelUnavailableError(f"{weights} holds no weights of {name}: {error!s:.200}") from error
    for layer in backbone.layers:
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM
    return backbone


_BODIES: Mapping[str, Callable[[int, Path | None], Any]] = {
    "small": _small,
    "resnet50": _resnet50,
    "mobilenet_v3_small": _mobilenet_v3_small,
    "efficientnet_b0": _efficientnet_b0,
}
