"""The effect of feedback on what is recognised: the threshold that does as the person says, and what else it does.

A threshold is lowered just below the performance that was wrong, never so low that takes of the action are no longer
recognised by its other takes; it is raised just above the one that was missed, never so high that a take of another
action or a negative, judged as if it were new, is accepted that was not before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from webapp.core.errors import InvalidInputError
from webapp.core.records import PoseSequence
from webapp.recognition.classify import Classification, classify
from webapp.recognition.feedback import (
    FACTOR_MAX,
    FACTOR_MIN,
    Bound,
    Change,
    ChangedEvent,
    Effect,
    Feedback,
    LostTake,
    PastEvent,
)
from webapp.recognition.judging import (
    Learned,
    accepted_ratios,
    accepts,
    candidate_of,
    classified_ratios,
    judged_id,
    learned,
)
from webapp.recognition.ports import Action, Take, of_kind

Item = TypeVar("Item")

_CLEARANCE = 0.03
"""How far beyond the performance the new threshold lies, as a share of it."""
_FEWEST_LOOKS, _TAKES_LEARNED = 8, 2000
"""An answer must come in seconds: all that is learned anew for it holds about so many takes."""
_MAX_OTHERS = 60
ADDED = "added by feedback"
"""The take_id of a performance that is added as a take."""


def feedback_effect(
    actions: Sequence[Action],
    negatives: Sequence[PoseSequence],
    feedback: Feedback,
    recent: Sequence[PastEvent] = (),
) -> Effect:
    """What the feedback would do to these actions, and to how recent events are judged.

    Only takes, negatives and events of the performance's kind, hand or body, are looked at: the others cannot be
    compared with it. InvalidInputError where the performance shows too little to be compared with anything.
    """
    kind = feedback.performance.skeleton.kind
    recent = [event for event in recent if event.sequence.skeleton.kind == kind]
    before = learned(of_kind(actions, kind), [each for each in negatives if each.skeleton.kind == kind])
    if before.bank.templates and not classify(before.bank, feedback.performance).ranking:
        raise InvalidInputError(
            f"the {len(feedback.performance)} frames show too little of the person to be compared; "
            "choose a performance in which shoulders and moving limbs, or the whole hand, are seen"
        )
    after, changes = _with_addition(before, feedback), list[Change]()
    if feedback.tune and feedback.wrong_action_id is not None:
        changes += _rejecting(after, feedback.wrong_action_id, feedback.performance)
        after = _tuned(after, changes)
    if feedback.tune and feedback.right_action_id is not None:
        changes += _accepting(after, feedback.right_action_id, feedback.performance)
        after = _tuned(after, changes)
    lost, checked = _lost_takes(before, after)
    solved = _is_solved(after, feedback)
    return Effect(
        changes=tuple(replace(change, threshold_before=before.threshold(change.action_id)) for change in changes),
        solved=solved,
        events=_changed_events(before, after, recent),
        lost_takes=lost,
        checked_events=len(recent),
        checked_takes=checked,
        suggestion=None if solved or feedback.add else "take" if feedback.right_action_id else "negative",
    )


def _with_addition(known: Learned, feedback: Feedback) -> Learned:
    if feedback.add == "negative":
        return learned(known.actions, (*known.negatives, feedback.performance))
    if feedback.add != "take" or feedback.right_action_id is None:
        return known
    take = Take(ADDED, feedback.performance)
    action = known.action(feedback.right_action_id)
    if action is None:  # its first take
        return learned((*known.actions, Action(feedback.right_action_id, feedback.right_name, [take])), known.negatives)
    return known.with_action(replace(action, takes=[*action.takes, take]))


def _tuned(known: Learned, changes: Sequence[Change]) -> Learned:
    factors = {change.action_id: change.factor_after for change in changes if change.changes}
    return known.with_factors(factors) if factors else known


def _change(known: Learned, action: Action, bound: Bound, factor: float, obstacle: str | None = None) -> Change:
    """To this factor, or none where there is an obstacle."""
    kept = action.threshold_factor
    after = kept if obstacle else factor
    threshold = known.threshold(action.action_id)
    return Change(action.action_id, action.name, bound, kept, after, threshold, threshold * after / kept, obstacle)


def _rejecting(known: Learned, action_id: str, performance: PoseSequence) -> list[Change]:
    """What keeps the performance from being taken for the action; nothing where it is not."""
    action = known.action(action_id)
    ratios = [] if action is None else accepted_ratios(known.bank, action_id, performance)
    if action is None or not ratios:
        return []
    wanted = action.threshold_factor * min(ratios) * (1 - _CLEARANCE)
    own = _left_out(known, action, _looks(known))
    losing = sum(1 for take in own if take.accepted and take.factor > wanted)
    obstacle = None
    if losing:
        obstacle = f"a threshold this low would also lose {losing} of {len(own)} takes of {action.name}"
    elif wanted < FACTOR_MIN:
        obstacle = f"this is so near to the takes of {action.name} that no sensible threshold tells it from them"
    return [_change(known, action, "at_most", wanted, obstacle)]


def _accepting(known: Learned, action_id: str, performance: PoseSequence) -> list[Change]:
    """What lets the performance be taken for the action; nothing where it is already."""
    action = known.action(action_id)
    if action is None or accepts(known, action_id, performance):
        return []
    widest = classify(known.with_factors({action_id: FACTOR_MAX}).bank, performance)
    candidate = candidate_of(widest.ranking, action_id)
    wanted = math.inf if candidate is None else FACTOR_MAX * candidate.distance / candidate.threshold
    wanted = min(FACTOR_MAX, wanted * (1 + _CLEARANCE))
    if accepts(known.with_factors({action_id: wanted}), action_id, performance):
        reached = _newly_reached(known, action, wanted)
        obstacle = f"a threshold this high would also accept {reached} as {action.name}" if reached else None
    else:
        obstacle = _why_not(action, widest)
    return [_change(known, action, "at_least", wanted, obstacle)]


def _why_not(action: Action, widest: Classification) -> str:
    if widest.nearest is not None and widest.nearest.action_id != action.action_id:
        return f"it is nearer to {widest.nearest.name} at any threshold of {action.name}"
    candidate = candidate_of(widest.ranking, action.action_id)
    said = "nothing in it can be compared" if candidate is None else candidate.reason or "it is too near to others"
    return f"no sensible threshold of {action.name} accepts it: {said}"


def _newly_reached(known: Learned, action: Action, factor: float) -> str:
    """Takes of other actions and negatives that this factor accepts as the action and the present one does not.

    Each is judged by all but itself, as if it were new; in words.
    """

    def nearness(other: _Other) -> float:
        candidate = candidate_of(classify(known.bank, other.sequence).ranking, action.action_id)
        return math.inf if candidate is None else candidate.distance

    def is_reached(other: _Other) -> bool:
        rest = known.without(other.sequence)
        then = rest.with_factors({action.action_id: factor})
        return accepts(then, action.action_id, other.sequence) and not accepts(rest, action.action_id, other.sequence)

    others = [
        _Other(f"takes of {one.name}", take.sequence)
        for one in known.actions
        if one is not action
        for take in one.takes
    ]
    others += [_Other("movements that are none of your actions", negative) for negative in known.negatives]
    nearest = sorted(_thinned(others, _MAX_OTHERS), key=nearness)[: _looks(known)]
    names = [other.name for other in nearest if is_reached(other)]
    return " and ".join(f"{names.count(name)} of the {name}" for name in dict.fromkeys(names))


@dataclass(frozen=True)
class _Other:
    """A take of another action, or a negative; name: of its kind, in the plural."""

    name: str
    sequence: PoseSequence


@dataclass(frozen=True)
class _LeftOut:
    """A take judged by all the rest. factor: from which on they accept it, where they do now."""

    take: Take
    accepted: bool
    factor: float


def _left_out(known: Learned, action: Action, count: int) -> list[_LeftOut]:
    """At most count of the action's takes, each left out and judged by all the rest; none where none is left."""
    if len(action.takes) < 2:
        return []
    found = []
    for take in _thinned(action.takes, count):
        ratios = classified_ratios(known.without(take.sequence).bank, action.action_id, take.sequence)
        found.append(_LeftOut(take, bool(ratios), action.threshold_factor * min(ratios, default=math.inf)))
    return found


def _looks(known: Learned) -> int:
    """How many takes can be left out in turn, so that an answer comes in seconds."""
    return max(_FEWEST_LOOKS, _TAKES_LEARNED // max(1, known.take_count))


def _lost_takes(before: Learned, after: Learned) -> tuple[tuple[LostTake, ...], int]:
    """The takes that the rest accepts before and not after; how many were looked at.

    Only actions whose threshold falls can lose any; those of which it falls most are looked at first.
    """

    def kept_share(action: Action) -> float:
        return after.threshold(action.action_id) / max(before.threshold(action.action_id), 1e-9)

    sizes = [(len(known.negatives), known.take_count) for known in (before, after)]
    same = sizes[0] == sizes[1]  # nothing was added
    factors = {action.action_id: action.threshold_factor for action in after.actions}
    lost, checked, looks = [], 0, _looks(before)
    for action in sorted((one for one in before.actions if kept_share(one) < 1), key=kept_share):
        for one in _left_out(before, action, max(0, looks - checked)):
            checked += 1
            sequence = one.take.sequence
            rest = before.without(sequence).with_factors(factors) if same else after.without(sequence)
            if one.accepted and not accepts(rest, action.action_id, sequence):
                lost.append(LostTake(action.action_id, one.take.take_id))
    return tuple(lost), checked


def _changed_events(before: Learned, after: Learned, recent: Sequence[PastEvent]) -> tuple[ChangedEvent, ...]:
    found = []
    for event in recent:
        earlier, later = (judged_id(known.bank, event.sequence) for known in (before, after))
        if earlier != later:
            found.append(ChangedEvent(event.event_id, earlier, later))
    return tuple(found)


def _is_solved(known: Learned, feedback: Feedback) -> bool:
    if feedback.right_action_id is not None and not accepts(known, feedback.right_action_id, feedback.performance):
        return False
    wrong_id = feedback.wrong_action_id
    return wrong_id is None or not accepted_ratios(known.bank, wrong_id, feedback.performance)


def _thinned(items: Sequence[Item], count: int) -> Sequence[Item]:
    """At most count of them, evenly spread."""
    return items[:0] if count < 1 else items[:: max(1, -(-len(items) // count))]
