"""A Keras model as TFLite, in one of four forms, and how far each form's keypoints lie from those of Keras."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.core.records import FloatArray
from webapp.training.pictures import Pictures, read_pictures
from webapp.vision.keras_network import KerasNetwork, input_shape, model_function, read_keras_model
from webapp.vision.own_card import FORMS, OwnModelCard, Parity, card_text
from webapp.vision.own_conversion import card_beside
from webapp.vision.own_shapes import Hints, deduce
from webapp.vision.poses.own import decoder
from webapp.vision.quantised import load_float_network
from webapp.vision.runtimes import Network
from webapp.vision.weights import sha256_of


def export_model(
    source: Path, out: Path, form: str, *, images: Path | None, card: OwnModelCard | None, hints: Hints
) -> OwnModelCard:
    """Write the TFLite form of a .keras or .hdf5 file and its card beside it; the card, with its parity.

    images: a folder or an .npz archive, for int8's ranges and for parity; None: random pictures. card: of a model that
    is installed; else its signature is deduced with hints. InvalidInputError where shapes or pictures will not do,
    ModelUnavailableError where the file cannot be read or has no such form.
    """
    if out.suffix != ".tflite":
        raise InvalidInputError(f"the exported file must end in .tflite, got {out.name}")
    with _scratch_beside(out) as scratch:
        model = read_keras_model(source)
        shape = input_shape(model, source)
        keras = KerasNetwork(model_function(model, (None, *shape[1:])), shape)
        card = card or _deduced_card(keras, out, hints)
        pictures = read_pictures(images, card.picture)
        content = tflite_bytes(model, shape, form, pictures.batch)
        written = scratch / out.name
        written.write_bytes(content)
        exported = load_float_network(written, card.picture.side_px, threads=1, runtime="litert")
        described = replace(
            card,
            name=out.stem,
            file="model.tflite",
            sha256=sha256_of(written),
            exported_from=f"{source.name}, sha256 {sha256_of(source)}",
            parity=measure_parity(keras, exported, card, pictures, form),
        )
        card_beside(out).write_text(card_text(described), encoding="utf-8")
        os.replace(written, out)
    return described


@contextmanager
def _scratch_beside(out: Path) -> Iterator[Path]:
    """A folder on the same file system; InvalidInputError where nothing can be written there."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as scratch:
            yield Path(scratch)
    except OSError as error:
        raise InvalidInputError(f"{out} cannot be written: {error.strerror or error}") from error


def tflite_bytes(model: Any, shape: tuple[int, ...], form: str, pictures: FloatArray) -> bytes:
    """The TFLite file of a Keras model for one picture of this shape; ModelUnavailableError where it has no such form.

    pictures: what int8 takes the ranges of numbers from.
    """
    if form not in FORMS:
        raise InvalidInputError(f"unknown form {form!r}; known: {', '.join(FORMS)}")
    import tensorflow as tf  # noqa: PLC0415 -- takes 10 s: only when something is exported
    from tensorflow.python.framework.convert_to_constants import (  # noqa: PLC0415 -- as above
        convert_variables_to_constants_v2,
    )

    def representative() -> Iterator[list[FloatArray]]:
        for image in pictures:
            yield [image[None]]

    # without variables: the calibration of int8 cannot read them, and LiteRT's fast kernels want one fixed shape
    frozen = convert_variables_to_constants_v2(model_function(model, shape).get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    if form != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if form == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if form == "int8":
        converter.representative_dataset = representative
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about statistics that only older converters wanted
            return bytes(converter.convert())
    except Exception as error:  # ConverterError is a bare Exception, others are RuntimeError or ValueError
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelUnavailableError(f"the model has no {form} TFLite form: {reason:.300}") from error


def measure_parity(keras: Network, other: Network, card: OwnModelCard, pictures: Pictures, form: str) -> Parity:
    """How far the keypoints of another form lie from those of the Keras model, on these pictures."""
    difference_px = keypoint_difference_px(keras, other, card, pictures.batch)
    largest_px, mean_px = float(difference_px.max()), float(difference_px.mean())
    return Parity(
        form=form,
        pictures=len(pictures.batch),
        pictures_of=pictures.are,
        largest_px=largest_px,
        mean_px=mean_px,
        largest_share=largest_px / card.picture.side_px,
        mean_share=mean_px / card.picture.side_px,
    )


def keypoint_difference_px(one: Network, other: Network, card: OwnModelCard, batch: FloatArray) -> FloatArray:
    """Distance of each keypoint of each picture, (N, K), in pixels of the input."""
    points_px = []
    for network in (one, other):
        outputs = network.run(batch)
        decode = decoder([(1, *output.shape[1:]) for output in outputs], card)
        points_px.append(decode(outputs)[0])
    difference_px = np.linalg.norm(points_px[0] - points_px[1], axis=-1)
    if not np.isfinite(difference_px).all():
        raise InvalidInputError(f"{card.name} answers numbers that are none (NaN or infinite)")
    return np.asarray(difference_px, np.float32)


def _deduced_card(keras: KerasNetwork, out: Path, hints: Hints) -> OwnModelCard:
    shapes = [output.shape for output in keras.run(np.zeros(keras.input.shape, np.float32))]
    found = deduce(keras.input.shape, shapes, hints)
    return OwnModelCard(out.stem, found.family, "model.tflite", "", found.picture, found.skeleton, found.answer)
