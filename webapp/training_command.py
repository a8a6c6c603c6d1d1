"""`python -m webapp train` and `python -m webapp runs`: training runs from the command line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

from sqlalchemy import select

from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.datasets_named import named_dataset, owner_of
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Dataset
from webapp.db.jobs import Job
from webapp.db.runs import TrainingRun
from webapp.db.schema import require_latest
from webapp.db.standalone import database_app
from webapp.job_here import run_here
from webapp.native_noise import without_native_noise
from webapp.run_tables import NOTHING, accuracy_lines, epoch_lines, form_lines, usage_line
from webapp.runs_named import named_run, owner_of_run, short_id
from webapp.services import model_versions, runs
from webapp.training.config import run_settings
from webapp.training_options import said_settings


def train(arguments: argparse.Namespace, settings: Settings) -> tuple[int, str]:
    """Train in this process; exit status and the text to print."""
    wanted = run_settings(said_settings(arguments))
    with database_app(settings).app_context():
        require_latest()
        dataset = named_dataset(arguments)
        owner, name = owner_of(dataset), arguments.name or runs.free_name(dataset.id)
        asked = runs.ask_run(owner, dataset.id, name, wanted, draft=True)
        run_id = asked.id
        with without_native_noise():
            job = run_here(settings, owner, asked.job_id)
        run = runs.run_for(owner, run_id)
        text = json.dumps(_as_json(run)) if arguments.json else "\n".join(_shown(run))
        return (0 if job.state == "succeeded" else 1), text


def run(arguments: argparse.Namespace, settings: Settings) -> tuple[int, str]:
    """Carry out one command of `runs`; exit status and the text to print."""
    with database_app(settings).app_context():
        require_latest()
        return 0, _COMMANDS[arguments.action](arguments)


def _list(arguments: argparse.Namespace) -> str:
    query = select(TrainingRun).join(Job, Job.id == TrainingRun.job_id).where(Job.state != "draft")
    if arguments.dataset:
        query = query.where(TrainingRun.dataset_id == named_dataset(arguments).id)
    found = db.session.scalars(query.order_by(TrainingRun.created_at.desc()).limit(runs.MAX_SHOWN)).all()
    lines = [_line(each) for each in found]
    return "\n".join(lines) or "There is no training run yet; python -m webapp train --dataset NAME"


def _line(run: TrainingRun) -> str:
    metrics = runs.metrics_of(run)
    reached = None if metrics is None else metrics["model"]["pck02"]
    tested = NOTHING if reached is None else f"{100 * reached:.1f} %"
    epochs = f"{run.epoch}/{runs.settings_of(run).epochs}"
    dataset = db.session.get_one(Dataset, run.dataset_id).name
    return f"{short_id(run)}  {run.job.state:<9}  {epochs:>9}  {tested:>7}  {dataset:<24} {run.name}"


def _show(arguments: argparse.Namespace) -> str:
    run = named_run(arguments.run_named)
    return json.dumps(_as_json(run)) if arguments.json else "\n".join(_shown(run))


def _shown(run: TrainingRun) -> Iterator[str]:
    version = "" if run.version is None else f", version {run.version.number}"
    yield f"{run.name} ({short_id(run)}): {run.job.state}"
    yield f"dataset {db.session.get_one(Dataset, run.dataset_id).name}{version}; code {run.code_version}"
    if epochs := runs.epochs_of(run.id):
        yield from ("", *epoch_lines(epochs))
    if usage := runs.usage_of(run):
        yield from ("", usage_line(usage))
    metrics = runs.metrics_of(run)
    if metrics is not None:
        yield from ("", *accuracy_lines(metrics))
        yield from ("", *form_lines(metrics)) if metrics["forms"] else ()
    if run.job.message:
        yield from ("", run.job.message)


def _as_json(run: TrainingRun) -> dict[str, object]:
    return {
        "run_id": run.id,
        "name": run.name,
        "state": run.job.state,
        "message": run.job.message,
        "epochs": run.epoch,
        "best_epoch": run.best_epoch,
        "best_pck": run.best_pck,
        "code_version": run.code_version,
        "settings": runs.settings_of(run).as_json(),
        "data": runs.data_of(run),
        "metrics": runs.metrics_of(run),
        "usage": runs.usage_of(run),
    }


def _cancel(arguments: argparse.Namespace) -> str:
    run = named_run(arguments.run_named)
    cancelled = runs.cancel_run(owner_of_run(run), run.id)
    return f"{cancelled.name} is {'ending' if cancelled.job.state == 'running' else cancelled.job.state}."


def _register(arguments: argparse.Namespace) -> str:
    run = named_run(arguments.run_named)
    actor = _administrator(owner_of_run(run))
    version = model_versions.register(actor, run.id, arguments.name, arguments.form, arguments.note)
    if not arguments.activate:
        return f"{version.pose_model} is installed; activate it on the page of models, or name it in a setting"
    model_versions.activate(actor, version.id)
    return f"{version.pose_model} is installed and used from now on."


def _remove(arguments: argparse.Namespace) -> str:
    run = named_run(arguments.run_named)
    name = run.name
    runs.delete_run(owner_of_run(run), run.id)
    return f"{name} is deleted."


def _administrator(preferred: User) -> User:
    """As whom a command chooses models."""
    if preferred.may_act_as("admin"):
        return preferred
    accounts = db.session.scalars(select(User).where(User.active).order_by(User.id))
    admin = next((account for account in accounts if account.may_act_as("admin")), None)
    if admin is None:
        raise InvalidInputError("there is no administrator yet; python -m webapp user role USERNAME admin")
    return admin


_COMMANDS = {"list": _list, "show": _show, "cancel": _cancel, "register": _register, "remove": _remove}
