"""Pose models of the user's own, as folders `weights/own/NAME/` of a model file and its card: adding and removing."""

from __future__ import annotations

import re
import shutil
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from webapp.config import OWN_MODELS_DIR, POSE_MODELS
from webapp.core.errors import InvalidInputError
from webapp.vision.own_card import (
    CARD,
    FILES,
    MAX_MARGIN,
    MIN_MARGIN,
    AnswerFormat,
    OwnModelCard,
    card_text,
    read_card,
)
from webapp.vision.own_conversion import DYNAMIC, card_beside, convert_keras, keep_form, scratch_beside
from webapp.vision.own_shapes import Hints, Signature, deduce, heat_row, regression_row
from webapp.vision.quantised import load_float_network, read_tensors
from webapp.vision.sample_pictures import random_pictures
from webapp.vision.weights import sha256_of

_NAME = re.compile(r"[a-z0-9_-]{1,40}")
_TRIED = 4
"""So many pictures an added model is tried with."""


def add_model(
    source: Path,
    name: str,
    weights_dir: Path,
    *,
    hints: Hints | None = None,
    margin: float | None = None,
    licence: str = "",
    made_by: str = "",
) -> OwnModelCard:
    """Make the folder of a .tflite, .keras, .hdf5 or .h5 file; the card that was written.

    What is not said in hints is taken from the card beside an exported file, or deduced from the model's shapes. The
    folder is there whole or not at all. InvalidInputError where the name, the shapes or what was said will not do,
    ModelUnavailableError where the file cannot be read.
    """
    hints = hints or Hints()
    target = _free_folder(name, weights_dir)
    if source.suffix not in FILES:
        raise InvalidInputError(f"{source.name} is no model file: expected one of {', '.join(FILES)}")
    if not source.is_file():
        raise InvalidInputError(f"model file {source} is missing")
    if margin is not None and not MIN_MARGIN <= margin <= MAX_MARGIN:
        raise InvalidInputError(f"the margin must be {MIN_MARGIN:g} to {MAX_MARGIN:g} times the box, got {margin:g}")
    with scratch_beside(target) as folder:
        path = folder / FILES[source.suffix]
        shutil.copyfile(source, path)
        if path.suffix == ".tflite":
            card = _tflite_card(source, name, hints)
        else:
            card = _converted_card(source, folder / DYNAMIC, hints)
            keep_form(folder / DYNAMIC, sha256_of(path))
        card = replace(
            card,
            name=name,
            file=path.name,
            sha256=sha256_of(path),
            margin=card.margin if margin is None else margin,
            licence=licence or card.licence,
            made_by=made_by or card.made_by,
        )
        (folder / CARD).write_text(card_text(card), encoding="utf-8")
        read_card(folder)  # what was said of it is checked as every card is
        try:
            folder.rename(target)
        except OSError as error:
            raise InvalidInputError(f"{target} cannot be made: {error.strerror}") from error
    return card


def remove_model(name: str, weights_dir: Path) -> None:
    """Take a model away; InvalidInputError where there is none of this name."""
    folder = weights_dir / OWN_MODELS_DIR / name
    if not _NAME.fullmatch(name) or not folder.is_dir():
        raise InvalidInputError(f"there is no model of your own called {name!r:.60} in {weights_dir / OWN_MODELS_DIR}")
    with scratch_beside(folder) as scratch:
        folder.rename(scratch / name)  # gone at once, however long deleting takes


def signature_of(path: Path, hints: Hints) -> Signature:
    """What a .tflite file takes and answers; InvalidInputError where its shapes fit nothing known."""
    tensors = read_tensors(path)
    if hints.high is None and tensors.taken.dtype.kind in "ui" and not tensors.taken.scale:
        hints = replace(hints, high=255.0)  # it takes the bytes of the picture as they are
    return deduce(tensors.taken.shape, [tensor.shape for tensor in tensors.answered], hints)


def _free_folder(name: str, weights_dir: Path) -> Path:
    if not _NAME.fullmatch(name):
        raise InvalidInputError(f"a model's name must be 1 to 40 of a-z, 0-9, _ and -, got {name!r:.60}")
    if name in POSE_MODELS:
        raise InvalidInputError(f"{name} is the name of a ready-made pose model; choose another")
    folder = weights_dir / OWN_MODELS_DIR / name
    if folder.exists():
        raise InvalidInputError(
            f"{name} is there already; choose another name, or: python -m webapp models remove {name}"
        )
    return folder


def _tflite_card(source: Path, name: str, hints: Hints) -> OwnModelCard:
    beside = card_beside(source)
    exported = read_card(beside) if beside.is_file() else None
    if exported is None or exported.sha256 != sha256_of(source):
        found = signature_of(source, hints)
        card = OwnModelCard(name, found.family, source.name, "", found.picture, found.skeleton, found.answer)
        return _tried(card, source, hints)
    known = _filled(hints, exported)
    found = signature_of(source, known)
    card = replace(exported, family=found.family, picture=found.picture, skeleton=found.skeleton, answer=found.answer)
    return _tried(card, source, known)


def _converted_card(source: Path, made: Path, hints: Hints) -> OwnModelCard:
    """The card that the export of a Keras model writes beside the TFLite form it makes."""
    convert_keras(source, made, hints)
    card = read_card(card_beside(made))
    card_beside(made).unlink()
    return replace(_tried(card, made, hints), exported_from="")


def _tried(card: OwnModelCard, path: Path, hints: Hints) -> OwnModelCard:
    """The card, with what a look at the model's own answers tells of its scores."""
    network = load_float_network(path, card.picture.side_px, threads=1, runtime="litert")
    outputs = network.run(random_pictures(card.picture, _TRIED))
    if not all(bool(np.isfinite(output).all()) for output in outputs):
        raise InvalidInputError(f"{path.name} answers numbers that are none (NaN or infinite) to a plain picture")
    shapes = [(1, *output.shape[1:]) for output in outputs]
    row = heat_row(shapes, card.skeleton)
    scores = None if row is None else outputs[row]
    if card.family == "regression":
        row, count = regression_row(shapes, card.skeleton), len(card.skeleton.keypoints)
        rows = outputs[row or 0].reshape(_TRIED, count, -1)
        scores = rows[..., 2] if rows.shape[-1] == 3 else None
    if scores is None or hints.scores is not None:
        return card
    # a network that ends in a linear layer may leave 0..1 by a little and still mean probabilities
    logits = float(scores.min()) < -0.5 or float(scores.max()) > 1.5
    return replace(card, answer=replace(card.answer, scores="logits" if logits else "probabilities"))


def _filled(hints: Hints, card: OwnModelCard) -> Hints:
    """The hints, and for what they leave open what the card says."""
    answer = {field.name: getattr(card.answer, field.name) for field in fields(AnswerFormat)}
    known = {"family": card.family, "skeleton": card.skeleton, "low": card.picture.low, "high": card.picture.high}
    said = {field.name: value for field in fields(Hints) if (value := getattr(hints, field.name)) is not None}
    return Hints(**{**known, **answer, **said})
