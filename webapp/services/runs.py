"""Training runs as people see them: asked for, watched, cancelled, deleted. What trains is in webapp.jobs.train."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from flask import current_app
from sqlalchemy import delete, func, select

from webapp.code_version import code_version
from webapp.config import Settings
from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.datasets.archives import zip_written
from webapp.db.accounts import User
from webapp.db.base import db, new_id
from webapp.db.datasets import Dataset
from webapp.db.engine import transaction
from webapp.db.jobs import Job
from webapp.db.runs import RunEpoch, TrainingRun
from webapp.services import jobs, run_files
from webapp.services.dataset_access import Need, dataset_for, level_of, visible_to
from webapp.services.dataset_jobs import require_teacher
from webapp.services.names import clean_name
from webapp.services.run_files import EVALUATION, run_dir
from webapp.training.config import RunSettings, run_settings
from webapp.training.records import BEST, EXPORTS, HISTORY, LOG, PREDICTIONS, TENSORBOARD

MAX_SHOWN = 200
"""Runs that a list shows, the newest first."""
NO_NAME = "a run needs a name; say what is tried with it"
TENSORBOARD_ZIP = f"{TENSORBOARD}.zip"
TOLD_FILES = (HISTORY, LOG, PREDICTIONS, EVALUATION, TENSORBOARD_ZIP)
"""What everybody may have who may look at the dataset; networks are for those who may also take from it."""
_RECENT = 5


def ask_run(actor: User, dataset_id: str, name: str, settings: RunSettings, draft: bool = False) -> TrainingRun:
    """Have a run begin as soon as there is room; a draft is begun by whoever asks.

    InvalidInputError where the actor has too many jobs that wait or run, or the teacher is none for this dataset.
    """
    dataset_for(actor, dataset_id, "edit")
    name = clean_name(name, NO_NAME)
    if settings.teacher is not None:
        require_teacher(actor, dataset_id, settings.teacher)
    run_id = new_id()
    with transaction() as session:
        parameters = {"run_id": run_id}
        job_id = jobs.add_job(session, actor, "train", dataset_id, parameters=parameters, draft=draft).id
        session.add(
            TrainingRun(
                id=run_id,
                job_id=job_id,
                dataset_id=dataset_id,
                name=name,
                settings=json.dumps(settings.as_json()),
                code_version=code_version(),
            )
        )
    if not draft:
        jobs.ring(job_id)
    return run_for(actor, run_id)


def run_for(actor: User, run_id: str, need: Need = "look") -> TrainingRun:
    """The run as it is now, for who may do that with its dataset; NotFoundError where they may not even look."""
    run = db.session.get(TrainingRun, run_id, populate_existing=True)
    dataset = None if run is None else db.session.get(Dataset, run.dataset_id)
    if run is None or dataset is None or level_of(actor, dataset) is None:
        raise NotFoundError(f"there is no training run {run_id!r:.40} that you may look at")
    dataset_for(actor, run.dataset_id, need)
    return run


def runs_of(actor: User, dataset_id: str | None) -> Sequence[TrainingRun]:
    """Those of a dataset, or of every one that the actor may look at; the newest first, at most MAX_SHOWN."""
    query = select(TrainingRun).join(Job, Job.id == TrainingRun.job_id).where(Job.state != "draft")
    if dataset_id is None:
        query = query.join(Dataset, Dataset.id == TrainingRun.dataset_id).where(visible_to(actor))
    else:
        query = query.where(TrainingRun.dataset_id == dataset_for(actor, dataset_id, "look").id)
    return db.session.scalars(query.order_by(TrainingRun.created_at.desc(), TrainingRun.id).limit(MAX_SHOWN)).all()


def free_name(dataset_id: str) -> str:
    """Run 1, or the next that no run of the dataset is called."""
    taken = set(db.session.scalars(select(TrainingRun.name).where(TrainingRun.dataset_id == dataset_id)))
    return next(name for number in count(len(taken) + 1) if (name := f"Run {number}") not in taken)


def epochs_of(run_id: str, after: int = 0) -> Sequence[RunEpoch]:
    """What each epoch reached, from the one after `after` on. Who may see the run is asked with `run_for`."""
    query = select(RunEpoch).where(RunEpoch.run_id == run_id, RunEpoch.epoch > after)
    return db.session.scalars(query.order_by(RunEpoch.epoch)).all()


def settings_of(run: TrainingRun) -> RunSettings:
    return run_settings(json.loads(run.settings))


def metrics_of(run: TrainingRun) -> Mapping[str, Any] | None:
    """The evaluation; None until there is one."""
    return _object(run.metrics)


def data_of(run: TrainingRun) -> Mapping[str, Any] | None:
    """What it was trained on; None until that is known."""
    return _object(run.data)


def usage_of(run: TrainingRun) -> Mapping[str, Any] | None:
    """What it used of the machine; None until it has trained."""
    return _object(run.usage)


def time_left_s(run: TrainingRun) -> float | None:
    """Seconds until the last epoch that its settings allow, an upper bound: it may stop before. None where unknown."""
    if run.job.state != "running":
        return None
    query = select(RunEpoch.seconds).where(RunEpoch.run_id == run.id).order_by(RunEpoch.epoch.desc())
    took_s = db.session.scalars(query).all()
    epoch_s = median(took_s[:_RECENT]) if took_s else _first_epoch_s(run)
    if epoch_s is None:
        return None
    settings, job = settings_of(run), run.job
    share = min(jobs.done_of(job) / job.total, 1.0) if job.total else 0.0
    left_s = epoch_s * (settings.epochs - run.epoch - share)
    if settings.max_minutes is not None:
        left_s = min(left_s, settings.max_minutes * 60 - sum(took_s) - jobs.step_s(job))
    return max(left_s, 0.0)


def time_share(run: TrainingRun) -> float | None:
    """How much of the longest time that its settings allow has gone by, 0..1; None without one."""
    longest_min = settings_of(run).max_minutes
    if longest_min is None:
        return None
    took_s = db.session.scalar(select(func.sum(RunEpoch.seconds)).where(RunEpoch.run_id == run.id)) or 0.0
    return min((took_s + jobs.step_s(run.job)) / (60 * longest_min), 1.0)


def _first_epoch_s(run: TrainingRun) -> float | None:
    """What the first epoch will take with its validation, by its batches so far; None before the second of them."""
    done, total = jobs.done_of(run.job), run.job.total
    samples = (data_of(run) or {}).get("samples") or {}
    if done < 2 or not total or not samples.get("train"):
        return None
    # the step begins when the first batch has ended, which waited for its graph; of a validation none is slower
    batch_s, with_validation = jobs.step_s(run.job) / (done - 1), 1 + samples.get("validation", 0) / samples["train"]
    return float(batch_s * total * with_validation)


def cancel_run(actor: User, run_id: str) -> TrainingRun:
    """End it within a batch. What it reached by then stays, its best network too."""
    run = run_for(actor, run_id, "edit")
    jobs.cancel_job(actor, run.job_id)
    return run_for(actor, run_id)


def delete_run(actor: User, run_id: str) -> None:
    """With everything of it but the versions that were registered. InvalidInputError while it waits or goes on."""
    run = run_for(actor, run_id, "edit")
    with transaction() as session:
        job = jobs.job_for(actor, run.job_id, "edit", session)
        if job.state in jobs.UNENDED:
            raise InvalidInputError(f"the run {run.name} has not ended; cancel it first")
        session.execute(delete(Job).where(Job.id == job.id))
    run_files.delete_run_folders([run_id])


def run_file(actor: User, run_id: str, name: str) -> Path:
    """A file of the run by its name: one of TOLD_FILES, best.keras, or exports/NAME.

    NotFoundError where there is none of this name, or not yet.
    """
    run = run_for(actor, run_id, "look" if name in TOLD_FILES else "edit")
    folder = run_dir(_settings(), run.id)
    if name == TENSORBOARD_ZIP:
        return _tensorboard_zip(folder)
    exported = [f"{EXPORTS}/{path.name}" for path in (folder / EXPORTS).glob("*")]
    if name not in (*TOLD_FILES, BEST, *exported) or not (folder / name).is_file():
        raise NotFoundError(f"the run {run.name} has no file {name!r:.80}")
    return folder / name


def form_file(run: TrainingRun, form: str) -> Path:
    """The file of an exported form, its card beside it; InvalidInputError where the run has none, with the reason.

    Who may have it is asked with `run_for`.
    """
    told = next((each for each in (metrics_of(run) or {}).get("forms", ()) if each["form"] == form), None)
    name = None if told is None else told["file"]
    path = run_dir(_settings(), run.id) / EXPORTS / str(name)
    if name is None or not path.is_file():
        why = None if told is None else told["problem"]
        raise InvalidInputError(f"the run {run.name} has no {form} form" + (f": {why}" if why else ""))
    return path


def _tensorboard_zip(folder: Path) -> Path:
    events = sorted(path for path in (folder / TENSORBOARD).rglob("*") if path.is_file())
    if not events:
        raise NotFoundError("the run has written nothing for TensorBoard yet")
    path = folder / TENSORBOARD_ZIP
    newest = max(event.stat().st_mtime for event in events)
    if not path.is_file() or path.stat().st_mtime <= newest:
        with zip_written(path) as writer:
            for event in events:
                writer.copy(event.relative_to(folder).as_posix(), event)
    return path


def _object(text: str | None) -> Mapping[str, Any] | None:
    if text is None:
        return None
    value: object = json.loads(text)
    return value if isinstance(value, dict) else None


def _settings() -> Settings:
    settings: Settings = current_app.config["MOVEPRINT_SETTINGS"]
    return settings
