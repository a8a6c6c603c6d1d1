"""`python -m webapp export`: a Keras model as TFLite, and how far the two are apart."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from webapp.config import OWN_MODELS_DIR, Settings
from webapp.core.errors import InvalidInputError
from webapp.models_options import hints_of
from webapp.training.export import export_model
from webapp.vision.own_card import OwnModelCard, card_of


def run(arguments: argparse.Namespace, settings: Settings) -> str:
    """Export; the text to print."""
    source, card = _source(arguments.model, settings)
    out = arguments.out or Path(f"{source.stem if card is None else card.name}-{arguments.form}.tflite")
    exported = export_model(source, out, arguments.form, images=arguments.images, card=card, hints=hints_of(arguments))
    assert exported.parity is not None
    if arguments.json:
        return json.dumps({"out": str(out), "bytes": out.stat().st_size, **asdict(exported.parity)})
    lines = [f"{out}: {out.stat().st_size / 1e6:.1f} MB", str(exported.parity)]
    if arguments.images is None:
        ranges = "quantised with and " if arguments.form == "int8" else ""
        lines.append(f"{ranges}compared on random pictures: give --images for figures that mean your own".capitalize())
    return "\n".join([*lines, f"Use it: python -m webapp models add {out} --name NAME"])


def _source(model: str, settings: Settings) -> tuple[Path, OwnModelCard | None]:
    """The file to export, and its card where it is a model of the user's own by name."""
    if Path(model).suffix:
        return Path(model), None
    folder = settings.weights_dir / OWN_MODELS_DIR / model
    if not folder.is_dir():
        raise InvalidInputError(f"there is no file and no model of your own called {model!r:.80}")
    card = card_of(folder)
    if card.file == "model.tflite":
        raise InvalidInputError(f"{model} is a TFLite model already; only Keras models can be exported")
    return folder / card.file, card
