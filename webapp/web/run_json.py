"""Training runs as JSON: in lists, on their own page, and while they go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from flask import current_app, url_for

from webapp.db.runs import RunEpoch, TrainingRun
from webapp.services import dataset_jobs, jobs, run_comparison, runs
from webapp.services.run_files import EVALUATION, run_dir
from webapp.training.records import BEST, EXPORTS, HISTORY, LOG, PREDICTIONS, TENSORBOARD

LOG_BYTES = 6000
"""Of the end of the log that the page shows."""
FILES = {
    HISTORY: "every epoch, as a table",
    LOG: "what it wrote while it went on",
    EVALUATION: "what this page shows of the test",
    PREDICTIONS: "the examples",
    runs.TENSORBOARD_ZIP: "for TensorBoard",
    BEST: "the network, for Keras",
}


def summary(run: TrainingRun) -> dict[str, object]:
    """A run in a list."""
    settings, metrics = runs.settings_of(run), runs.metrics_of(run)
    return {
        "run_id": run.id,
        "run_url": url_for("runs.detail", run_id=run.id),
        "dataset_id": run.dataset_id,
        "dataset_version": run.version and run.version.number,
        "name": run.name,
        "state": run.job.state,
        "message": run.job.message,
        "network": settings.network,
        "family": settings.family,
        "epoch": run.epoch,
        "epochs": settings.epochs,
        "best_epoch": run.best_epoch,
        "best_pck": run.best_pck,
        "test_pck": test_pck(metrics),
        "created_at": run.created_at.isoformat(),
    }


def whole(run: TrainingRun) -> dict[str, object]:
    """A run with everything that is known of it."""
    return {
        **summary(run),
        "settings": runs.settings_of(run).as_json(),
        "data": runs.data_of(run),
        "usage": runs.usage_of(run),
        "metrics": runs.metrics_of(run),
        "code_version": run.code_version,
    }


def progress(run: TrainingRun, after: int) -> dict[str, object]:
    """How far it is. new_epochs: those after that one; predictions: changes when there are other examples to draw."""
    job, settings = run.job, runs.settings_of(run)
    new_epochs = runs.epochs_of(run.id, after)
    training = job.state == "running" and job.step.startswith("Training")
    return {
        "state": job.state,
        "ended": jobs.has_ended(job),
        "cancelling": job.cancel_asked and not jobs.has_ended(job),
        "queue_place": dataset_jobs.waiting_before(job) + 1 if job.state == "queued" else None,
        "step": job.step,
        "message": job.message,
        "epoch": run.epoch,
        "epochs": settings.epochs,
        "batch": jobs.done_of(job),
        "batches": job.total,
        "training": training,
        "time_left_s": runs.time_left_s(run) if training else None,
        "time_share": runs.time_share(run) if training else None,
        "best_epoch": run.best_epoch,
        "best_pck": run.best_pck,
        "new_epochs": [epoch(one) for one in new_epochs],
        "data_known": run.data is not None,
        "usage": runs.usage_of(run),
        "pictures_per_s": _pictures_per_s(run, new_epochs),
        "predictions": _predictions(run.id),
        "log": _log_tail(run.id),
    }


def epoch(one: RunEpoch) -> dict[str, object]:
    """What an epoch reached."""
    return {
        "epoch": one.epoch,
        "train_loss": one.train_loss,
        "val_loss": one.val_loss,
        "train_pck": one.train_pck,
        "pck": one.pck,
        "learning_rate": one.learning_rate,
        "seconds": one.seconds,
        "data_share": one.data_share,
        "memory_mb": one.memory_mb,
    }


def test_pck(metrics: Mapping[str, Any] | None) -> float | None:
    """PCK@0.2 on the test split, 0..1; None where that was not evaluated, or there were too few people for one."""
    model = run_comparison.tested(metrics)
    return cast("float | None", model.get("pck02"))


def files_of(run: TrainingRun, may_edit: bool) -> list[dict[str, object]]:
    """What can be downloaded: name, what it is, and its size where it is a file already."""
    folder = _folder(run.id)
    told = [(name, what) for name, what in FILES.items() if may_edit or name in runs.TOLD_FILES]
    found: list[dict[str, object]] = [
        {"name": name, "what": what, "size_bytes": path.stat().st_size}
        for name, what in told
        if (path := folder / name).is_file() and name != runs.TENSORBOARD_ZIP
    ]
    if (folder / TENSORBOARD).is_dir():
        found.append({"name": runs.TENSORBOARD_ZIP, "what": FILES[runs.TENSORBOARD_ZIP], "size_bytes": None})
    if may_edit:
        found += [
            {
                "name": f"{EXPORTS}/{path.name}",
                "what": "for a camera without the server",
                "size_bytes": path.stat().st_size,
            }
            for path in sorted((folder / EXPORTS).glob("*.zip"))
        ]
    return found


def _pictures_per_s(run: TrainingRun, epochs: Sequence[RunEpoch]) -> float | None:
    """What it learned from in the newest epoch, by the time that took with its validation; None where none is new."""
    count = ((runs.data_of(run) or {}).get("samples") or {}).get("train")
    return count / epochs[-1].seconds if count and epochs and epochs[-1].seconds > 0 else None


def _predictions(run_id: str) -> str | None:
    path = _folder(run_id) / PREDICTIONS
    return str(path.stat().st_mtime_ns) if path.is_file() else None


def _folder(run_id: str) -> Path:
    return run_dir(current_app.config["MOVEPRINT_SETTINGS"], run_id)


def _log_tail(run_id: str) -> str:
    """Its last lines, whole ones."""
    path = _folder(run_id) / LOG
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - LOG_BYTES))
        tail = file.read(LOG_BYTES).decode("utf-8", "replace")
    return tail if size <= LOG_BYTES else tail.partition("\n")[2]
