"""What a dataset has to train on, and what speaks against a run: told before one is started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webapp.core.skeleton import Skeleton
from webapp.datasets.records import HIDDEN, VISIBLE
from webapp.db.accounts import User
from webapp.services.dataset_access import dataset_for, skeleton_of
from webapp.services.dataset_statistics import Statistics, statistics
from webapp.services.dataset_warnings import dataset_warnings

MANY = 100
"""Reviewed samples below which a model learns little."""
NAMED_AT_MOST = 5


@dataclass(frozen=True)
class Outlook:
    """by_state: samples. people: how many are named; nobody: samples of nobody named. warnings: sentences."""

    by_state: Mapping[str, int]
    people: int
    nobody: int
    keypoints: int
    warnings: Sequence[str]


def outlook(actor: User, dataset_id: str) -> Outlook:
    """Of what is in the dataset now."""
    dataset = dataset_for(actor, dataset_id, "look")
    found = statistics(actor, dataset_id)
    named = [samples for name, samples in found.people if name is not None]
    warnings = [
        *_labels(found),
        *_two_people(found),
        *_keypoints(found, skeleton_of(dataset)),
        *dataset_warnings(dataset_id),
    ]
    return Outlook(
        by_state=found.by_state,
        people=len(named),
        nobody=sum(samples for name, samples in found.people if name is None),
        keypoints=len(found.keypoints),
        warnings=warnings,
    )


def _labels(found: Statistics) -> list[str]:
    reviewed, proposed = found.by_state.get("reviewed", 0), found.by_state.get("proposed", 0)
    if not reviewed and not proposed:
        return ["No sample has a label: there is nothing to learn from yet."]
    if not reviewed:
        return [
            f"Nobody has reviewed a label: review some of the {proposed:,} proposed ones, "
            "or train on proposed labels (More settings)."
        ]
    if reviewed < MANY:
        return [f"Only {reviewed:,} reviewed: a model needs some hundreds to do well with somebody new."]
    return []


def _two_people(found: Statistics) -> list[str]:
    names = [name for name, _ in found.people]
    if len(names) != 2 or None in names:
        return []
    return [
        f"Only {names[0]} and {names[1]} are in it: split by person, one is learned from and the other chooses the "
        "best epoch, so that nobody is left for a test."
    ]


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
