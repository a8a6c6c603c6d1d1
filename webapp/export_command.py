"""`python -m webapp export`: a Keras model as TFLite or ONNX, and how far the two are apart; or a form of a run."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from webapp.config import OWN_MODELS_DIR, Settings
from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.db.schema import DatabaseUnavailableError, require_latest
from webapp.db.standalone import database_app
from webapp.models_options import hints_of
from webapp.runs_named import named_run, short_id
from webapp.services.runs import form_file
from webapp.training.export import SUFFIXES, export_model
from webapp.vision.own_card import FILES, ONNX, OwnModelCard, card_of, card_text, read_card
from webapp.vision.own_conversion import card_beside


def run(arguments: argparse.Namespace, settings: Settings) -> str:
    """Export; the text to print."""
    source = _source(arguments.model, settings)
    if source is None:
        return _run_exported(arguments, settings)
    path, card = source
    out = arguments.out or _default_out(path.stem if card is None else card.name, arguments.form)
    exported = export_model(path, out, arguments.form, images=arguments.images, card=card, hints=hints_of(arguments))
    notes = []
    if arguments.images is None:
        ranges = "quantised with and " if arguments.form == "int8" else ""
        notes = [f"{ranges}compared on random pictures: give --images for figures that mean your own".capitalize()]
    return _told(arguments, out, exported, notes)


def _run_exported(arguments: argparse.Namespace, settings: Settings) -> str:
    """Copy a form that a training run exported when it ended."""
    with database_app(settings).app_context():
        try:
            require_latest()
            run = named_run(arguments.model)
        except (NotFoundError, DatabaseUnavailableError) as error:
            nothing = f"there is no file and no model of your own called {arguments.model!r:.80}, and no training run"
            raise InvalidInputError(f"{nothing} ({error})") from error
        source = form_file(run, arguments.form)
        out = arguments.out or _default_out(short_id(run), arguments.form)
    if out.suffix != source.suffix:
        raise InvalidInputError(f"the exported file must end in {source.suffix}, got {out.name}")
    card = replace(read_card(card_beside(source)), name=out.stem) if arguments.form != ONNX else None
    try:
        shutil.copyfile(source, out)
        if card is not None:
            card_beside(out).write_text(card_text(card), encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(f"{out} cannot be written: {error.strerror}") from error
    return _told(arguments, out, card, [])


def _told(arguments: argparse.Namespace, out: Path, card: OwnModelCard | None, notes: Sequence[str]) -> str:
    size = out.stat().st_size
    parity = None if card is None else card.parity
    if arguments.json:
        return json.dumps({"out": str(out), "bytes": size, **({} if parity is None else asdict(parity))})
    measured = [] if parity is None else [str(parity)]
    use = [] if arguments.form == ONNX else [f"Use it: python -m webapp models add {out} --name NAME"]
    return "\n".join([f"{out}: {size / 1e6:.1f} MB", *measured, *notes, *use])


def _default_out(name: str, form: str) -> Path:
    return Path(f"{name}-{form}{SUFFIXES[form]}")


def _source(model: str, settings: Settings) -> tuple[Path, OwnModelCard | None] | None:
    """The file to export, and its card where it is a model of the user's own by name; None: it names a run."""
    if Path(model).suffix in FILES or Path(model).is_file():
        return Path(model), None
    folder = settings.weights_dir / OWN_MODELS_DIR / model
    if not folder.is_dir():
        return None
    card = card_of(folder)
    if card.file == "model.tflite":
        raise InvalidInputError(f"{model} is a TFLite model already; only Keras models can be exported")
    return folder / card.file, card
