"""A run whose process is killed goes on in another one as if nothing had been; a full disk ends it with the reason."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from webapp.training.records import BEST, HISTORY
from webapp.vision.keras_network import read_keras_model

pytestmark = pytest.mark.timeout(900)  # processes that each load TensorFlow, on a machine that may be busy
SMALL: Mapping[str, object] = {"side_px": 32, "epochs": 3, "batch_size": 8, "pretrained": False}
RESNET: Mapping[str, object] = {
    "network": "resnet50",
    "family": "regression",
    "loss": "wing",
    "side_px": 32,
    "epochs": 2,
    "batch_size": 12,
    "pretrained": False,
}


def process(folder: Path, settings: Mapping[str, object], *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.training.running", str(folder), json.dumps(dict(settings)), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def kill_at(folder: Path, settings: Mapping[str, object], epoch: int, batch: int) -> None:
    """Run it, and SIGKILL its process when it says that it is there."""
    running = process(folder, settings)
    assert running.stdout is not None
    with running:
        for line in running.stdout:
            if json.loads(line) == {"epoch": epoch, "batch": batch}:
                os.kill(running.pid, signal.SIGKILL)
                break
    assert running.returncode == -signal.SIGKILL


def said(folder: Path, settings: Mapping[str, object], *more: str) -> list[dict[str, Any]]:
    """Run it to its end."""
    running = process(folder, settings, *more)
    lines, _ = running.communicate(timeout=600)
    assert running.returncode == 0
    return [json.loads(line) for line in lines.splitlines()]


def curve(folder: Path) -> list[list[float]]:
    with (folder / HISTORY).open() as file:
        return [[float(row[name]) for name in ("train_loss", "val_loss", "pck")] for row in csv.DictReader(file)]


@pytest.mark.parametrize("settings", [SMALL, RESNET], ids=["small", "resnet50"])
def test_a_killed_run_goes_on_with_the_curve_of_an_undisturbed_one(
    tmp_path: Path, settings: Mapping[str, object]
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    said(whole, settings)
    kill_at(killed, settings, epoch=2, batch=1)
    assert len(curve(killed)) == 1

    ended = said(killed, settings)[-1]

    assert ended["epochs"] == settings["epochs"]
    for there, wanted in zip(curve(killed), curve(whole), strict=True):
        assert there == pytest.approx(wanted, rel=1e-3)


def test_a_disk_that_fills_up_ends_a_run_with_the_reason_and_it_goes_on_when_there_is_room(tmp_path: Path) -> None:
    full = said(tmp_path, SMALL, "full disk after epoch 1")[-1]

    assert full["failed"].startswith("the disk is full")
    read_keras_model(tmp_path / BEST)
    assert len(curve(tmp_path)) == 1
    again = said(tmp_path, SMALL)
    assert next(each["epoch"] for each in again if "batch" in each) == 2
    assert again[-1]["epochs"] == 3
