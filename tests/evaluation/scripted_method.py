"""A way to recognise that answers what the test says, so that the protocols' figures can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from webapp.core.records import PoseSequence
from webapp.core.skeleton import COCO_17
from webapp.evaluation.datasets import Dataset, Segment
from webapp.evaluation.methods import Answer, Detection, Recording, Trial

FPS = 10.0


class ScriptedMethod:
    """Answers each query by its segment and what was taught; recordings by their clip's name."""

    def __init__(
        self,
        dataset: Dataset,
        answer: Callable[[Segment, set[str]], Answer] = lambda _segment, _taught: Answer(None, None, 0.0),
        detections: dict[str, list[Detection]] | None = None,
    ) -> None:
        self._dataset, self._answer, self._detections = dataset, answer, detections or {}
        self.trials: list[Trial] = []

    def answer(self, trials: Sequence[Trial]) -> list[list[Answer]]:
        self.trials += trials
        segments = self._dataset.segments
        return [
            [self._answer(segments[q], {segments[t].action for t in trial.templates}) for q in trial.queries]
            for trial in trials
        ]

    def detect(self, recordings: Sequence[Recording]) -> list[list[Detection]]:
        return [self._detections.get(recording.clip, []) for recording in recordings]


def dataset_of(segments: Sequence[Segment], frames: int = 100, name: str = "made") -> Dataset:
    """A dataset of these labels on clips in which nobody moves."""
    clip = PoseSequence(
        COCO_17, np.arange(frames) / FPS, np.zeros((frames, 17, 2), np.float32), np.ones((frames, 17), np.float32)
    )
    return Dataset(name, tuple(segments), {segment.clip: clip for segment in segments})


def takes_of(performed: dict[str, str], name: str = "made") -> Dataset:
    """Subjects by name with their takes' actions, one letter each: {"s1": "aab"}."""
    segments = [
        Segment(f"{subject}_{number}", action, subject, number, 0, 99)
        for subject, actions in performed.items()
        for number, action in enumerate(actions, start=1)
    ]
    return dataset_of(segments, name=name)


def described(dataset: Dataset, places: Sequence[int]) -> list[str]:
    """Clips of these segments."""
    return [dataset.segments[place].clip for place in places]
