"""Template health: which takes help, which harm, which actions are hard to tell apart, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.core.records import PoseSequence
from webapp.core.sequences import check_take
from webapp.core.skeleton import Kind
from webapp.recognition.confusions import ConfusablePair, confusable_pairs, own_distances, own_takes, take_distances
from webapp.recognition.matching import match_many
from webapp.recognition.ports import Action, Take, of_kind
from webapp.recognition.scoring import NO_ACTION, score
from webapp.recognition.template_bank import TemplateBank, prepare_bank
from webapp.recognition.templates import Template

State = Literal["good", "needs attention"]


@dataclass(frozen=True)
class TakeHealth:
    """One take, left out and then recognised by all the others that are no outliers.

    nearest_take_id, distance: the nearest other take of its action; None and None where there is none.
    threshold: how far it may be. taken_for: the name of the action it would be recognised as, None for none;
    reason: why it would not be recognised as any, as in ports.Candidate.
    outlier: it is unlike the other takes, which are like each other. exemplar: the take most like all others.
    usable: it can be learned from. warnings: what could be better in the take itself.
    """

    take_id: str
    nearest_take_id: str | None
    distance: float | None
    threshold: float
    taken_for: str | None
    reason: str | None
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
_MOST_LOOKED_AT = 12
"""How many of an action's takes are compared with all the others to find the exemplar."""
_OUTLIER_TIMES = 2.0
"""An outlier is so many times as far from its nearest as the other takes of the action mostly are."""


def template_health(actions: Sequence[Action], negatives: Sequence[PoseSequence] = ()) -> Health:
    """Judge every take of every action by all the others; negatives as in prepare_bank. A few seconds for 200 takes.

    Takes of hands and of bodies are judged apart.
    """
    kinds = dict.fromkeys(take.sequence.skeleton.kind for action in actions for take in action.takes)
    judged = {kind: _judged(of_kind(actions, kind), negatives) for kind in kinds}
    pairs = [pair for each in judged.values() for pair in confusable_pairs(each.bank)]
    confusable = tuple(sorted(pairs, key=lambda pair: pair.nearness))
    found = tuple(
        _action_health(action, index, judged, [pair for pair in confusable if pair.concerns(action)])
        for index, action in enumerate(actions)
    )
    return Health(found, confusable)


@dataclass(frozen=True)
class _Judged:
    """whole: all takes; bank: without the outliers, what every take is judged by; outliers: (action index, take_id)."""

    whole: TemplateBank
    bank: TemplateBank
    outliers: frozenset[tuple[int, str]]


def _judged(actions: Sequence[Action], negatives: Sequence[PoseSequence]) -> _Judged:
    whole = prepare_bank(actions, negatives)
    outliers = frozenset(_outliers(whole))
    # outliers would spoil the thresholds by which the others are judged
    return _Judged(whole, prepare_bank(_without(actions, outliers), negatives) if outliers else whole, outliers)


def _outliers(bank: TemplateBank) -> Iterator[tuple[int, str]]:
    """Which takes are far from all others of their action while those are near each other."""
    distances = take_distances(bank)
    for index in range(len(bank.actions)):
        own = own_takes(bank, index)
        for column in own if len(own) >= _MIN_FOR_OUTLIERS else ():
            others = own[own != column]
            usual = float(np.median(own_distances(distances, others)))
            if own_distances(distances, own)[own == column][0] > _OUTLIER_TIMES * usual:
                yield index, bank.templates[column].take_id


def _without(actions: Sequence[Action], outliers: frozenset[tuple[int, str]]) -> list[Action]:
    return [
        replace(action, takes=[take for take in action.takes if (index, take.take_id) not in outliers])
        for index, action in enumerate(actions)
    ]


def _action_health(
    action: Action, index: int, judged: Mapping[Kind, _Judged], near: Sequence[ConfusablePair]
) -> ActionHealth:
    own = {
        each.whole.templates[column].take_id: each.whole.templates[column]
        for each in judged.values()
        for column in own_takes(each.whole, index)
    }
    exemplar = next(filter(None, (_exemplar(each.bank, index) for each in judged.values())), None)
    takes = tuple(
        _take_health(take, index, own.get(take.take_id), judged[take.sequence.skeleton.kind], exemplar)
        for take in action.takes
    )
    sentences = (*_take_sentences(action, takes), *(pair.sentence for pair in near))
    state: State = "needs attention" if sentences else "good"
    return ActionHealth(action.action_id, action.name, state, sentences, exemplar, takes)


def _take_health(
    take: Take, index: int, template: Template | None, judged: _Judged, exemplar: str | None
) -> TakeHealth:
    check = check_take(take.sequence)
    nearest_take_id, distance, taken_for, reason = None, None, None, None
    if template is not None:
        nearest_take_id, distance, taken_for, reason = _left_out(judged.bank, template)
    return TakeHealth(
        take_id=take.take_id,
        nearest_take_id=nearest_take_id,
        distance=distance,
        threshold=judged.bank.thresholds[index],
        taken_for=taken_for,
        reason=reason,
        outlier=(index, take.take_id) in judged.outliers,
        exemplar=take.take_id == exemplar,
        usable=template is not None and check.usable,
        warnings=check.warnings if check.reason is None else (check.reason, *check.warnings),
    )


def _left_out(bank: TemplateBank, take: Template) -> tuple[str | None, float | None, str | None, str | None]:
    """What a take is without itself: the nearest of its action, how far that is, what it is taken for, or why not."""
    scores = score(bank, take.frames, take.trust, _counting(bank, take))
    nearest = int(scores.nearest[take.action_index])
    if nearest < 0:
        return None, None, None, None
    first = int(scores.distances.argmin())
    reason = scores.reason(first)
    taken_for = bank.actions[first].name if reason is None else None
    return bank.templates[nearest].take_id, float(scores.distances[take.action_index]), taken_for, reason


def _counting(bank: TemplateBank, take: Template) -> NDArray[np.int64]:
    """The templates that count when the take is recognised without itself: of each action the nearest."""
    column = next((k for k in own_takes(bank, take.action_index) if bank.templates[k].take_id == take.take_id), None)
    if column is None:  # an outlier, which the bank does not know
        return np.arange(len(bank.templates))
    rows: list[int] = []
    for index, count in enumerate(bank.counted):
        known = np.flatnonzero((bank.action_indices == index) & np.isfinite(bank.pairs[:, column]))
        nearest = known[np.argsort(bank.pairs[known, column] * bank.scales[known])][:count]
        rows += [int(row) for row in nearest]
    return np.array(sorted(rows), np.int64)


def _exemplar(bank: TemplateBank, index: int) -> str | None:
    """The take that is least far from the others of its action, all together."""
    own = own_takes(bank, index)
    if len(own) < 2:
        return bank.templates[int(own[0])].take_id if len(own) else None
    totals = np.zeros(len(own))
    for column in own[:: -(-len(own) // _MOST_LOOKED_AT)]:
        performance = bank.templates[column]
        totals += np.where(
            own == column, 0, match_many(bank.arrays, performance.frames, performance.trust, own).distances
        )
    return bank.templates[int(own[totals.argmin()])].take_id


def _take_sentences(action: Action, takes: Sequence[TakeHealth]) -> list[str]:
    usable = [take for take in takes if take.usable]
    lost = [take for take in usable if take.reason not in {None, NO_ACTION} and not take.outlier]
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
        elif take.reason == NO_ACTION:
            said.append(f"Take {number} is nearer to a movement that is none of your actions. Switch one of them off.")
        elif take in lost and not differ:
            said.append(f"Take {number} would not be recognised by the others. Record another one like it.")
    if differ:
        said.append("The takes are so unlike each other that most would not be recognised. Record some that are alike.")
    if not usable:
        said.append("Nothing can be recognised. Record a take.")
    elif len(usable) == 1:
        said.append("With one take nothing tells how well it will be recognised. Record another.")
    return said
