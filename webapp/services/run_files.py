"""The folders of training runs in the instance directory: what each holds, and when which of it goes."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from flask import current_app
from sqlalchemy import select

from webapp.config import Settings
from webapp.datasets.picture_store import SCRATCH_PREFIX, write_anew
from webapp.db.base import db
from webapp.db.jobs import ENDED, Job
from webapp.db.runs import TrainingRun
from webapp.training.journal import Journal
from webapp.training.records import ARCHIVE, EXPORTS, HALF_EXPORTED, HALF_WRITTEN, HISTORY, LAST, LOG

EVALUATION = "evaluation.json"
OUTCOME = "outcome.json"
"""How a run ended, while its rows do not say so yet."""
BEGAN_AT = "began_at.json"
"""In a run's folder: how far the run was when its latest attempt began."""
CANCELLED = "the run was cancelled"
"""The last line of a cancelled run's log."""
LEFT_AFTER_S = 3600.0
"""A folder without a row may be of a run that is just being asked for; one so old is not."""


def runs_dir(settings: Settings) -> Path:
    return settings.instance_dir / "runs"


def run_dir(settings: Settings, run_id: str) -> Path:
    """Where everything of one run lies; made when the run begins."""
    return runs_dir(settings) / run_id


def run_ids_of(job_ids: Iterable[str]) -> list[str]:
    """The runs that these jobs are of."""
    return list(db.session.scalars(select(TrainingRun.id).where(TrainingRun.job_id.in_(list(job_ids)))))


def delete_run_folders(run_ids: Iterable[str]) -> None:
    """After the commit of what deleted their rows."""
    for run_id in run_ids:
        shutil.rmtree(run_dir(_settings(), run_id), ignore_errors=True)


def forget_data(job_id: str) -> None:
    """Delete what only a run that goes on needs: its pictures, and where it would go on. What it reached stays."""
    for run_id in run_ids_of([job_id]):
        _forget_data(run_dir(_settings(), run_id))
    db.session.rollback()


def undo_run(job_id: str) -> None:
    """After a run that was cancelled or has failed: what it does not need any more goes, and the log tells of a cancel.

    Once, however often it is called: a process that is forced to end has no time to say it.
    """
    cancelled = db.session.scalar(select(Job.cancel_asked).where(Job.id == job_id))
    forget_data(job_id)
    for run_id in run_ids_of([job_id]) if cancelled else ():
        _say_cancelled(run_dir(_settings(), run_id))
    db.session.rollback()


def sweep_runs() -> None:
    """Delete folders that no row names, and the pictures of runs that have ended, where a crash left them."""
    settings = _settings()
    for folder in runs_dir(settings).glob("*"):
        state = db.session.scalar(
            select(Job.state).join(TrainingRun, TrainingRun.job_id == Job.id).where(TrainingRun.id == folder.name)
        )
        if state in ENDED:
            _forget_data(folder)
            (folder / OUTCOME).unlink(missing_ok=True)
        elif state is None and time.time() - folder.stat().st_mtime > LEFT_AFTER_S:
            shutil.rmtree(folder, ignore_errors=True)
    db.session.rollback()


def note_beginning(folder: Path) -> bool:
    """Keep in the run's folder where this attempt begins, for `came_further`; whether one had begun before."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    again = (folder / BEGAN_AT).is_file() or (folder / OUTCOME).is_file()
    write_anew(folder / BEGAN_AT, json.dumps(_place(folder)).encode())
    return again


def came_further(job_id: str) -> bool:
    """Whether the latest attempt at this run got beyond where it had begun."""
    for run_id in run_ids_of([job_id]):
        folder = run_dir(_settings(), run_id)
        try:
            began_at = json.loads((folder / BEGAN_AT).read_bytes())
        except (OSError, ValueError):  # it died before it could say where it began
            return False
        return bool(_place(folder) > began_at)
    return False


def _place(folder: Path) -> list[object]:
    """How far a run is: its pictures packed, so many epochs in its history, so many files exported, its outcome."""
    history = folder / HISTORY
    lines = len(history.read_bytes().splitlines()) if history.is_file() else 0
    exported = len([*(folder / EXPORTS).glob("[!.]*")])
    return [(folder / ARCHIVE).is_file(), lines, exported, (folder / OUTCOME).is_file()]


def _forget_data(folder: Path) -> None:
    for path in (folder / ARCHIVE, folder / BEGAN_AT, *folder.glob(f"{SCRATCH_PREFIX}*")):
        path.unlink(missing_ok=True)
    for path in folder.glob(f"{HALF_WRITTEN}*"):
        path.unlink(missing_ok=True)
    for left in (folder / LAST, *(folder / EXPORTS).glob(f"{HALF_EXPORTED}*")):
        shutil.rmtree(left, ignore_errors=True)


def _say_cancelled(folder: Path) -> None:
    log = folder / LOG
    if folder.is_dir() and not (log.is_file() and log.read_text("utf-8").endswith(f"{CANCELLED}\n")):
        with suppress(OSError):  # a full disk makes no failure of a cancelled run
            Journal(folder).say(CANCELLED)


def _settings() -> Settings:
    settings: Settings = current_app.config["MOVEPRINT_SETTINGS"]
    return settings
