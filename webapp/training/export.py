"""A Keras model as TFLite, in one of four forms, or as ONNX, and how far a form's keypoints lie from those of Keras."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.core.records import FloatArray
from webapp.training.onnx_export import onnx_bytes
from webapp.training.pictures import read_pictures
from webapp.training.predicting import predict
from webapp.training.records import HALF_EXPORTED
from webapp.vision.keras_network import KerasNetwork, input_shape, model_function, read_keras_model
from webapp.vision.own_card import FORMS, ONNX, OwnModelCard, Parity, card_text
from webapp.vision.own_conversion import card_beside
from webapp.vision.own_shapes import Hints, deduce
from webapp.vision.quantised import load_float_network
from webapp.vision.runtimes import Network, load_network
from webapp.vision.weights import sha256_of

SUFFIXES = {**dict.fromkeys(FORMS, ".tflite"), ONNX: ".onnx"}
"""Of the file of each form."""
_CHECKED_ON = {".tflite": "litert", ".onnx": "onnxruntime"}


def export_model(
    source: Path, out: Path, form: str, *, images: Path | None, card: OwnModelCard | None, hints: Hints
) -> OwnModelCard:
    """Write a form of a .keras or .hdf5 file, and beside a TFLite form its card; the card, with its parity.

    images: a folder or an .npz archive, for int8's ranges and for parity; None: random pictures. card: of a model that
    is installed; else its signature is deduced with hints. InvalidInputError where shapes or pictures will not do,
    ModelUnavailableError where the file cannot be read or has no such form.
    """
    suffix = _suffix_of(form)
    if out.suffix != suffix:
        raise InvalidInputError(f"the exported file must end in {suffix}, got {out.name}")
    with scratch_for(out) as scratch:
        model = read_keras_model(source)
        shape = input_shape(model, source)
        keras = KerasNetwork(model_function(model, (None, *shape[1:])), shape)
        card = card or _deduced_card(keras, out, hints)
        pictures = read_pictures(images, card.picture)
        written = scratch / out.name
        batch = list(pictures.batch)
        written.write_bytes(form_bytes(frozen_function(model, shape), form, batch))
        network = load_form(written, card.picture.side_px, threads=1)
        wanted_px, found_px = (predict(each, card, batch)[0] for each in (keras, network))
        difference_px = keypoint_difference_px(card, wanted_px, found_px)
        described = described_form(card, written, source, parity_of(difference_px, card, form, pictures.are))
        place_form(written, out, described)
    return described


def place_form(written: Path, out: Path, card: OwnModelCard) -> None:
    """Move a whole file to where it belongs, its card beside it where it can be added as a model."""
    if out.suffix == ".tflite":
        card_beside(out).write_text(card_text(card), encoding="utf-8")
    os.replace(written, out)


def described_form(card: OwnModelCard, written: Path, source: Path, parity: Parity) -> OwnModelCard:
    """The card of an exported file, which says what it was made from."""
    return replace(
        card,
        name=written.stem,
        file="model.tflite",
        sha256=sha256_of(written),
        exported_from=f"{source.name}, sha256 {sha256_of(source)}",
        parity=parity,
    )


def load_form(path: Path, side_px: int, threads: int, runtime: str | None = None) -> Network:
    """The network of an exported file, in floats; runtime None: the one that its kind of file is made for."""
    runtime = runtime or _CHECKED_ON[path.suffix]
    if path.suffix == ".onnx":
        return load_network(path, None, side_px, threads, runtime)
    return load_float_network(path, side_px, threads, runtime)


@contextmanager
def scratch_for(out: Path) -> Iterator[Path]:
    """A folder on the same file system; InvalidInputError where nothing can be written there."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=HALF_EXPORTED) as scratch:
            yield Path(scratch)
    except OSError as error:
        raise InvalidInputError(f"{out} cannot be written: {error.strerror or error}") from error


def frozen_function(model: Any, shape: tuple[int, ...]) -> Any:
    """The function of a Keras model for one picture of this shape, its variables made constants.

    The calibration of int8 cannot read variables, and LiteRT's fast kernels want one fixed shape.
    """
    from tensorflow.python.framework.convert_to_constants import (  # noqa: PLC0415 -- takes 10 s: only when needed
        convert_variables_to_constants_v2,
    )

    return convert_variables_to_constants_v2(model_function(model, shape).get_concrete_function())


def form_bytes(frozen: Any, form: str, pictures: Sequence[FloatArray]) -> bytes:
    """The file of a form of a frozen function; ModelUnavailableError where it has none.

    pictures: what int8 takes the ranges of numbers from.
    """
    _suffix_of(form)
    return onnx_bytes(frozen) if form == ONNX else tflite_bytes(frozen, form, pictures)


def tflite_bytes(frozen: Any, form: str, pictures: Sequence[FloatArray]) -> bytes:
    """As form_bytes, of one of FORMS."""
    import tensorflow as tf  # noqa: PLC0415 -- takes 10 s: only when something is exported

    def representative() -> Iterator[list[FloatArray]]:
        for image in pictures:
            yield [image[None]]

    # named as its own keeper, which changes nothing: else a warning stands in the log for each form
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen], frozen)
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


def parity_of(difference_px: FloatArray, card: OwnModelCard, form: str, pictures_of: str) -> Parity:
    """What the differences (N, K) between a form's keypoints and those of Keras come to."""
    largest_px, mean_px = float(difference_px.max()), float(difference_px.mean())
    return Parity(
        form=form,
        pictures=len(difference_px),
        pictures_of=pictures_of,
        largest_px=largest_px,
        mean_px=mean_px,
        largest_share=largest_px / card.picture.side_px,
        mean_share=mean_px / card.picture.side_px,
    )


def keypoint_difference_px(card: OwnModelCard, one_px: FloatArray, other_px: FloatArray) -> FloatArray:
    """Distance of each keypoint of each picture, (N, K); InvalidInputError where one is no number."""
    difference_px = np.linalg.norm(one_px - other_px, axis=-1)
    if not np.isfinite(difference_px).all():
        raise InvalidInputError(f"{card.name} answers numbers that are none (NaN or infinite)")
    return np.asarray(difference_px, np.float32)


def _deduced_card(keras: KerasNetwork, out: Path, hints: Hints) -> OwnModelCard:
    shapes = [output.shape for output in keras.run(np.zeros(keras.input.shape, np.float32))]
    found = deduce(keras.input.shape, shapes, hints)
    return OwnModelCard(out.stem, found.family, "model.tflite", "", found.picture, found.skeleton, found.answer)


def _suffix_of(form: str) -> str:
    if form not in SUFFIXES:
        raise InvalidInputError(f"unknown form {form!r}; known: {', '.join(SUFFIXES)}")
    return SUFFIXES[form]
