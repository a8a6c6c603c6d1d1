"""Every network in every family answers what its card says, learns, and runs as Keras and TFLite files do here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.core.skeleton import UPPER_BODY_6, Skeleton
from webapp.training.card import card_of_model
from webapp.training.config import NETWORKS, RunSettings, run_settings
from webapp.training.export import frozen_function, tflite_bytes
from webapp.training.heads import apart, build_model, joined
from webapp.training.keypoint_metric import PckMetric
from webapp.training.losses import loss_of
from webapp.training.networks import build_backbone
from webapp.vision.keras_network import KerasNetwork, input_shape, model_function, read_keras_model
from webapp.vision.own_card import FAMILIES, FORMS
from webapp.vision.own_shapes import Hints, deduce
from webapp.vision.poses.own import decoder, own_estimator
from webapp.vision.quantised import load_float_network

SIDE_PX = 32
"""The smallest that there is: what is claimed here is the same for all, and takes a fraction of the time."""
ARM = Skeleton("arm", ("shoulder", "elbow", "hand"), (("shoulder", "elbow"), ("elbow", "hand")))
PAIRS = [(network, family) for network in NETWORKS for family in FAMILIES]
SHOWN = {
    "small": "heatmap_offset",
    "mobilenet_v3_small": "heatmap_offset",
    "efficientnet_b0": "heatmap",
    "resnet50": "regression",
}
"""By network the family that it is saved and converted in: heads and networks know nothing of each other."""
PICTURES = np.random.default_rng(1).uniform(0, 1, (4, SIDE_PX, SIDE_PX, 1)).astype(np.float32)


def settings_of(network: str, family: str, side_px: int = SIDE_PX) -> RunSettings:
    return run_settings({"network": network, "family": family, "side_px": side_px})


def targets_of(skeleton: Skeleton) -> Any:
    places = np.random.default_rng(2).uniform(0.2, 0.8, (len(PICTURES), len(skeleton.keypoints), 2))
    return np.concatenate([places, np.ones_like(places)], axis=-1).astype(np.float32)


def published_network(network: str) -> Any:
    """As Keras has it, for colours of this side, with random weights."""
    makers = {
        "resnet50": tf.keras.applications.ResNet50,
        "mobilenet_v3_small": tf.keras.applications.MobileNetV3Small,
        "efficientnet_b0": tf.keras.applications.EfficientNetB0,
    }
    return makers[network](weights=None, include_top=False, input_shape=(SIDE_PX, SIDE_PX, 3))


def as_published(network: str, colours: Any) -> Any:
    """Colours of 0..1 as that network takes them."""
    if network == "resnet50":
        return tf.keras.applications.resnet.preprocess_input(255 * colours)
    if network == "mobilenet_v3_small":
        return 255 * colours
    # a fresh one normalises nothing but the range
    return 255 * (colours - [0.485, 0.456, 0.406]) / np.array([0.229, 0.224, 0.225])


def features_of(backbone: Any) -> Any:
    """Of PICTURES, where it answers one map."""
    return np.asarray(tf.nest.flatten(backbone(PICTURES))[0])


@pytest.fixture(autouse=True)
def _seeded() -> None:
    tf.keras.utils.set_random_seed(1)


def built_anew(network: str, family: str) -> Any:
    return build_model(settings_of(network, family), UPPER_BODY_6, None)


@cache
def built(network: str) -> Any:
    """In the family that SHOWN has, before it has learnt; whoever takes it leaves it so."""
    tf.keras.utils.set_random_seed(1)
    return built_anew(network, SHOWN[network])


@dataclass(frozen=True)
class Learnt:
    """A small network that knows PICTURES by heart; before and after: its loss and PCK."""

    settings: RunSettings
    model: Any
    fitted: Any
    before: dict[str, float]
    after: dict[str, float]


@cache
def learnt(family: str) -> Learnt:
    tf.keras.utils.set_random_seed(1)
    settings, targets = settings_of("small", family), targets_of(UPPER_BODY_6)
    model = build_model(settings, UPPER_BODY_6, None)
    fitted = joined(model)
    fitted.compile(
        tf.keras.optimizers.Adam(3e-3),
        loss=loss_of(settings, UPPER_BODY_6),
        metrics=[PckMetric(settings)],
        jit_compile=False,
    )
    before = fitted.evaluate(PICTURES, targets, verbose=0, return_dict=True)
    for _ in range(40):
        fitted.train_on_batch(PICTURES, targets)
    return Learnt(settings, model, fitted, before, fitted.evaluate(PICTURES, targets, verbose=0, return_dict=True))


@pytest.mark.parametrize(("network", "family"), PAIRS)
def test_what_is_built_is_what_its_card_says(network: str, family: str) -> None:
    card = card_of_model("mine", settings_of(network, family), UPPER_BODY_6)

    model = built(network) if SHOWN[network] == family else built_anew(network, family)

    shapes = [(1, *output.shape[1:]) for output in model.outputs]
    found = deduce((1, *model.inputs[0].shape[1:]), shapes, Hints(skeleton=UPPER_BODY_6))
    assert (found.family, found.picture, found.answer) == (card.family, card.picture, card.answer)


@pytest.mark.parametrize("network", NETWORKS)
def test_its_file_is_read_without_any_code_of_ours(network: str, tmp_path: Path) -> None:
    model = built(network)
    model.save(tmp_path / "best.keras")

    again = read_keras_model(tmp_path / "best.keras")

    assert {type(layer).__module__.partition(".")[0] for layer in again.layers} == {"keras"}
    assert input_shape(again, tmp_path / "best.keras") == (1, SIDE_PX, SIDE_PX, 1)
    for one, other in zip(tf.nest.flatten(model(PICTURES)), tf.nest.flatten(again(PICTURES)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("side_px", [32, 96, 160])
@pytest.mark.parametrize("family", FAMILIES)
def test_any_side_and_any_skeleton_will_do(family: str, side_px: int) -> None:
    model = build_model(settings_of("small", family, side_px), ARM, None)

    shapes = [tuple(output.shape[1:]) for output in model.outputs]

    cells = side_px // 4
    maps = [(cells, cells, 3), (cells, cells, 6)]
    assert shapes == {"regression": [(6,)], "heatmap": maps[:1], "heatmap_offset": maps}[family]


@pytest.mark.parametrize("family", FAMILIES)
def test_it_learns_a_few_pictures_by_heart_and_the_model_itself_has_learnt_them(family: str) -> None:
    known = learnt(family)

    assert known.after["loss"] < 0.5 * known.before["loss"]
    assert known.after["pck"] > 0.7 > known.before["pck"]
    answer = known.model(PICTURES)
    together = tf.concat(answer, axis=-1) if isinstance(answer, list) else answer
    np.testing.assert_allclose(together, known.fitted(PICTURES), atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_saved_as_it_was_fitted_is_had_back_as_it_is_used(family: str, tmp_path: Path) -> None:
    model = build_model(settings_of("small", family), ARM, None)
    joined(model).save(tmp_path / "fitted.keras")

    again = apart(read_keras_model(tmp_path / "fitted.keras"))

    for one, other in zip(tf.nest.flatten(model(PICTURES)), tf.nest.flatten(again(PICTURES)), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize(
    ("family", "form"), [*(("heatmap_offset", form) for form in FORMS), ("regression", "int8"), ("heatmap", "int8")]
)
def test_the_small_network_says_in_every_form_nearly_what_keras_says(
    family: str, form: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model, shape = learnt(family).model, (1, SIDE_PX, SIDE_PX, 1)
    card = card_of_model("mine", learnt(family).settings, UPPER_BODY_6)
    keras = KerasNetwork(model_function(model, (None, *shape[1:])), shape)

    (tmp_path / "model.tflite").write_bytes(tflite_bytes(frozen_function(model, shape), form, list(PICTURES)))

    exported = load_float_network(tmp_path / "model.tflite", SIDE_PX, threads=1, runtime="litert")
    points_px = []
    for network in (keras, exported):
        outputs = network.run(PICTURES)
        decode = decoder([(1, *output.shape[1:]) for output in outputs], card)
        points_px.append(decode(outputs)[0])
    apart_px = np.linalg.norm(points_px[0] - points_px[1], axis=-1)
    assert np.median(apart_px) < (1.0 if form == "int8" else 0.3)
    assert "trackable_obj" not in caplog.text, "what only programmers can mend does not belong into a server's log"


@pytest.mark.parametrize("network", sorted(set(NETWORKS) - {"small"}))
def test_a_published_network_has_a_full_int8_form(network: str, tmp_path: Path) -> None:
    settings = settings_of(network, SHOWN[network])
    frozen = frozen_function(built(network), (1, SIDE_PX, SIDE_PX, 1))

    (tmp_path / "model.tflite").write_bytes(tflite_bytes(frozen, "int8", list(PICTURES[:2])))

    exported = load_float_network(tmp_path / "model.tflite", SIDE_PX, threads=1, runtime="litert")
    assert own_estimator(exported, card_of_model("mine", settings, UPPER_BODY_6)).runtime == "litert"


@pytest.mark.parametrize("network", sorted(set(NETWORKS) - {"small"}))
def test_published_weights_land_with_the_preprocessing_they_were_trained_with(network: str, tmp_path: Path) -> None:
    published = published_network(network)
    path = tmp_path / "notop.h5"
    published.save(path)

    features, by_chance = (features_of(build_backbone(network, SIDE_PX, weights)) for weights in (path, None))

    expected = np.asarray(published(as_published(network, np.repeat(PICTURES, 3, axis=-1))))
    size = np.abs(expected).max()  # of an untrained network, which may be tiny
    np.testing.assert_allclose(features / size, expected / size, atol=1e-3)
    assert np.abs(features - by_chance).max() > 0.1 * size


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notop.h5"
    published_network("mobilenet_v3_small").save(path)

    with pytest.raises(ModelUnavailableError, match="holds no weights of resnet50"):
        build_backbone("resnet50", SIDE_PX, path)


def test_a_network_that_there_is_not_is_refused_by_name() -> None:
    with pytest.raises(InvalidInputError, match="unknown network 'large'; known: small, resnet50"):
        build_backbone("large", SIDE_PX, None)


def test_colours_are_normalised_as_imagenets_are() -> None:
    backbone = build_backbone("efficientnet_b0", SIDE_PX, None)
    layer = next(layer for layer in backbone.layers if isinstance(layer, tf.keras.layers.Normalization))
    normalised = tf.keras.Model(backbone.input, layer.output)(PICTURES)

    np.testing.assert_allclose(
        normalised, (PICTURES - [0.485, 0.456, 0.406]) / np.array([0.229, 0.224, 0.225]), atol=1e-4
    )
