"""Small labelled datasets of people made of lines, written as folders in the layout of docs/evaluation.md."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.movements import arm_raise
from webapp.core.skeleton import BLAZEPOSE_33
from webapp.evaluation.datasets import COLUMNS

FPS = 15.0
NAMES = np.array(BLAZEPOSE_33.keypoints)
Row = tuple[str, str, str, int, int, int]


def movement(action: str, frames: int = 30, height: float = 0.4) -> NDArray[np.float32]:
    """Keypoints (T, 33, 2), y down, of `both`, `left`, `right` (arms raised) or `bow` (the upper body lowered)."""
    keypoints = arm_raise(frames, FPS, height).keypoints.copy()
    raised = keypoints[:, BLAZEPOSE_33.index["left_wrist"], 1].copy()
    still = {"both": "", "left": "right", "right": "left", "bow": "_"}[action]
    for place, name in enumerate(BLAZEPOSE_33.keypoints):
        if still and still in name:
            keypoints[:, place] = keypoints[0, place]
    if action == "bow":
        upper = [place for place in range(len(NAMES)) if keypoints[0, place, 1] < 0.55]
        keypoints[:] = keypoints[:1]
        keypoints[:, upper, 1] += (raised[0] - raised)[:, None] * np.float32(0.6)
        keypoints[:, upper, 0] += (raised[0] - raised)[:, None] * np.float32(0.4)
    return keypoints


def write_clip(
    folder: Path,
    name: str,
    keypoints: NDArray[np.float32],
    *,
    scores: NDArray[np.float32] | None = None,
    names: NDArray[np.str_] = NAMES,
    fps: float = FPS,
) -> None:
    """One clip's file."""
    (folder / "clips").mkdir(parents=True, exist_ok=True)
    if scores is None:
        scores = np.ones(keypoints.shape[:2], np.float32)
    np.savez(folder / "clips" / f"{name}.npz", keypoints=keypoints, scores=scores, names=names, fps=np.float32(fps))


def write_index(folder: Path, rows: Sequence[Row], *, dims: int = 2, axes: str = "x right, y down") -> Path:
    """dataset.json and manifest.csv; answers the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataset.json").write_text(json.dumps({"axes": axes, "units": "-", "dims": dims, "fps": FPS, "note": ""}))
    with (folder / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return folder


def write_takes(folder: Path, subjects: int = 3, actions: Sequence[str] = ("both", "left", "bow")) -> Path:
    """A clip for each of two takes of every action by every subject; people differ in size and tempo."""
    rows: list[Row] = []
    for subject in range(1, subjects + 1):
        for action in actions:
            for repetition in (1, 2):
                frames = 26 + 4 * subject + 3 * repetition
                name = f"{action}_s{subject}_{repetition}"
                write_clip(folder, name, movement(action, frames, 0.36 + 0.02 * repetition) * np.float32(subject))
                rows.append((name, action, f"s{subject}", repetition, 0, frames - 1))
    return write_index(folder, rows)


def write_recordings(folder: Path) -> Path:
    """Two recordings each by two subjects: `both`, stillness, `left`, stillness."""
    rows: list[Row] = []
    for subject in (1, 2):
        for repetition in (1, 2):
            both, left = (movement(action, 28 + 4 * subject + 2 * repetition) for action in ("both", "left"))
            still = np.repeat(both[:1], 30, axis=0)
            name = f"s{subject}_{repetition}"
            write_clip(folder, name, np.concatenate([still, both, still, left, still]))
            first, second = 30, 60 + len(both)
            rows.append((name, "both", f"s{subject}", repetition, first, first + len(both) - 1))
            rows.append((name, "left", f"s{subject}", repetition, second, second + len(left) - 1))
    return write_index(folder, rows)
