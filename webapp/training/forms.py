"""All forms of a run's best network: each written, compared with Keras on the validation split, and timed here."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.core.metrics import keypoint_errors, pck
from webapp.core.records import FloatArray
from webapp.core.wording import counted
from webapp.training.archive import TrainingData
from webapp.training.edge_zip import write_edge_zip
from webapp.training.evaluate import NEAR
from webapp.training.export import (
    SUFFIXES,
    described_form,
    form_bytes,
    frozen_function,
    keypoint_difference_px,
    load_form,
    parity_of,
    place_form,
    scratch_for,
)
from webapp.training.predicting import Look, as_found, crops, nothing, predict
from webapp.vision.keras_network import KerasNetwork, input_shape, model_function, read_keras_model
from webapp.vision.own_card import OwnModelCard, Parity
from webapp.vision.own_conversion import card_beside
from webapp.vision.quantised import FloatNetwork, read_tensors
from webapp.vision.runtimes import Network, file_loaders
from webapp.vision.speed import medians_ms

KERAS = "keras"
MOST_PICTURES = 200
"""Of validation pictures for the comparison, and of training ones for int8's ranges."""
MOST_LOST = 2.0
"""Points of PCK@0.2; a form that loses more is flagged."""
FOR_EDGE = ("int8", "dynamic", "float16", "float32")
"""The first of these that is there and not flagged goes into the archive: smallest and, on ARM, quickest first."""


@dataclass(frozen=True)
class Form:
    """One form of the network. file: in the folder of exports; None for Keras's, and where there is none.

    pck02: of the validation pictures, 0..1; largest_px, mean_px: how far keypoints lie from those of Keras, in pixels
    of the input; latency_ms: of one picture, by runtime. flagged: why better another; problem: why it is not there.
    """

    form: str
    file: str | None = None
    size_bytes: int | None = None
    pck02: float | None = None
    pck_loss_points: float | None = None
    largest_px: float | None = None
    mean_px: float | None = None
    latency_ms: Mapping[str, float] = field(default_factory=dict)
    flagged: str | None = None
    problem: str | None = None

    def as_json(self) -> dict[str, object]:
        """As evaluation.json has it."""
        return {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(self).items()}


def export_forms(
    model_path: Path, card: OwnModelCard, data: TrainingData, folder: Path, *, threads: int = 2, look: Look = nothing
) -> list[Form]:
    """Write every form of a .keras file into the folder, with cards, and NAME.zip for machines with a camera alone.

    The first is Keras's own. A form that cannot be made says so in `problem`, and the others go on. card: as
    training.card has it. look: called between all that takes seconds. ModelUnavailableError where the .keras file
    cannot be read, InvalidInputError where the data has no validation split to compare on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    trial = _Trial(model_path, card, data, threads=threads, look=look)
    forms = [trial.keras_form(), *(_made(trial, form, folder) for form in SUFFIXES)]
    for_edge = next((name for name in FOR_EDGE if _is_good(forms, name)), None)
    if for_edge is not None:
        write_edge_zip(folder / f"{for_edge}{SUFFIXES[for_edge]}", card.name, folder / f"{card.name}.zip")
    return forms


class _Trial:
    """What every form of one model is compared with."""

    def __init__(self, path: Path, card: OwnModelCard, data: TrainingData, *, threads: int, look: Look) -> None:
        self.path, self.card, self.threads, self.look = path, card, threads, look
        model = read_keras_model(path)
        look()
        self.shape = input_shape(model, path)
        self.frozen = frozen_function(model, self.shape)
        look()
        self.representative = crops(data, _spread(data.rows("train")))
        self._data, self._rows = data, _spread(data.rows("validation"))
        if not len(self._rows):
            raise InvalidInputError("no sample is in the validation split, on which forms are compared")
        self._pictures = crops(data, self._rows)
        self._network = KerasNetwork(model_function(model, (None, *self.shape[1:])), self.shape)
        self._keypoints_px = predict(self._network, card, self._pictures, look)[0]
        self._pck = self._pck_of(self._keypoints_px)

    def keras_form(self) -> Form:
        latency_ms = medians_ms({KERAS: partial(self._network.run, np.zeros(self.shape, np.float32))})
        pck02 = None if np.isnan(self._pck) else self._pck
        return Form(KERAS, None, self.path.stat().st_size, pck02, latency_ms=latency_ms)

    def compared(self, form: str, network: Network) -> tuple[Form, Parity]:
        """How near the form comes to Keras."""
        found_px = predict(network, self.card, self._pictures, self.look)[0]
        difference_px = keypoint_difference_px(self.card, self._keypoints_px, found_px)
        parity = parity_of(difference_px, self.card, form, "validation pictures")
        made = Form(form, largest_px=parity.largest_px, mean_px=parity.mean_px)
        found = self._pck_of(found_px)
        if np.isnan(found):
            return made, parity
        lost = 100 * (self._pck - found)
        return replace(made, pck02=found, pck_loss_points=lost, flagged=self._flag(form, lost)), parity

    def _flag(self, form: str, lost: float) -> str | None:
        if lost <= MOST_LOST:
            return None
        on = f"on {counted(len(self._rows), 'validation picture')}"
        flag = f"It loses {lost:.1f} points of PCK@0.2 against Keras {on}; use another form."
        if form == "int8" and self.card.family == "regression":
            flag += " Its coordinates come in steps of 1/256 of the crop."
        return flag

    def _pck_of(self, keypoints_px: FloatArray) -> float:
        data, rows = self._data, self._rows
        found = as_found(keypoints_px, np.ones(keypoints_px.shape[:2], np.float32), self.card).keypoints
        errors = keypoint_errors(found, data.keypoints[rows], data.visibility[rows], data.sizes[rows])
        return pck(errors, NEAR)


def _made(trial: _Trial, form: str, folder: Path) -> Form:
    out = folder / f"{form}{SUFFIXES[form]}"
    for left in (out, card_beside(out)):  # of an attempt before
        left.unlink(missing_ok=True)
    trial.look()  # what comes next takes up to 20 s of a large network
    try:
        with scratch_for(out) as scratch:
            written = scratch / out.name
            written.write_bytes(form_bytes(trial.frozen, form, trial.representative))
            trial.look()
            network = load_form(written, trial.card.picture.side_px, trial.threads)
            trial.look()
            compared, parity = trial.compared(form, network)
            size_bytes, latency_ms = written.stat().st_size, _latency_ms(written, trial.threads, trial.look)
            place_form(written, out, described_form(trial.card, written, trial.path, parity))
    except (ModelUnavailableError, InvalidInputError) as error:
        return Form(form, problem=str(error))
    gc.collect()  # converters leave copies of the whole network, in circles
    trial.look()
    return replace(compared, file=out.name, size_bytes=size_bytes, latency_ms=latency_ms)


def _latency_ms(path: Path, threads: int, look: Look) -> dict[str, float]:
    """Of one picture on each runtime that can run the file."""
    calls: dict[str, Callable[[], object]] = {}
    for runtime, load in file_loaders(path, None, threads).items():
        try:
            network = load()
        except ModelUnavailableError:
            continue  # it was compared on one that can; the others are no matter
        look()
        if path.suffix == ".tflite":
            network = FloatNetwork(network, read_tensors(path))
        calls[runtime] = partial(network.run, np.zeros(network.input.shape, np.float32))
    return medians_ms(calls)


def _is_good(forms: list[Form], name: str) -> bool:
    return any(form.form == name and form.file is not None and form.flagged is None for form in forms)


def _spread(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """At most MOST_PICTURES of them, evenly spread."""
    places = np.linspace(0, len(rows) - 1, min(len(rows), MOST_PICTURES)).astype(np.intp)
    return np.asarray(rows[np.unique(places)])
