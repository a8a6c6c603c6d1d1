"""The effect of feedback on what is recognised: the threshold that does as the person says, and what else it does.

A threshold is lowered just below the performance that was wrong, never so low that takes of the action are no longer
recognised by its other takes; it is raised just above the one that was missed, never so high that a take of another
action or a negative, judged as if it were new, is accepted that was not before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from webapp.core.errors import InvalidInputError
from webapp.core.records import Pose, PoseSequence
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
from webapp.recognition.ports import Action, Candidate, Event, Take
from webapp.recognition.spotter import StreamRecogniser
from webapp.recognition.template_bank import TemplateBank, prepare_bank

Item = TypeVar("Item")

_CLEARANCE = 0.03
"""How far beyond the performance the new threshold lies, as a share of it."""
_MAX_LEFT_OUT, _MAX_OTHERS = 12, 60
"""How many takes are looked at: an answer must come in seconds."""
ADDED = "added by feedback"
"""The take_id of a performance that is added as a take."""


@dataclass(frozen=True)
class _Learned:
    """Actions and negatives, and what is learned from them."""

    actions: tuple[Action, ...]
    negatives: tuple[PoseSequence, ...]
    bank: TemplateBank

    def action(self, action_id: str) -> Action | None:
        return next((action for action in self.actions if action.action_id == action_id), None)

    def threshold(self, action_id: str) -> float:
        """The action's threshold; 0 where it is not known."""
        pairs = zip(self.bank.actions, self.bank.thresholds, strict=True)
        return next((float(threshold) for action, threshold in pairs if action.action_id == action_id), 0.0)

    def with_action(self, changed: Action) -> _Learned:
        """The same with this action in the place of its namesake."""
        actions = (changed if action.action_id == changed.action_id else action for action in self.actions)
        return _learned(actions, self.negatives)

    def with_factor(self, action_id: str, factor: float) -> _Learned:
        action = self.action(action_id)
        return self if action is None else self.with_action(replace(action, threshold_factor=factor))


def _learned(actions: Iterable[Action], negatives: Sequence[PoseSequence]) -> _Learned:
    kept = tuple(actions)
    return _Learned(kept, tuple(negatives), prepare_bank(kept, negatives))


def feedback_effect(
    actions: Sequence[Action],
    negatives: Sequence[PoseSequence],
    feedback: Feedback,
    recent: Sequence[PastEvent] = (),
) -> Effect:
    """What the feedback would do to these actions, and to how recent events are judged.

    InvalidInputError where the performance shows too little to be compared with anything.
    """
    before = _learned(actions, negatives)
    if before.bank.templates and not classify(before.bank, feedback.performance).ranking:
        raise InvalidInputError(
            f"the {len(feedback.performance)} frames show too little of the person to be compared; "
            "choose a performance in which shoulders and moving limbs are seen"
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


def _with_addition(known: _Learned, feedback: Feedback) -> _Learned:
    if feedback.add == "negative":
        return _learned(known.actions, (*known.negatives, feedback.performance))
    if feedback.add != "take" or feedback.right_action_id is None:
        return known
    take = Take(ADDED, feedback.performance)
    action = known.action(feedback.right_action_id)
    if action is None:  # its first take
        return _learned(
            (*known.actions, Action(feedback.right_action_id, feedback.right_name, [take])), known.negatives
        )
    return known.with_action(replace(action, takes=[*action.takes, take]))


def _tuned(known: _Learned, changes: Sequence[Change]) -> _Learned:
    for change in changes:
        action = known.action(change.action_id)
        if action is not None and action.threshold_factor != change.factor_after:
            known = known.with_factor(change.action_id, change.factor_after)
    return known


def _change(known: _Learned, action: Action, bound: Bound, factor: float, obstacle: str | None = None) -> Change:
    """To this factor, or none where there is an obstacle."""
    kept = action.threshold_factor
    after = kept if obstacle else factor
    threshold = known.threshold(action.action_id)
    return Change(action.action_id, action.name, bound, kept, after, threshold, threshold * after / kept, obstacle)


def _rejecting(known: _Learned, action_id: str, performance: PoseSequence) -> list[Change]:
    """What keeps the performance from being taken for the action; nothing where it is not."""
    action = known.action(action_id)
    ratios = [] if action is None else _accepted_ratios(known.bank, action_id, performance)
    if action is None or not ratios:
        return []
    wanted = action.threshold_factor * min(ratios) * (1 - _CLEARANCE)
    own = _left_out(known, action)
    losing = sum(1 for take in own if take.accepted and take.factor > wanted)
    obstacle = None
    if losing:
        obstacle = f"a threshold this low would also lose {losing} of {len(own)} takes of {action.name}"
    elif wanted < FACTOR_MIN:
        obstacle = f"this is so near to the takes of {action.name} that no sensible threshold tells it from them"
    return [_change(known, action, "at_most", wanted, obstacle)]


def _accepting(known: _Learned, action_id: str, performance: PoseSequence) -> list[Change]:
    """What lets the performance be taken for the action; nothing where it is already."""
    action = known.action(action_id)
    if action is None or _accepts(known, action_id, performance):
        return []
    widest = classify(known.with_factor(action_id, FACTOR_MAX).bank, performance)
    candidate = _candidate(widest.ranking, action_id)
    wanted = math.inf if candidate is None else FACTOR_MAX * candidate.distance / candidate.threshold
    wanted = min(FACTOR_MAX, wanted * (1 + _CLEARANCE))
    after = known.with_factor(action_id, wanted)
    if _accepts(after, action_id, performance):
        reached = _newly_reached(known, after, action)
        obstacle = f"a threshold this high would also accept {reached} as {action.name}" if reached else None
    else:
        obstacle = _why_not(action, widest)
    return [_change(known, action, "at_least", wanted, obstacle)]


def _why_not(action: Action, widest: Classification) -> str:
    if widest.nearest is not None and widest.nearest.action_id != action.action_id:
        return f"it is nearer to {widest.nearest.name} at any threshold of {action.name}"
    candidate = _candidate(widest.ranking, action.action_id)
    said = "nothing in it can be compared" if candidate is None else candidate.reason or "it is too near to others"
    return f"no sensible threshold of {action.name} accepts it: {said}"


def _newly_reached(before: _Learned, after: _Learned, action: Action) -> str:
    """Takes of other actions and negatives that are accepted as the action after and not before, in words.

    Each is judged by all but itself, as if it were new.
    """

    def nearness(sequence: PoseSequence) -> float:
        candidate = _candidate(classify(before.bank, sequence).ranking, action.action_id)
        return math.inf if candidate is None else candidate.distance

    def is_reached(known: _Learned, other: _Other) -> bool:
        return _accepts(other.left_out_of(known), action.action_id, other.sequence)

    others = [_Other(take.sequence, one) for one in before.actions if one is not action for take in one.takes]
    others += [_Other(negative) for negative in before.negatives]
    nearest = sorted(_thinned(others, _MAX_OTHERS), key=lambda other: nearness(other.sequence))[:_MAX_LEFT_OUT]
    reached = [other for other in nearest if is_reached(after, other) and not is_reached(before, other)]
    names = ["none of your actions" if other.action is None else other.action.name for other in reached]
    return " and ".join(f"{names.count(name)} recorded as {name}" for name in dict.fromkeys(names))


@dataclass(frozen=True)
class _Other:
    """A take of another action, or a negative."""

    sequence: PoseSequence
    action: Action | None = None

    def left_out_of(self, known: _Learned) -> _Learned:
        if self.action is None:
            return _learned(known.actions, [one for one in known.negatives if one is not self.sequence])
        return known.with_action(_without(self.action, self.sequence))


def _without(action: Action, sequence: PoseSequence) -> Action:
    return replace(action, takes=[take for take in action.takes if take.sequence is not sequence])


@dataclass(frozen=True)
class _LeftOut:
    """A take judged by the others. factor: from which on they accept it, where they do now."""

    take_id: str
    accepted: bool
    factor: float


def _left_out(known: _Learned, action: Action) -> list[_LeftOut]:
    """The action's takes (at most _MAX_LEFT_OUT), each left out and judged by the rest; none for a single one."""
    if len(action.takes) < 2:
        return []
    found = []
    for take in _thinned(action.takes, _MAX_LEFT_OUT):
        rest = known.with_action(_without(action, take.sequence))
        ratios = _classified_ratios(rest.bank, action.action_id, take.sequence)
        found.append(_LeftOut(take.take_id, bool(ratios), action.threshold_factor * min(ratios, default=math.inf)))
    return found


def _lost_takes(before: _Learned, after: _Learned) -> tuple[tuple[LostTake, ...], int]:
    """The takes that the others of their action accept before and not after; how many were looked at.

    Only actions whose threshold falls can lose any.
    """
    lost, checked = [], 0
    for action in before.actions:
        changed = after.action(action.action_id)
        if changed is None or after.threshold(action.action_id) >= before.threshold(action.action_id):
            continue
        own = _left_out(before, action)
        checked += len(own)
        accepted = {take.take_id for take in _left_out(after, changed) if take.accepted}
        lost += [
            LostTake(action.action_id, take.take_id) for take in own if take.accepted and take.take_id not in accepted
        ]
    return tuple(lost), checked


def _changed_events(before: _Learned, after: _Learned, recent: Sequence[PastEvent]) -> tuple[ChangedEvent, ...]:
    found = []
    for event in recent:
        earlier, later = (_action_id(known.bank, event.sequence) for known in (before, after))
        if earlier != later:
            found.append(ChangedEvent(event.event_id, earlier, later))
    return tuple(found)


def _is_solved(known: _Learned, feedback: Feedback) -> bool:
    if feedback.right_action_id is not None and not _accepts(known, feedback.right_action_id, feedback.performance):
        return False
    wrong_id = feedback.wrong_action_id
    return wrong_id is None or not _accepted_ratios(known.bank, wrong_id, feedback.performance)


def _accepts(known: _Learned, action_id: str, performance: PoseSequence) -> bool:
    return _action_id(known.bank, performance) == action_id


def _action_id(bank: TemplateBank, performance: PoseSequence) -> str | None:
    action = classify(bank, performance).action
    return None if action is None else action.action_id


def _accepted_ratios(bank: TemplateBank, action_id: str, performance: PoseSequence) -> list[float]:
    """Distance / threshold wherever the performance is taken for the action: as a whole, or as a stream."""
    streamed = [event.distance / event.threshold for event in _streamed(bank, performance, action_id)]
    return _classified_ratios(bank, action_id, performance) + streamed


def _classified_ratios(bank: TemplateBank, action_id: str, performance: PoseSequence) -> list[float]:
    judged = classify(bank, performance)
    candidate = _candidate(judged.ranking, action_id)
    if candidate is None or judged.action is None or judged.action.action_id != action_id:
        return []
    return [candidate.distance / candidate.threshold]


def _streamed(bank: TemplateBank, performance: PoseSequence, action_id: str) -> list[Event]:
    recogniser, events = StreamRecogniser(bank), list[Event]()
    for frame, time_s in enumerate(performance.times_s.tolist()):
        world_m = None if performance.world_m is None else performance.world_m[frame]
        pose = Pose(performance.skeleton, performance.keypoints[frame], performance.scores[frame], 1.0, world_m)
        events += recogniser.update(pose, 1, time_s).events  # keypoints are in picture heights
    events += recogniser.flush()
    return [event for event in events if event.action_id == action_id]


def _candidate(ranking: Sequence[Candidate], action_id: str) -> Candidate | None:
    return next((candidate for candidate in ranking if candidate.action_id == action_id), None)


def _thinned(items: Sequence[Item], count: int) -> Sequence[Item]:
    """At most count of them, evenly spread."""
    return items[:: max(1, -(-len(items) // count))]
