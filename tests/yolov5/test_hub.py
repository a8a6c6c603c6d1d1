"""torch.hub finds the network in this folder, from wherever it is asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from webapp.config import ROOT
from yolov5.checkpoint import CheckpointError
from yolov5.hub import load_hub_model


def test_torch_hub_loads_a_model_that_answers_on_a_picture(nano_checkpoint: Path) -> None:
    model = torch.hub.load(str(ROOT / "yolov5"), "custom", path=str(nano_checkpoint), source="local")  # type: ignore[no-untyped-call]
    model.min_score = 0.0
    model.input_px = 64

    found = model(np.full((48, 64, 3), 90, np.uint8))

    assert found
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert {one.class_name for one in found} <= {"person", "dog", "ball"}
    assert all(0 <= one.x1_px <= one.x2_px <= 64 and 0 <= one.y1_px <= one.y2_px <= 48 for one in found)


def test_torch_hub_loads_it_from_a_script_elsewhere(nano_checkpoint: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, torch\n"
        f"model = torch.hub.load({str(ROOT / 'yolov5')!r}, 'custom', path={str(nano_checkpoint)!r}, source='local')\n"
        "print(type(model).__name__)\n"
    )

    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "HubModel"


def test_a_picture_file_is_read_and_anything_else_is_named(nano_checkpoint: Path, tmp_path: Path) -> None:
    model = load_hub_model(nano_checkpoint)

    with pytest.raises(ValueError, match="is not a picture"):
        model(tmp_path / "absent.jpg")
    with pytest.raises(ValueError, match=r"must be \(H, W, 3\) uint8 in BGR, got \(8, 8\)"):
        model(np.zeros((8, 8), np.uint8))
    with pytest.raises(CheckpointError, match="does not exist"):
        load_hub_model(tmp_path / "absent.pt")
