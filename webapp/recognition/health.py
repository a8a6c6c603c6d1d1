"""Template health: which takes help, which harm, which actions are hard to tell apart, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import PoseSequence
from webapp.core.sequences import check_take
from webapp.recognition.confusions import ConfusablePair, confusable_pairs, own_distances
from webapp.recognition.ports import Action, Take
from webapp.recognition.take_distances import TakeDistances, take_distances
from webapp.recognition.template_bank import TemplateBank, prepare_bank

State = Literal["good", "needs attention"]


@dataclass(frozen=True)
class TakeHealth:
    """One take, left out and then recognised by all the others that are no outliers.

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
    """One action. state: the one word for it; sentences: why, each with its remedy; takes: in the action's order.

    An action with a single take needs attention: nothing tells how well it is recognised.
    """

    action_id: str
    action: str
    state: State
    sentences: tuple[str, ...]
    exemplar_take_id: str | None
    takes: tuple[TakeHealth, ...]


@dataclass(frozen=True)
class Health:
    """actions: in the given order; confusable: the nearest pair first."""

    actions: tuple[ActionHealth, ...]
    confusable: tuple[ConfusablePair, ...]


_MIN_FOR_OUTLIERS = 3
_OUTLIER_TIMES = 2.0
"""An outlier is so many times as far from its nearest as the other takes of the action mostly are."""


def template_health(actions: Sequence[Action], negatives: Sequence[PoseSequence] = ()) -> Health:
    """Judge every take of every action by all the others; negatives as in prepare_bank. A few seconds for 200 takes."""
    bank = prepare_bank(actions, negatives)
    compared = take_distances(bank)
    outliers = _outliers(compared)
    if outliers.any():  # they would spoil the thresholds by which the others are judged
        bank = prepare_bank(_without(bank.actions, compared, outliers), negatives)
    confusable = confusable_pairs(bank, compared, ~outliers)
    found = tuple(
        _action_health(action, index, _Judged(bank, compared, outliers), [p for p in confusable if p.concerns(action)])
        for index, action in enumerate(actions)
    )
    return Health(found, confusable)


def _without(actions: Sequence[Action], compared: TakeDistances, outliers: NDArray[np.bool_]) -> list[Action]:
    """The actions without their outliers."""
    gone = {(compared.action_indices[column], compared.take_ids[column]) for column in np.flatnonzero(outliers)}
    return [
        replace(action, takes=[take for take in action.takes if (index, take.take_id) not in gone])
        for index, action in enumerate(actions)
    ]


def _outliers(compared: TakeDistances) -> NDArray[np.bool_]:
    """(N,) which takes are far from all others of their action while those are near each other."""
    outliers = np.zeros(len(compared.take_ids), bool)
    for index in np.unique(compared.action_indices):
        own = np.flatnonzero(compared.action_indices == index)
        for column in own if len(own) >= _MIN_FOR_OUTLIERS else ():
            others = own[own != column]
            usual = np.median(own_distances(compared, others))
            outliers[column] = compared.distances[others, column].min() > _OUTLIER_TIMES * usual
    return outliers


@dataclass(frozen=True)
class _Judged:
    """What every take is judged by: thresholds without the outliers, distances with them, and which they are."""

    bank: TemplateBank
    compared: TakeDistances
    outliers: NDArray[np.bool_]


def _action_health(action: Action, index: int, judged: _Judged, near: Sequence[ConfusablePair]) -> ActionHealth:
    own = np.flatnonzero(judged.compared.action_indices == index)
    columns = {judged.compared.take_ids[column]: int(column) for column in own}
    exemplar = _exemplar(judged.compared, own)
    takes = tuple(_take_health(take, index, columns.get(take.take_id), judged, exemplar) for take in action.takes)
    sentences = (*_take_sentences(action, takes), *(pair.sentence for pair in near))
    state: State = "needs attention" if sentences else "good"
    return ActionHealth(action.action_id, action.name, state, sentences, exemplar, takes)


def _take_health(take: Take, index: int, column: int | None, judged: _Judged, exemplar: str | None) -> TakeHealth:
    check, compared = check_take(take.sequence), judged.compared
    nearest_take_id, distance, taken_for = None, None, None
    if column is not None and (compared.action_indices == index).sum() > 1:
        to_own = np.where(compared.action_indices == index, compared.distances[:, column], np.inf)
        row = int(to_own.argmin())
        nearest_take_id, distance = compared.take_ids[row], float(to_own[row])
        taken_for = _taken_for(judged, column)
    return TakeHealth(
        take_id=take.take_id,
        nearest_take_id=nearest_take_id,
        distance=distance,
        threshold=float(judged.bank.thresholds[index]),
        taken_for=taken_for,
        outlier=column is not None and bool(judged.outliers[column]),
        exemplar=take.take_id == exemplar,
        usable=column is not None and check.usable,
        warnings=check.warnings if check.reason is None else (check.reason, *check.warnings),
    )


def _exemplar(compared: TakeDistances, own: NDArray[np.intp]) -> str | None:
    """The take that is least far from the others of its action, all together."""
    return compared.take_ids[int(own[compared.glances[np.ix_(own, own)].sum(axis=0).argmin()])] if len(own) else None


def _taken_for(judged: _Judged, column: int) -> str | None:
    compared = judged.compared
    thresholds = np.array(judged.bank.thresholds)[compared.action_indices]
    ratios = np.where(judged.outliers, np.inf, compared.distances[:, column] / np.maximum(thresholds, 1e-6))
    row = int(ratios.argmin())
    return judged.bank.actions[compared.action_indices[row]].name if ratios[row] <= 1 else None


def _take_sentences(action: Action, takes: Sequence[TakeHealth]) -> list[str]:
    usable = [take for take in takes if take.usable]
    lost = [take for take in usable if take.distance is not None and take.taken_for is None and not take.outlier]
    differ = 2 * len(lost) > len(usable)
    said = []
    for number, take in enumerate(takes, start=1):
        if not take.usable:
            why = take.warnings[0] if take.warnings else "hardly anything is seen"
            said.append(f"Take {number} cannot be learned from ({why}). Switch it off, or record it again.")
        elif take.taken_for not in {None, action.name}:
            said.append(f"Take {number} would be taken for {take.taken_for}. Switch it off, or record it again.")
        elif take.outlier:
            said.append(f"Take {number} is unlike the others. Switch it off, or record it again.")
        elif take in lost and not differ:
            said.append(f"Take {number} would not be recognised by the others. Record another one like it.")
    if differ:
        said.append("The takes are so unlike each other that most would not be recognised. Record some that are alike.")
    if not usable:
        said.append("Nothing can be recognised. Record a take.")
    elif len(usable) == 1:
        said.append("With one take nothing tells how well it will be recognised. Record another.")
    return said
