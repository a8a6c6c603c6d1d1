"""Protocols in which a third of the actions was never taught: are these told from the others?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from webapp.core.errors import InvalidInputError
from webapp.core.metrics import auroc, threshold_at_rate
from webapp.evaluation.closed_set import of_others, of_subject
from webapp.evaluation.datasets import Dataset
from webapp.evaluation.methods import Answer, Method, Trial
from webapp.evaluation.results import Figures, OpenSetAnswers

DRAWS = 40
UNKNOWN_RATE = 0.1
"""The share of unknown performances accepted where known_recognised_at_10pct is read."""


def draws(dataset: Dataset, seed: int, *, from_one_person: bool) -> list[Trial]:
    """DRAWS times a subject and two thirds of the actions as known; the others' takes of these are the templates.

    from_one_person: the templates are the subject's and the queries everybody else's.
    """
    count = len(dataset.actions)
    known_count = round(2 * count / 3)
    if len(dataset.subjects) < 2 or not 0 < known_count < count:
        raise InvalidInputError(
            f"open-set needs two subjects and two actions at least; {dataset.name} has {len(dataset.subjects)} "
            f"and {count}"
        )
    random = np.random.default_rng(seed)
    trials = []
    for _ in range(DRAWS):
        subject = dataset.subjects[int(random.integers(len(dataset.subjects)))]
        known = {dataset.actions[int(place)] for place in random.choice(count, known_count, replace=False)}
        own, others = of_subject(dataset, subject), of_others(dataset, subject)
        teachers, queries = (own, others) if from_one_person else (others, own)
        templates = tuple(place for place in teachers if dataset.segments[place].action in known)
        trials.append(Trial(subject, templates, queries))
    return trials


def measure(dataset: Dataset, trials: Sequence[Trial], method: Method) -> tuple[Figures, OpenSetAnswers]:
    """The figures over all draws' queries together: one threshold serves them all.

    A query is known where its action has a template in its draw.
    """
    known: list[tuple[str, Answer]] = []
    unknown: list[Answer] = []
    for trial, answers in zip(trials, method.answer(trials), strict=True):
        taught = {dataset.segments[place].action for place in trial.templates}
        for place, answer in zip(trial.queries, answers, strict=True):
            action = dataset.segments[place].action
            if action in taught:
                known.append((action, answer))
            else:
                unknown.append(answer)
    detail = OpenSetAnswers(tuple(known), tuple(unknown))
    return figures(detail), detail


def figures(answers: OpenSetAnswers) -> Figures:
    """The auroc by score; the known recognised where 10 % of the unknown pass, and at the product's own thresholds.

    None where there was nothing to count.
    """
    threshold = unknown_threshold(answers)
    known_scores = np.array([answer.score for _, answer in answers.known], np.float64)
    unknown_scores = np.array([answer.score for answer in answers.unknown], np.float64)
    at_threshold = [answer.nearest == action and answer.score < threshold for action, answer in answers.known]
    both = answers.known and answers.unknown
    return {
        "auroc": auroc(known_scores, unknown_scores) if both else None,
        "known_recognised_at_10pct": _share(at_threshold) if both else None,
        "known_recognised": _share([answer.accepted == action for action, answer in answers.known]),
        "unknown_accepted": _share([answer.accepted is not None for answer in answers.unknown]),
        "known_queries": len(answers.known),
        "unknown_queries": len(answers.unknown),
    }


def _share(hits: Sequence[bool]) -> float | None:
    return float(np.mean(hits)) if hits else None


def unknown_threshold(answers: OpenSetAnswers) -> float:
    """The score below which UNKNOWN_RATE of the unknown lie."""
    return threshold_at_rate(np.array([answer.score for answer in answers.unknown], np.float64), UNKNOWN_RATE)
