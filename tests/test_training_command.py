"""`train`, `runs` and `export` of a run as the machine's owner runs them: tables, JSON, exit statuses, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.dataset_seeding import seed_instance
from tests.test_accounts_command import Terminal, instance_dir, terminal
from webapp.config import ROOT
from webapp.vision.own_card import card_of, read_card
from webapp.vision.own_conversion import card_beside

__all__ = ("instance_dir", "terminal")

SMALL = ("--family", "regression", "--side", "32", "--batch-size", "8", "--dataset", "Arms")
PEOPLE = ("Anna", "Ben", "Cleo", "Dora")


@pytest.fixture(autouse=True)
def weights(instance_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Models of one's own are not put among those of this checkout."""
    monkeypatch.setenv("MOVEPRINT_WEIGHTS_DIR", str(instance_dir / "weights"))
    return instance_dir / "weights"


@pytest.fixture
def anna(terminal: Terminal, instance_dir: Path) -> str:
    """Somebody with a dataset, and who administers."""
    terminal.run(instance_dir, "user", "add", "anna", "--role", "admin", stdin="seven green bicycles\n")
    seed_instance(instance_dir, "anna", 40, states=("reviewed",), people=PEOPLE)
    return "anna"


def begun(instance_dir: Path, *arguments: str) -> subprocess.Popen[str]:
    """`train` in a process of its own: TensorFlow stays out of that of the tests."""
    environment = {
        **os.environ,
        "MOVEPRINT_INSTANCE_DIR": str(instance_dir),
        "MOVEPRINT_WEIGHTS_DIR": str(instance_dir / "weights"),
        "MOVEPRINT_TRAINING_THREADS": "1",
    }
    command = [sys.executable, "-m", "webapp", "train", *SMALL, *arguments]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # where ignored, the process would ignore it too
    try:
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    finally:
        signal.signal(signal.SIGINT, before)


def listed(terminal: Terminal, instance_dir: Path) -> str:
    return terminal.run(instance_dir, "runs", "list")[1]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_ends_a_run_with_a_sentence_and_keeps_what_it_reached(
    terminal: Terminal, instance_dir: Path, anna: str
) -> None:
    process = begun(instance_dir, "--epochs", "9999", "--patience", "9999")
    until_s = time.monotonic() + 200
    while "/9999" not in (text := listed(terminal, instance_dir)) or " 0/9999" in text:
        assert time.monotonic() < until_s, text
        assert process.poll() is None, process.communicate()
        time.sleep(0.2)

    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)

    assert process.returncode == 1
    assert output.splitlines()[-1] == "It was cancelled."
    assert errors == ""
    assert "cancelled" in listed(terminal, instance_dir)
    assert [path.name for path in instance_dir.glob("runs/*/*.npz")] == []
    assert len([*instance_dir.glob("runs/*/best.keras")]) == 1


@pytest.fixture
def trained(instance_dir: Path, anna: str) -> dict[str, Any]:
    process = begun(instance_dir, "--epochs", "2", "--no-flip", "--rotation", "5", "--name", "By command", "--json")
    output, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    told: dict[str, Any] = json.loads(output)
    return told


def test_a_run_is_trained_shown_exported_registered_activated_and_removed(
    terminal: Terminal, instance_dir: Path, trained: dict[str, Any], weights: Path, tmp_path: Path
) -> None:
    def said(*arguments: str) -> str:
        status, output, errors = terminal.run(instance_dir, *arguments)
        assert (status, errors) == (0, "")
        return output

    run_id = trained["run_id"]
    assert (trained["state"], trained["epochs"], trained["settings"]["network"]) == ("succeeded", 2, "small")
    assert (trained["settings"]["augmentation"]["flip"], trained["settings"]["augmentation"]["rotation_deg"]) == (
        False,
        5,
    )
    assert trained["metrics"]["samples"] == 10
    assert f"{run_id[:8]}  succeeded" in said("runs", "list", "--dataset", "Arms")
    shown = said("runs", "show", "By command")
    assert "mean pose" in shown
    assert trained["message"] in shown
    assert json.loads(said("runs", "show", run_id[:8], "--json")) == trained

    out = tmp_path / "arms.tflite"
    assert "int8 against Keras on 10 validation pictures" in said(
        "export", run_id[:8], "--form", "int8", "--out", str(out)
    )
    assert read_card(card_beside(out)).name == "arms"
    onnx = json.loads(said("export", "By command", "--form", "onnx", "--out", str(tmp_path / "arms.onnx"), "--json"))
    assert onnx["bytes"] == (tmp_path / "arms.onnx").stat().st_size
    assert "arms-v1 is installed" in said("runs", "register", run_id[:8], "--name", "arms", "--form", "int8")
    activated = said("runs", "register", run_id[:8], "--name", "arms", "--form", "float16", "--activate")
    assert activated == "arms-v2 is installed and used from now on.\n"
    assert said("runs", "remove", run_id[:8]) == "By command is deleted.\n"
    assert said("runs", "list").startswith("There is no training run yet")
    assert card_of(weights / "own" / "arms-v2").skeleton.name == "upper_body_6"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("train", "--dataset", "Legs"), "there is no dataset 'Legs'"),
        (("train", "--dataset", "Arms", "--epochs", "0"), "epochs must be a whole number from 1 to 10000"),
        (("train", "--dataset", "Arms", "--side", "33"), "side_px must be a multiple of 32"),
        (("train", "--dataset", "Arms", "--states", "reviewed,perfect"), "states must be some of reviewed, proposed"),
        (("train", "--dataset", "Arms", "--loss", "wing"), "the loss of heatmap_offset must be one of mse"),
        (("train", "--dataset", "Arms", "--teacher", "nobody"), "there is no pose model 'nobody'"),
        (("runs", "show", "nothing"), "there is no training run 'nothing'; see python -m webapp runs list"),
        (("export", "nothing", "--form", "int8"), "there is no file and no model of your own called 'nothing'"),
    ],
    ids=["dataset", "epochs", "side", "states", "loss", "teacher", "run", "export"],
)
def test_what_will_not_do_is_one_sentence(
    terminal: Terminal, instance_dir: Path, anna: str, arguments: tuple[str, ...], sentence: str
) -> None:
    status, output, errors = terminal.run(instance_dir, *arguments)

    assert (status, output) == (1, "")
    assert errors.startswith(f"moveprint: {sentence}")
    assert len(errors.splitlines()) == 1
    assert listed(terminal, instance_dir).startswith("There is no training run yet")


def test_a_dataset_that_cannot_be_trained_on_ends_the_command_with_the_reason(
    terminal: Terminal, instance_dir: Path, anna: str
) -> None:
    terminal.run(instance_dir, "datasets", "create", "Empty", "--skeleton", "upper_body_6", "--owner", anna)
    process = begun(instance_dir, "--dataset", "Empty")

    output, _ = process.communicate()

    assert process.returncode == 1
    assert "No sample of this dataset is labelled and reviewed" in output.splitlines()[-1]
