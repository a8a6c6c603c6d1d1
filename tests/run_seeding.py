"""Training runs as they are when a consumer has run them: rows, epochs and files, without training anything."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.dataset_seeding import Seeded
from webapp.core.skeleton import UPPER_BODY_6
from webapp.db.base import utc_now
from webapp.db.datasets import DatasetVersion
from webapp.db.engine import transaction
from webapp.db.jobs import Job
from webapp.db.runs import RunEpoch, TrainingRun
from webapp.training.config import run_settings
from webapp.training.records import BEST, EXPORTS, HISTORY, LOG, PREDICTIONS
from webapp.vision.own_card import OwnModelCard, PictureFormat, card_text
from webapp.vision.own_conversion import card_beside
from webapp.vision.weights import sha256_of

NAMES = UPPER_BODY_6.keypoints
EDGE = "arms"


def seed_run(
    arms: Seeded,
    owner_id: int | None,
    *,
    name: str = "First try",
    settings: Mapping[str, object] | None = None,
    state: str = "succeeded",
    epochs: int = 12,
    pck: float = 0.8,
    metrics: Mapping[str, Any] | None = None,
    message: str | None = "It learned for 12 epochs; the best is the 11th.",
    facts: bool = True,
    **job_values: object,
) -> str:
    """A run of the dataset, inside an app context; its id. pck: of the best epoch. facts: data is known already."""
    now, ended = utc_now(), state in {"succeeded", "failed", "cancelled"}
    with transaction() as session:
        version = session.query(DatasetVersion).filter_by(dataset_id=arms.dataset_id).first()
        if version is None:
            version = DatasetVersion(dataset_id=arms.dataset_id, number=1, reason="run", made_by=owner_id)
            version.change_number = 0
            session.add(version)
        job = Job(kind="train", dataset_id=arms.dataset_id, created_by=owner_id, state=state, parameters="{}")
        job.started_at, job.attempts, job.message = now, 1, message if ended else None
        job.ended_at = now if ended else None
        if state == "running":
            # so far ahead that no consumer takes it for silent, however slow the test is
            job.machine, job.pid, job.heartbeat_at = "elsewhere", 1, now + dt.timedelta(hours=1)
        for key, value in job_values.items():
            setattr(job, key, value)
        session.add(job)
        session.flush()
        run = TrainingRun(job_id=job.id, dataset_id=arms.dataset_id, version_id=version.id, name=name)
        run.settings = json.dumps(run_settings(settings or {}).as_json())
        run.code_version, run.epoch = "0.6.0 (abc1234)", epochs
        if epochs:
            run.best_epoch, run.best_pck = max(1, epochs - 1), pck
        run.data, run.usage = json.dumps(data_facts(arms)) if facts else None, json.dumps(USAGE)
        run.metrics = None if metrics is None else json.dumps(metrics)
        session.add(run)
        session.flush()
        job.parameters = json.dumps({"run_id": run.id})
        session.add_all(_epochs(run.id, epochs, pck))
        return run.id


def accuracy(pck: float) -> dict[str, Any]:
    """As an evaluation has it."""
    keypoints = [
        {"name": each, "labelled": 20, "pck01": pck * 0.7, "pck02": pck - 0.03 * place, "oks": pck - 0.1, "error": 0.1}
        for place, each in enumerate(NAMES)
    ]
    part = {"labelled": 60, "pck02": pck, "error": 0.1}
    hidden = {"labelled": 0, "pck02": None, "error": None}
    overall = {"pck01": pck * 0.7, "pck02": pck, "oks_ap": pck - 0.1, "error": 0.3 - 0.2 * pck}
    return {**overall, "keypoints": keypoints, "visible": part, "hidden": hidden}


def evaluation(arms: Seeded, pck: float = 0.78, **more: Any) -> dict[str, Any]:
    """A whole evaluation.json."""
    places = [[0.2 + 0.1 * place, 0.3 + 0.05 * place] for place in range(len(NAMES))]
    moved = [[x + 0.05, y - 0.02] for x, y in places]
    labelled: list[list[float] | None] = [*places[:-1], None]
    ids = arms.sample_ids
    worst = [
        {"sample_id": each, "error": 0.5 - 0.01 * place, "keypoints": moved, "labelled": labelled}
        for place, each in enumerate(ids[:24])
    ]
    return {
        "split": "test",
        "samples": 24,
        "reviewed": 24,
        "model": accuracy(pck),
        "mean_pose": accuracy(0.35),
        "teacher": {"name": "blazepose_full", "own_labels": 9, **accuracy(0.82)},
        "beats_mean_pose": True,
        "beats_teacher": False,
        "worth_activating": True,
        "reasons": ["It finds 43 points more than the mean pose."],
        "worst": worst,
        "forms": FORMS,
        **more,
    }


def write_files(folder: Path, arms: Seeded) -> None:
    """What a finished run has on the disk."""
    exports = folder / EXPORTS
    exports.mkdir(parents=True)
    for form in FORMS:
        if form["file"]:
            (exports / str(form["file"])).write_bytes(b"model of " + str(form["form"]).encode())
    _write_cards(exports)
    (folder / HISTORY).write_text("epoch,loss\n1,0.5\n", encoding="utf-8")
    (folder / LOG).write_text("Epoch 1: loss 0.5\nEpoch 12: loss 0.1\n", encoding="utf-8")
    (folder / BEST).write_bytes(b"keras")
    (folder / PREDICTIONS).write_text(json.dumps(predictions(arms.sample_ids)), encoding="utf-8")


def _write_cards(exports: Path) -> None:
    """Beside each form what it takes and answers."""
    for path in exports.glob("*.tflite"):
        picture = PictureFormat(64, 64, 1)
        card = OwnModelCard(path.stem, "regression", "model.tflite", sha256_of(path), picture, UPPER_BODY_6)
        card_beside(path).write_text(card_text(card), encoding="utf-8")


def predictions(sample_ids: Sequence[str]) -> dict[str, Any]:
    """As predictions.json: examples at epochs 5 and 10."""
    labelled = [[0.2 + 0.1 * place, 0.3 + 0.05 * place] for place in range(len(NAMES))]
    shown = sample_ids[:4]
    epochs = [
        {"epoch": number, "keypoints": [[[x + off, y + off] for x, y in labelled] for _ in shown]}
        for number, off in ((5, 0.2), (10, 0.04))
    ]
    return {"samples": [{"sample_id": each, "labelled": [*labelled[:-1], None]} for each in shown], "epochs": epochs}


def data_facts(arms: Seeded) -> dict[str, Any]:
    """What was trained on."""
    return {
        "samples": {"train": 60, "validation": 16, "test": 24},
        "people": {"train": 5, "validation": 1, "test": 2},
        "split_by": "person",
        "labelled": dict.fromkeys(NAMES, 90),
    }


USAGE = {
    "peak_memory_mb": 1234.5,
    "threads": 2,
    "device": "CPU",
    "pictures_per_s": 71.25,
    "data_share": 0.04,
    "seconds": 312.0,
    "pretrained": "It began with random weights: the small network has no published ones.",
    "because": "no better validation loss for 30 epochs",
}
FORMS: list[dict[str, Any]] = [
    {
        "form": form, "file": name, "size_bytes": size, "pck02": pck, "pck_loss_points": loss, "largest_px": largest,
        "mean_px": largest and largest / 4, "latency_ms": latency, "flagged": flagged, "problem": problem,
    }
    for form, name, size, pck, loss, largest, latency, flagged, problem in (
        ("keras", None, 4_100_000, 0.78, 0.0, 0.0, {"keras": 21.5}, None, None),
        ("float32", f"{EDGE}.float32.tflite", 4_000_000, 0.78, 0.0, 0.001, {"litert": 5.1}, None, None),
        ("float16", f"{EDGE}.float16.tflite", 2_000_000, 0.78, 0.0, 0.02, {"litert": 5.2}, None, None),
        ("int8", f"{EDGE}.int8.tflite", 1_100_000, 0.74, 4.0, 3.1, {"litert": 2.9}, "It loses 4 points.", None),
        ("onnx", None, None, None, None, None, {}, None, "ONNX has no such operator."),
    )
]  # fmt: skip


def _epochs(run_id: str, count: int, pck: float) -> list[RunEpoch]:
    return [
        RunEpoch(
            run_id=run_id,
            epoch=number,
            train_loss=1 / number,
            val_loss=1.2 / number + 0.02,
            train_pck=min(1.0, pck * number / count + 0.05),
            pck=pck * number / count,
            learning_rate=1e-3 if number < 8 else 5e-4,
            seconds=2.5,
            data_share=0.04,
            memory_mb=900 + number,
        )
        for number in range(1, count + 1)
    ]
