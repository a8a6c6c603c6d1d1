"""Protocols in which every query is one of the actions taught: the nearest one decides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from webapp.core.errors import InvalidInputError
from webapp.evaluation.datasets import Dataset
from webapp.evaluation.methods import Method, Trial
from webapp.evaluation.results import Confusions, Figures

SCHNEIDER_TEMPLATES = ("a01_s01_t02", "a06_s01_t03", "a07_s01_t01", "a09_s01_t02", "a24_s01_t04", "a26_s01_t04")
"""The clips Schneider et al. 2019 (arXiv 1906.12171) took as templates from UTD-MHAD."""


def one_take(dataset: Dataset) -> list[Trial]:
    """Each person who shows all actions gives the first take of each; all takes of everybody else are queries."""
    trials = []
    for subject in dataset.subjects:
        firsts: dict[str, int] = {}
        for position in sorted(of_subject(dataset, subject), key=lambda place: dataset.segments[place].repetition):
            firsts.setdefault(dataset.segments[position].action, position)
        if len(firsts) == len(dataset.actions):
            trials.append(Trial(subject, tuple(sorted(firsts.values())), of_others(dataset, subject)))
    if not trials or not trials[0].queries:
        raise InvalidInputError(
            f"one-take needs a person who shows all {len(dataset.actions)} actions, and others beside; "
            f"{dataset.name} has none: choose loso or same-person"
        )
    return trials


def loso(dataset: Dataset) -> list[Trial]:
    """Each subject in turn is recognised by all takes of all others."""
    if len(dataset.subjects) < 2:
        raise InvalidInputError(f"loso needs two subjects, {dataset.name} has one: choose same-person")
    return [Trial(subject, of_others(dataset, subject), of_subject(dataset, subject)) for subject in dataset.subjects]


def same_person(dataset: Dataset) -> list[Trial]:
    """Each take is recognised by the same subject's other takes; all queries count alike."""
    trials = []
    for subject in dataset.subjects:
        own = of_subject(dataset, subject)
        trials += [Trial("all", tuple(o for o in own if o != query), (query,)) for query in own]
    return trials


def schneider2019(dataset: Dataset) -> list[Trial]:
    """Six named takes of one person against everything the others do."""
    place = {segment.clip: position for position, segment in enumerate(dataset.segments)}
    missing = [clip for clip in SCHNEIDER_TEMPLATES if clip not in place]
    if missing:
        raise InvalidInputError(
            f"schneider2019 is for utd_mhad_6: {dataset.name} lacks its template clip {missing[0]}; choose one-take"
        )
    templates = tuple(place[clip] for clip in SCHNEIDER_TEMPLATES)
    subject = dataset.segments[templates[0]].subject
    return [Trial("all", templates, of_others(dataset, subject))]


TRIALS_OF = {"one-take": one_take, "loso": loso, "same-person": same_person, "schneider2019": schneider2019}


def measure(dataset: Dataset, trials: Sequence[Trial], method: Method) -> tuple[Figures, Confusions]:
    """accuracy: the mean over the trials' groups of the share of right queries; queries: how many there were."""
    right: dict[str, list[bool]] = {}
    pairs = []
    for trial, answers in zip(trials, method.answer(trials), strict=True):
        for position, answer in zip(trial.queries, answers, strict=True):
            action = dataset.segments[position].action
            pairs.append((action, answer.nearest))
            right.setdefault(trial.group, []).append(answer.nearest == action)
    accuracy = float(np.mean([np.mean(group) for group in right.values()]))
    return {"accuracy": accuracy, "queries": len(pairs)}, Confusions(tuple(pairs))


def of_subject(dataset: Dataset, subject: str) -> tuple[int, ...]:
    """Positions of a person's segments."""
    return tuple(place for place, segment in enumerate(dataset.segments) if segment.subject == subject)


def of_others(dataset: Dataset, subject: str) -> tuple[int, ...]:
    """Positions of everybody else's segments."""
    return tuple(place for place, segment in enumerate(dataset.segments) if segment.subject != subject)
