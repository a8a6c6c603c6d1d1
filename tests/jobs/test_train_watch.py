"""What a run tells while it goes on stays small, however long it goes on, and what it says at its end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from webapp.core.skeleton import UPPER_BODY_6
from webapp.jobs.context import JobContext
from webapp.jobs.train import closing_message
from webapp.jobs.train_watch import MOST_EXAMPLES, RunWatch
from webapp.training.archive import TrainingData
from webapp.training.records import PREDICTIONS, Prediction


def watch_of(folder: Path) -> RunWatch:
    """Over two samples, of which the second lacks a keypoint."""
    visibility = np.full((2, 6), 2, np.uint8)
    visibility[1, 0] = 0
    names = np.array(["validation"] * 2)
    keypoints, images = np.full((2, 6, 2), 0.5, np.float32), np.zeros((2, 32, 32, 1), np.float32)
    data = TrainingData(images, keypoints, visibility, names, names, names, ("one", "two"), UPPER_BODY_6)
    return RunWatch(cast(JobContext, None), "run", folder, data, epochs=1000)


def told(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / PREDICTIONS).read_bytes())
    return found


def examples(value: float) -> list[Prediction]:
    return [Prediction(name, np.full((6, 2), value, np.float32), np.ones(6, np.float32)) for name in ("one", "two")]


def test_examples_of_an_attempt_before_are_kept_up_to_where_the_next_goes_on(tmp_path: Path) -> None:
    for epoch in (1, 2, 3):
        watch_of(tmp_path).predictions(epoch, examples(0.1))

    watch_of(tmp_path).predictions(2, examples(0.9))

    found = told(tmp_path)
    assert [each["epoch"] for each in found["epochs"]] == [1, 2]
    assert found["epochs"][1]["keypoints"][0][0] == [0.9, 0.9]
    assert found["samples"][1] == {"sample_id": "two", "labelled": [None, *[[0.5, 0.5]] * 5]}


def test_of_thousands_of_epochs_the_first_the_last_and_some_between_are_kept(tmp_path: Path) -> None:
    watch = watch_of(tmp_path)

    for epoch in range(1, 10 * MOST_EXAMPLES):
        watch.predictions(epoch, examples(0.1))

    kept = [each["epoch"] for each in told(tmp_path)["epochs"]]
    assert MOST_EXAMPLES // 2 <= len(kept) <= MOST_EXAMPLES
    assert (kept[0], kept[-1]) == (1, 10 * MOST_EXAMPLES - 1)
    assert kept == sorted(kept)


@pytest.mark.parametrize(
    ("because", "advice"),
    [
        (
            "no better validation loss for 30 epochs",
            "add labels of more people. Longer would not help: no better validation loss for 30 epochs.",
        ),
        ("200 epochs done", "add labels of more people, or train it longer."),
        ("the time limit of 5 minutes was reached", "add labels of more people, or train it longer."),
    ],
)
def test_longer_training_is_advised_only_where_more_of_it_could_help(because: str, advice: str) -> None:
    metrics = {"model": {"pck02": 0.2}, "mean_pose": {"pck02": 0.3}, "split": "test", "worth_activating": False}

    assert closing_message(metrics, because).endswith(f": it is not worth using yet; {advice}")
