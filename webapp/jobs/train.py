"""A training run from the frozen dataset to its exported forms; begun again after a crash, it goes on where that was.

What is done stays on the disk and in the run's row: the version, the pictures, each epoch's checkpoint, and at last
the outcome, from which on only rows are to be written.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from webapp.code_version import code_version
from webapp.config import POSE_MODELS
from webapp.core.errors import InvalidInputError, ModelUnavailableError, NotFoundError, sentence
from webapp.datasets.picture_store import write_anew
from webapp.db.base import db
from webapp.db.datasets import Dataset
from webapp.db.engine import transaction
from webapp.db.runs import TrainingRun
from webapp.jobs.context import JobCancelledError, JobContext
from webapp.jobs.registry import EXPORTING, JUDGING
from webapp.jobs.running import DATABASE_FAULTS, JobLostError
from webapp.jobs.teacher_baseline import teacher_baseline
from webapp.jobs.train_data import write_archive
from webapp.jobs.train_watch import RunWatch
from webapp.services.dataset_access import skeleton_of
from webapp.services.dataset_versions import freeze
from webapp.services.run_files import EVALUATION, OUTCOME, forget_data, note_beginning, run_dir
from webapp.services.runs import settings_of, usage_of
from webapp.training.archive import TrainingData, read_archive
from webapp.training.baselines import TeacherFound, evaluation, tested_on
from webapp.training.card import card_of_model
from webapp.training.checkpoints import read_state
from webapp.training.config import RunSettings
from webapp.training.forms import export_forms
from webapp.training.hardware import peak_memory_mb
from webapp.training.journal import Journal
from webapp.training.predicting import found_by
from webapp.training.records import ARCHIVE, BEST, EXPORTS, NOTHING_BETTER, EpochResult, Trained, TrainingFailedError
from webapp.training.train import train
from webapp.vision.keras_network import load_keras_network
from webapp.vision.own_card import OwnModelCard

logger = logging.getLogger(__name__)
_NAME_MAX = 30


def run_train(context: JobContext) -> Mapping[str, object]:
    """Train, judge, export. The run's row has the results at the moment at which its job has ended.

    InvalidInputError where the dataset cannot be trained on, TrainingFailedError where nothing came of the training; a
    training that fails later ends as failed too, with its best network judged and exported.
    """
    run = _run_of(context)
    if note_beginning(run.folder):
        Journal(run.folder).say("begun again: its process ended before the run did")
    return _to_its_end(context, run)


@dataclass(frozen=True)
class _Run:
    """What is known of the run when an attempt begins."""

    run_id: str
    name: str
    settings: RunSettings
    folder: Path
    version_id: str


def _to_its_end(context: JobContext, run: _Run) -> Mapping[str, object]:
    outcome = _kept_outcome(run.folder)
    if outcome is None:
        outcome = _outcome(context, run)
        _keep_outcome(run.folder, outcome)
    forget_data(context.job_id)
    result: Mapping[str, object] = {"message": outcome["message"], "run_id": run.run_id}
    with transaction() as session:
        row = session.get_one(TrainingRun, run.run_id)
        row.metrics, row.usage = (json.dumps(outcome[key]) if outcome[key] else None for key in ("metrics", "usage"))
        context.end(session, str(outcome["state"]), str(outcome["message"]), result)
    (run.folder / OUTCOME).unlink()
    return result


def _run_of(context: JobContext) -> _Run:
    """With the dataset frozen for it, once."""
    run_id = str(context.parameters.get("run_id"))
    with transaction() as session:
        row = session.get(TrainingRun, run_id)
        if row is None:
            raise NotFoundError("the run was deleted")
        if row.version_id is None:
            row.version_id = freeze(session, row.dataset_id, "run", "", context.created_by).id
        row.code_version = code_version()
        return _Run(run_id, row.name, settings_of(row), run_dir(context.settings, run_id), row.version_id)


def _outcome(context: JobContext, run: _Run) -> dict[str, Any]:
    """How it ended, for the rows: state, message, metrics and usage."""
    data = _data(context, run)
    try:
        trained = _trained(context, run, data)
    except TrainingFailedError as error:
        if not (run.folder / BEST).is_file():
            raise
        metrics = _judged_if_can_be(context, run, data)
        judged = "" if metrics is None else " Its best network until then was judged and exported all the same."
        message = f"{sentence(str(error))}{judged}"
        return {"state": "failed", "message": message, "metrics": metrics, "usage": _used(_told_usage(run))}
    metrics = _judged(context, run, data)
    usage = _used(asdict(trained.usage) | {"because": trained.because})
    return {
        "state": "succeeded",
        "message": closing_message(metrics, trained.because),
        "metrics": metrics,
        "usage": usage,
    }


def _told_usage(run: _Run) -> Mapping[str, Any] | None:
    """What training took until it failed, as its watch was told."""
    usage = usage_of(db.session.get_one(TrainingRun, run.run_id, populate_existing=True))
    db.session.rollback()
    return usage


def _used(training: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """With the memory that judging and exporting took."""
    return training and {**training, "peak_memory_mb": max(training["peak_memory_mb"], peak_memory_mb())}


def _data(context: JobContext, run: _Run) -> TrainingData:
    told = write_archive(context, run.version_id, run.settings, run.folder)
    with transaction() as session:
        session.get_one(TrainingRun, run.run_id).data = json.dumps(told, ensure_ascii=False)
        skeleton = skeleton_of(session.get_one(Dataset, context.dataset_id))
    # an archive does not say what its skeleton is called
    return replace(read_archive(run.folder / ARCHIVE), skeleton=skeleton)


def _trained(context: JobContext, run: _Run, data: TrainingData) -> Trained:
    watch = RunWatch(context, run.run_id, run.folder, data, run.settings.epochs)
    _tell_missed(run, watch)
    context.begin("Preparing the network", None)
    threads = _threads(context)
    return train(data, run.settings, run.folder, context.settings.weights_dir, watch, threads=threads)


def _tell_missed(run: _Run, watch: RunWatch) -> None:
    """The epoch whose checkpoint was on the disk when a crash came before its row was written."""
    state = read_state(run.folder)
    if state is None:
        return
    told = db.session.get_one(TrainingRun, run.run_id).epoch
    db.session.rollback()
    for each in state["epochs"]:
        if each["epoch"] > told:
            watch.epoch(EpochResult(**each))


def _judged(context: JobContext, run: _Run, data: TrainingData) -> dict[str, object]:
    """The evaluation of the best network, kept as a file as well, with all its forms."""
    card = card_of_model(_model_name(run.name), run.settings, data.skeleton)
    rows = data.rows(tested_on(data))
    context.begin(JUDGING, None)
    network = load_keras_network(run.folder / BEST, _threads(context))
    found = found_by(network, card, data, rows, context.look)
    teacher, notes = _teacher(context, run, data, [data.sample_ids[row] for row in rows])
    context.begin(EXPORTING, None)
    forms = _exported(context, run, data, card)
    told = evaluation(found, data, teacher, forms, notes)
    write_anew(run.folder / EVALUATION, json.dumps(told, indent=1, allow_nan=False).encode())
    return told


def _teacher(
    context: JobContext, run: _Run, data: TrainingData, sample_ids: Sequence[str]
) -> tuple[TeacherFound | None, Sequence[str]]:
    """What the teacher says of the samples; without it the run is judged all the same, with a note."""
    name = run.settings.teacher
    if name is None:
        return None, ()
    try:
        return teacher_baseline(context, name, run.version_id, data.skeleton, sample_ids), ()
    except (ModelUnavailableError, InvalidInputError) as error:
        return None, (f"it was not compared with {name}: {error}",)


def _exported(context: JobContext, run: _Run, data: TrainingData, card: OwnModelCard) -> list[dict[str, object]]:
    folder, threads = run.folder / EXPORTS, _threads(context)
    made = export_forms(run.folder / BEST, card, data, folder, threads=threads, look=context.look)
    return [form.as_json() for form in made]


def _judged_if_can_be(context: JobContext, run: _Run, data: TrainingData) -> dict[str, object] | None:
    """Of a training that has failed: the reason for that counts, not what then fails for the same."""
    try:
        return _judged(context, run, data)
    except (JobCancelledError, JobLostError, *DATABASE_FAULTS):
        raise
    except Exception:  # a GPU whose memory was too small is so for TensorFlow's judging, too, with errors of its own
        logger.exception("the run %s could not be judged after its training had failed", run.run_id)
        return None


def closing_message(metrics: Mapping[str, Any], because: str) -> str:
    """How good it is, and what to do next. because: why training ended, as Trained says."""
    reached, mean = metrics["model"]["pck02"], metrics["mean_pose"]["pck02"]
    if reached is None or mean is None:
        return f"It has learned, but nothing can be said of how well: {metrics['reasons'][0]}."
    text = (
        f"PCK@0.2 of {100 * reached:.1f} % on the {metrics['split']} split, where the mean pose has {100 * mean:.1f} %"
    )
    if metrics["worth_activating"]:
        return f"{text}: register one of its forms to use it."
    if because.startswith(NOTHING_BETTER):
        return f"{text}: it is not worth using yet; add labels of more people. Longer would not help: {because}."
    return f"{text}: it is not worth using yet; add labels of more people, or train it longer."


def _model_name(name: str) -> str:
    """The run's name as a model's folder may be called."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower())[:_NAME_MAX].strip("-")
    return plain if plain and plain not in POSE_MODELS else "trained"


def _keep_outcome(folder: Path, outcome: Mapping[str, Any]) -> None:
    try:
        write_anew(folder / OUTCOME, json.dumps(outcome, allow_nan=False).encode())
    except OSError as error:
        if outcome["state"] == "failed":  # mostly for the same full disk, which it says already, and better
            raise TrainingFailedError(outcome["message"]) from error
        raise


def _kept_outcome(folder: Path) -> dict[str, Any] | None:
    """Of an attempt before; None where it came to none."""
    try:
        outcome: dict[str, Any] = json.loads((folder / OUTCOME).read_bytes())
    except FileNotFoundError:
        return None
    return outcome


def _threads(context: JobContext) -> int:
    return context.settings.training_threads or os.cpu_count() or 1
