"""What the protocols ask of a way to recognise, and the product's own way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from webapp.core.records import Pose, PoseSequence
from webapp.evaluation.datasets import Dataset
from webapp.evaluation.workers import Workers
from webapp.recognition.classify import classify
from webapp.recognition.ports import Action, Event, Take
from webapp.recognition.spotter import StreamRecogniser
from webapp.recognition.template_bank import TemplateBank, prepare_bank


@dataclass(frozen=True)
class Trial:
    """Takes to learn from and takes to recognise, as positions in Dataset.segments. group: whose mean it counts in."""

    group: str
    templates: tuple[int, ...]
    queries: tuple[int, ...]


@dataclass(frozen=True)
class Answer:
    """To one query. nearest: the decision where it must be one of the actions; accepted: where it may be none.

    score: lower is more surely one of the actions.
    """

    nearest: str | None
    accepted: str | None
    score: float


@dataclass(frozen=True)
class Recording:
    """A clip to be watched frame by frame, and the takes to learn from as positions in Dataset.segments."""

    clip: str
    templates: tuple[int, ...]


@dataclass(frozen=True)
class Detection:
    """An action found in a recording, on its clock."""

    action: str
    start_s: float
    end_s: float
    announced_s: float


class Method(Protocol):
    """A way to recognise."""

    def answer(self, trials: Sequence[Trial]) -> list[list[Answer]]:
        """For each trial an answer to each of its queries."""

    def detect(self, recordings: Sequence[Recording]) -> list[list[Detection]]:
        """For each recording what was found, in the order of announcement."""


class DefaultMethod:
    """The product as it runs live: banks from takes, whole performances by classify, recordings by the spotter."""

    def __init__(self, dataset: Dataset, workers: Workers) -> None:
        self._dataset, self._workers = dataset, workers

    def answer(self, trials: Sequence[Trial]) -> list[list[Answer]]:
        return self._workers.map(
            answer_trial, self._dataset, trials, label="Classifying", unit="take", size=lambda trial: len(trial.queries)
        )

    def detect(self, recordings: Sequence[Recording]) -> list[list[Detection]]:
        return self._workers.map(
            watch, self._dataset, recordings, label="Watching", unit="recording", size=lambda _recording: 1
        )


def bank_of(dataset: Dataset, templates: Sequence[int]) -> TemplateBank:
    """A bank of these segments, one action for each of their labels."""
    takes: dict[str, list[Take]] = {}
    for position in templates:
        segment = dataset.segments[position]
        takes.setdefault(segment.action, []).append(Take(segment.take_id, dataset.takes[position]))
    return prepare_bank([Action(name, name, takes[name]) for name in sorted(takes)])


def answer_trial(dataset: Dataset, trial: Trial) -> list[Answer]:
    """What classify says to each query of the trial."""
    bank = bank_of(dataset, trial.templates)
    return [_answer(bank, dataset.takes[position]) for position in trial.queries]


def _answer(bank: TemplateBank, sequence: PoseSequence) -> Answer:
    found = classify(bank, sequence)
    nearest = found.nearest.name if found.nearest else None
    return Answer(nearest, found.action.name if found.action else None, found.score)


def watch(dataset: Dataset, recording: Recording) -> list[Detection]:
    """What the spotter announces while it is given the clip frame by frame, and at its end."""
    recogniser = StreamRecogniser(bank_of(dataset, recording.templates))
    clip = dataset.clips[recording.clip]
    events: list[Event] = []
    for frame, time_s in enumerate(clip.times_s):
        world_m = None if clip.world_m is None else clip.world_m[frame]
        pose = Pose(clip.skeleton, clip.keypoints[frame], clip.scores[frame], 1.0, world_m)
        events += recogniser.update(pose, 1, float(time_s)).events
    events += recogniser.flush()
    return [Detection(event.action, event.start_s, event.end_s, event.announced_s) for event in events]
