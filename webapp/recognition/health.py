"""Template health: which takes help, which harm, which actions are hard to tell apart, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.core.dtw import best_subsequence
from webapp.core.records import PoseSequence
from webapp.core.sequences import check_take
from webapp.recognition.matching import match_motion
from webapp.recognition.ports import Action
from webapp.recognition.template_bank import TemplateBank, prepare_bank
from webapp.recognition.templates import Template

State = Literal["good", "needs attention"]
Distances = NDArray[np.float64]


@dataclass(frozen=True)
class TakeHealth:
    """One take, left out and then recognised by all the others.

    nearest_take_id, distance: the nearest other take of its action; None and None where there is none.
    threshold: how far it may be. taken_for: the name of the action it would be recognised as, None for none.
    outlier: it is unlike the other takes, which are like each other. exemplar: the take most like all others.
    usable: it can be learned from. warnings: what could be better in the take itself.
    """

    take_id: str
    nearest_take_id: str | None
    distance: float | None
    threshold: float
    taken_for: str | None
    outlier: bool
    exemplar: bool
    usable: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class ActionHealth:
    """One action. state: the one word for it; sentences: why, each with its remedy; takes: in the action's order."""

    action_id: str
    action: str
    state: State
    sentences: tuple[str, ...]
    exemplar_take_id: str | None
    takes: tuple[TakeHealth, ...]


@dataclass(frozen=True)
class ConfusablePair:
    """Two actions that are near each other, or one of which is part of the other.

    nearness: distance of their nearest takes as a share of what each alone would accept; below 1 the one alone would
    accept the other. nested: the action_id of the one that is part of the other, None where they are alike as wholes.
    """

    action_id: str
    other_action_id: str
    take_id: str
    other_take_id: str
    nearness: float
    nested: str | None
    sentence: str


@dataclass(frozen=True)
class Health:
    """actions: in the given order; confusable: the nearest pair first."""

    actions: tuple[ActionHealth, ...]
    confusable: tuple[ConfusablePair, ...]


CONFUSABLE_BELOW = 0.9
"""Pairs this near are told."""
_NESTED_BELOW, _NESTED_SHARE = 0.6, 0.7
"""An action is part of another if a stretch of at most this share of the other is this near to it."""
_MIN_FOR_OUTLIERS = 3


def template_health(actions: Sequence[Action], negatives: Sequence[PoseSequence] = ()) -> Health:
    """Judge every take of every action by all the others; negatives as in prepare_bank. Some seconds for 200 takes."""
    bank = prepare_bank(actions, negatives)
    distances = _distances(bank.templates)
    confusable = _confusable(bank, distances)
    found = tuple(_action_health(bank, distances, index, confusable) for index in range(len(bank.actions)))
    return Health(found, confusable)


def _distances(templates: Sequence[Template]) -> Distances:
    """(N, N): how far the performance of the column is from the template of the row; inf on the diagonal."""
    distances = np.full((len(templates), len(templates)), np.inf)
    for row, template in enumerate(templates):
        for column, other in enumerate(templates):
            if row != column:
                distances[row, column] = match_motion(template, other.frames, other.trust).distance
    return distances


def _of_action(bank: TemplateBank, index: int) -> NDArray[np.intp]:
    return np.flatnonzero([template.action_index == index for template in bank.templates])


def _action_health(
    bank: TemplateBank, distances: Distances, index: int, confusable: Sequence[ConfusablePair]
) -> ActionHealth:
    action, own = bank.actions[index], _of_action(bank, index)
    exemplar = _exemplar(bank, distances, own)
    takes = []
    for take in action.takes:
        check = check_take(take.sequence)
        column = next((int(c) for c in own if bank.templates[c].take_id == take.take_id), None)
        reasons = check.warnings if check.reason is None else (check.reason, *check.warnings)
        nearest, distance, taken_for, outlier = None, None, None, False
        if column is not None and len(own) > 1:
            row = int(own[distances[own, column].argmin()])
            nearest, distance = bank.templates[row].take_id, float(distances[row, column])
            taken_for = _taken_for(bank, distances, column)
            outlier = len(own) >= _MIN_FOR_OUTLIERS and _is_outlier(bank, distances, own, column)
        takes.append(
            TakeHealth(
                take.take_id,
                nearest,
                distance,
                float(bank.thresholds[index]),
                taken_for,
                outlier,
                take.take_id == exemplar,
                column is not None and check.usable,
                reasons,
            )
        )
    sentences = _sentences(action, takes, [pair for pair in confusable if action.action_id == pair.action_id])
    state: State = "needs attention" if sentences else "good"
    return ActionHealth(action.action_id, action.name, state, tuple(sentences), exemplar, tuple(takes))


def _exemplar(bank: TemplateBank, distances: Distances, own: NDArray[np.intp]) -> str | None:
    """The take from which the others of its action are least far, all together."""
    if not len(own):
        return None
    among = distances[np.ix_(own, own)].copy()
    np.fill_diagonal(among, 0)
    return bank.templates[int(own[among.sum(axis=1).argmin()])].take_id


def _taken_for(bank: TemplateBank, distances: Distances, column: int) -> str | None:
    ratios = distances[:, column] / np.maximum(bank.template_thresholds, 1e-6)
    row = int(ratios.argmin())
    return bank.actions[bank.templates[row].action_index].name if ratios[row] <= 1 else None


def _is_outlier(bank: TemplateBank, distances: Distances, own: NDArray[np.intp], column: int) -> bool:
    """Whether it lies beyond the threshold from all its own while most of the others lie within."""
    threshold = bank.thresholds[bank.templates[column].action_index]
    others = own[own != column]
    near = [distances[others[others != other], other].min() <= threshold for other in others]
    return bool(distances[others, column].min() > threshold and np.mean(near) > 0.5)


def _sentences(action: Action, takes: Sequence[TakeHealth], near: Sequence[ConfusablePair]) -> list[str]:
    said = []
    usable = [take for take in takes if take.usable]
    number = {take.take_id: position + 1 for position, take in enumerate(takes)}
    for take in takes:
        if not take.usable:
            said.append(f"Take {number[take.take_id]} cannot be learned from: {take.warnings[0]}. Switch it off.")
        elif take.outlier:
            said.append(f"Take {number[take.take_id]} is unlike the others. Switch it off, or record it again.")
        elif take.taken_for not in {None, action.name}:
            said.append(
                f"Take {number[take.take_id]} would be taken for {take.taken_for}. Switch it off, or record it again."
            )
    if not usable:
        said.append("Nothing can be recognised: record a take.")
    elif len(usable) == 1:
        said.append("There is one take, so nothing tells how well it is recognised: record another.")
    said += [pair.sentence for pair in near]
    return said


def _confusable(bank: TemplateBank, distances: Distances) -> tuple[ConfusablePair, ...]:
    alone = [prepare_bank([action]).thresholds[0] for action in bank.actions]
    exemplars = [next(iter(_of_action(bank, index)), None) for index in range(len(bank.actions))]
    pairs = []
    for one in range(len(bank.actions)):
        for other in range(len(bank.actions)):
            rows, columns = _of_action(bank, one), _of_action(bank, other)
            if one == other or not len(rows) or not len(columns):
                continue
            between = distances[np.ix_(rows, columns)] / max(alone[one], 1e-6)
            at = np.unravel_index(int(between.argmin()), between.shape)
            nearness = float(between[at])
            if nearness <= CONFUSABLE_BELOW:
                takes = bank.templates[rows[at[0]]].take_id, bank.templates[columns[at[1]]].take_id
                pairs.append(_pair(bank.actions[one], bank.actions[other], takes=takes, nearness=nearness, nested=None))
            elif (first := exemplars[one]) is not None and (second := exemplars[other]) is not None:
                part = _nested_distance(bank.templates[first], bank.templates[second]) / max(alone[one], 1e-6)
                if part <= _NESTED_BELOW:
                    takes = bank.templates[first].take_id, bank.templates[second].take_id
                    nested = bank.actions[one].action_id
                    pairs.append(
                        _pair(bank.actions[one], bank.actions[other], takes=takes, nearness=part, nested=nested)
                    )
    return tuple(sorted(pairs, key=lambda pair: pair.nearness))


def _nested_distance(template: Template, whole: Template) -> float:
    """How far the nearest stretch of the whole is from the template; inf where that is nearly all of the whole."""
    first, last, cost = best_subsequence(template.frames, template.weights, whole.frames, whole.trust)
    if not np.isfinite(cost) or last + 1 - first > _NESTED_SHARE * len(whole.frames):
        return float("inf")
    return match_motion(template, whole.frames[first : last + 1], whole.trust[first : last + 1]).distance


def _pair(one: Action, other: Action, *, takes: tuple[str, str], nearness: float, nested: str | None) -> ConfusablePair:
    if nested is None:
        sentence = (
            f"{one.name} and {other.name} are hard to tell apart. "
            "Record takes that show the difference, or make them one action."
        )
    else:
        sentence = f"{one.name} is part of {other.name}: while {other.name} goes on, {one.name} may be counted too."
    return ConfusablePair(one.action_id, other.action_id, *takes, nearness, nested, sentence)
