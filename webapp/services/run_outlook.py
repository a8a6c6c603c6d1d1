"""What a dataset has to train on, and what speaks against a run: told before one is started."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from webapp.core.errors import InvalidInputError, sentence
from webapp.core.skeleton import Skeleton
from webapp.core.wording import counted
from webapp.datasets.records import HIDDEN, VISIBLE
from webapp.db.accounts import User
from webapp.services.dataset_access import dataset_for, skeleton_of
from webapp.services.dataset_statistics import Statistics, statistics
from webapp.services.dataset_warnings import dataset_warnings
from webapp.services.run_split import named_in, split_outlook
from webapp.training.config import RunSettings

MANY = 100
"""Reviewed samples below which a model learns little."""
FEWEST = 8
"""Samples that a run needs at least, as webapp.jobs.train_data.MIN_SAMPLES says."""
NAMED_AT_MOST = 5
_FOR_THE_SHELL = re.compile(r" \(python -m webapp train --split-by \w+\)")


@dataclass(frozen=True)
class Outlook:
    """by_state: samples. people: how many are named; nobody: samples of nobody named. warnings: sentences.

    split: how the samples would be divided, as a sentence; None where that is not known. problem: why a run would end
    at once, as a sentence, where that is known.
    """

    by_state: Mapping[str, int]
    people: int
    nobody: int
    keypoints: int
    warnings: Sequence[str]
    split: str | None
    problem: str | None


def outlook(actor: User, dataset_id: str, settings: RunSettings) -> Outlook:
    """Of what is in the dataset now, for a run with these settings."""
    dataset = dataset_for(actor, dataset_id, "look")
    found = statistics(actor, dataset_id)
    named = [samples for name, samples in found.people if name is not None]
    problem = _too_little(found, settings.states)
    split = None
    if problem is None:
        try:
            split = split_outlook(dataset_id, settings)
        except InvalidInputError as error:
            problem = sentence(_FOR_THE_SHELL.sub("", str(error)))
    if problem is not None:
        problem += _with_proposed(dataset_id, found, settings)
    warnings = [
        *([] if problem is None else [problem]),
        *_few(found, settings.states),
        *([] if split is None or split.caution is None else [split.caution]),
        *_keypoints(found, skeleton_of(dataset)),
        *dataset_warnings(dataset_id),
    ]
    return Outlook(
        by_state=dict(found.by_state),
        people=len(named),
        nobody=sum(samples for name, samples in found.people if name is None),
        keypoints=len(found.keypoints),
        warnings=warnings,
        split=None if split is None else split.words,
        problem=problem,
    )


def _too_little(found: Statistics, states: Sequence[str]) -> str | None:
    count, proposed = _chosen(found, states), found.by_state.get("proposed", 0)
    if not count and not found.by_state.get("reviewed", 0) and not proposed:
        return "No sample has a label: there is nothing to learn from yet."
    if not count and "reviewed" in states:
        return (
            f"Nobody has reviewed a label: review some of the {proposed:,} proposed ones, "
            "or train on proposed labels (Labels)."
        )
    if not count:
        return "No label is proposed: train on the reviewed ones (Labels)."
    if count < FEWEST:
        return f"Only {count:,} {' or '.join(states)}: a run needs at least {FEWEST} samples."
    return None


def _with_proposed(dataset_id: str, found: Statistics, settings: RunSettings) -> str:
    """What training on proposed labels too would bring in, where a run could begin with them; "" where it could not."""
    count, reviewed = found.by_state.get("proposed", 0), found.by_state.get("reviewed", 0)
    with_them = replace(settings, states=("reviewed", "proposed"))
    if tuple(settings.states) != ("reviewed",) or not count or not reviewed or count + reviewed < FEWEST:
        return ""
    try:
        split_outlook(dataset_id, with_them)
    except InvalidInputError:
        return ""
    people = named_in(dataset_id, "proposed")
    of_whom = f"of {counted(people, 'person', 'people')}" if people else "of nobody named"
    labels = counted(count, "proposed label")
    return f' Or tick "proposed by a model" (Labels): {labels} {of_whom} would come in.'


def _few(found: Statistics, states: Sequence[str]) -> list[str]:
    count = _chosen(found, states)
    if not FEWEST <= count < MANY:
        return []
    return [f"Only {count:,} {' or '.join(states)}: a model needs some hundreds to do well with somebody new."]


def _chosen(found: Statistics, states: Sequence[str]) -> int:
    return sum(found.by_state.get(state, 0) for state in states)


def _keypoints(found: Statistics, skeleton: Skeleton) -> list[str]:
    """Those that are labelled nowhere; what a run would end with at once."""
    if not sum(found.by_state.get(state, 0) for state in ("reviewed", "proposed")):
        return []
    labelled = found.labels.by_visibility[:, [HIDDEN, VISIBLE]].sum(axis=1)
    lacking = [name for name, count in zip(skeleton.keypoints, labelled, strict=True) if not count]
    if not lacking:
        return []
    others = len(lacking) - NAMED_AT_MOST
    names = ", ".join(lacking[:NAMED_AT_MOST]) + (f" and {others} more" if others > 0 else "")
    return [f"{names} {'is' if len(lacking) == 1 else 'are'} labelled nowhere: no model can learn that."]
