"""Pictures are drawn of odd results too: nothing found, nothing told, all alike."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from webapp.evaluation import plots
from webapp.evaluation.datasets import Segment
from webapp.evaluation.methods import Answer, Detection
from webapp.evaluation.results import Confusions, OpenSetAnswers, Result, Watched, WatchedClip

LABEL = Segment("c", "a", "s", 1, 0, 20)
ALIKE = ("a", Answer("a", "a", 1.0))


@pytest.mark.parametrize(
    "detail",
    [
        Confusions((("a", "a"), ("b", None))),
        OpenSetAnswers((ALIKE, ALIKE), (ALIKE[1],)),
        OpenSetAnswers((), (Answer(None, None, math.inf),)),
        Watched((WatchedClip("c", 10.0, 5.0, (LABEL,), (), ()),)),
        Watched((WatchedClip("c", 10.0, 5.0, (LABEL,), (Detection("z", 1, 2, 2),), (None,)),)),
    ],
    ids=["an answer to one of two", "scores all alike", "infinite scores alone", "no events", "an unlabelled action"],
)
def test_a_picture_comes_out(detail: Confusions | OpenSetAnswers | Watched, tmp_path: Path) -> None:
    figures: dict[str, float | int | None] = {"auroc": None}

    plots.draw(Result("made", "any", "default", 1, figures, detail), tmp_path / "picture.png")

    assert (tmp_path / "picture.png").stat().st_size > 1000
