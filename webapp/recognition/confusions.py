"""Pairs of actions that are hard to tell apart, or one of which is part of the other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from webapp.core.dtw import dtw_subsequence_distance
from webapp.core.records import FloatArray
from webapp.recognition.matching import match_motion
from webapp.recognition.ports import Action
from webapp.recognition.template_bank import TemplateBank, prepare_bank
from webapp.recognition.templates import Template

Distances = NDArray[np.float64]

CONFUSABLE_BELOW = 1.5
_FIRST_PERCENT = 10.0
"""The nearest takes of an action stand for it, not the single nearest of very many."""
_UNKNOWN_OWN_SHARE = 1 / 3
"""Of a threshold learned from one take, how far the same person's next take mostly is."""
_NESTED_SHARE = 0.75
"""A part takes at most this share of the whole's time."""


@dataclass(frozen=True)
class ConfusablePair:
    """Two actions that are near each other, or one of which is part of the other.

    nearness: how far their nearest takes are from each other, in distances of takes of the same action: 1 is as near
    as the own ones. take_id, other_take_id: the nearest takes. nested: the action_id of the one that is part of the
    other, None where they are alike as wholes.
    """

    action_id: str
    other_action_id: str
    take_id: str
    other_take_id: str
    nearness: float
    nested: str | None
    sentence: str

    def concerns(self, action: Action) -> bool:
        return action.action_id in {self.action_id, self.other_action_id}


def own_takes(bank: TemplateBank, index: int) -> NDArray[np.int64]:
    """The positions of an action's templates, mirrored ones left out."""
    return np.array([k for k, t in enumerate(bank.templates) if t.action_index == index and not t.mirrored], np.int64)


def take_distances(bank: TemplateBank) -> Distances:
    """(N, N) by the templates' positions: how far takes (columns) are from templates (rows), mirrored or not.

    inf where a glance showed that others are nearer, and in the rows of mirrored templates.
    """
    distances = np.asarray(bank.pairs[:, : len(bank.templates)] * bank.scales[:, None], np.float64)
    plain = {(t.action_index, t.take_id): row for row, t in enumerate(bank.templates) if not t.mirrored}
    for row, template in enumerate(bank.templates):
        if template.mirrored:
            twin = plain[template.action_index, template.take_id]
            distances[twin] = np.minimum(distances[twin], distances[row])
            distances[row] = np.inf
    return distances


def own_distances(distances: Distances, takes: NDArray[np.int64]) -> Distances:
    """How far each of these takes of one action is from the nearest other of them; inf for a single one."""
    nearest: Distances = distances[np.ix_(takes, takes)].min(axis=0)
    return nearest


def confusable_pairs(bank: TemplateBank) -> tuple[ConfusablePair, ...]:
    """The pairs nearer than CONFUSABLE_BELOW, nearest first.

    An action whose own takes are further from each other than its threshold is near everything: it is left out.
    """
    distances = take_distances(bank)
    takes = {index: own_takes(bank, index) for index in range(len(bank.actions))}
    usual = {
        index: distance
        for index, own in takes.items()
        if len(own) and math.isfinite(distance := _usual_own_distance(bank, distances, index, own))
    }
    pairs = []
    for one, other in combinations(usual, 2):
        pair = _alike(bank, distances, (one, other), takes, usual) or _nested(bank, (one, other), takes, usual)
        if pair is not None:
            pairs.append(pair)
    return tuple(sorted(pairs, key=lambda pair: pair.nearness))


def _usual_own_distance(bank: TemplateBank, distances: Distances, index: int, own: NDArray[np.int64]) -> float:
    """How far takes of this action mostly are from each other; inf where that is further than what is recognised."""
    alone = prepare_bank([bank.actions[index]]).thresholds[0]  # a twin among the others would narrow it
    if len(own) == 1:
        return alone * _UNKNOWN_OWN_SHARE
    distance = float(np.median(own_distances(distances, own)))
    return distance if distance <= alone else math.inf


def _alike(
    bank: TemplateBank,
    distances: Distances,
    actions: tuple[int, int],
    takes: dict[int, NDArray[np.int64]],
    usual: dict[int, float],
) -> ConfusablePair | None:
    one, other = actions
    sentence = (
        f"{bank.actions[one].name} and {bank.actions[other].name} are hard to tell apart. "
        "Record takes that show the difference, or make them one action."
    )
    found = []
    for of, by in ((one, other), (other, one)):
        between = distances[np.ix_(takes[by], takes[of])]
        nearest = between.min(axis=0) / max(usual[of], 1e-6)
        nearness = float(np.percentile(nearest, _FIRST_PERCENT, method="closest_observation"))
        column = int(np.abs(nearest - nearness).argmin())
        row = int(between[:, column].argmin())
        ids = {of: bank.templates[takes[of][column]].take_id, by: bank.templates[takes[by][row]].take_id}
        found.append((nearness, ids[one], ids[other]))
    nearness, take_id, other_take_id = min(found)
    if nearness >= CONFUSABLE_BELOW:
        return None
    return ConfusablePair(
        bank.actions[one].action_id,
        bank.actions[other].action_id,
        take_id,
        other_take_id,
        nearness,
        None,
        sentence,
    )


def _nested(
    bank: TemplateBank,
    actions: tuple[int, int],
    takes: dict[int, NDArray[np.int64]],
    usual: dict[int, float],
) -> ConfusablePair | None:
    """The shorter as a part of the longer, judged by a take of the middle length each."""
    part, whole = sorted(actions, key=lambda index: len(_typical(bank, takes[index]).frames))
    shorter, longer = _typical(bank, takes[part]), _typical(bank, takes[whole])
    if len(shorter.frames) > _NESTED_SHARE * len(longer.frames):
        return None
    nearness = _part_distance(shorter, longer) / max(usual[part], 1e-6)
    if nearness >= CONFUSABLE_BELOW:
        return None
    name, whole_name = bank.actions[part].name, bank.actions[whole].name
    return ConfusablePair(
        bank.actions[part].action_id,
        bank.actions[whole].action_id,
        shorter.take_id,
        longer.take_id,
        nearness,
        bank.actions[part].action_id,
        f"{name} is part of {whole_name} and may be counted within it. Switch one of them off where that disturbs.",
    )


def _typical(bank: TemplateBank, own: NDArray[np.int64]) -> Template:
    templates = sorted((bank.templates[int(column)] for column in own), key=lambda template: len(template.frames))
    return templates[len(templates) // 2]


def _part_distance(template: Template, whole: Template) -> float:
    """How far the nearest stretch of the whole is from the template; inf where that is nearly all of the whole."""
    _, first, last = dtw_subsequence_distance(_flat(template.frames), _flat(whole.frames))
    if last + 1 - first > _NESTED_SHARE * len(whole.frames):
        return float("inf")
    return float(match_motion(template, whole.frames[first : last + 1], whole.trust[first : last + 1]).distances[0])


def _flat(frames: FloatArray) -> FloatArray:
    return frames.reshape(len(frames), -1)
