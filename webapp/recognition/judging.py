"""Actions and negatives with what is learned from them, and how they judge a performance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from webapp.core.records import Pose, PoseSequence
from webapp.recognition.classify import classify
from webapp.recognition.ports import Action, Candidate, Event
from webapp.recognition.spotter import StreamRecogniser
from webapp.recognition.template_bank import TemplateBank, prepare_bank


@dataclass(frozen=True)
class Learned:
    """Actions and negatives, and what is learned from them."""

    actions: tuple[Action, ...]
    negatives: tuple[PoseSequence, ...]
    bank: TemplateBank
    _without: dict[int, Learned] = field(default_factory=dict, compare=False, repr=False)

    @property
    def take_count(self) -> int:
        return sum(len(action.takes) for action in self.actions)

    def action(self, action_id: str) -> Action | None:
        return next((action for action in self.actions if action.action_id == action_id), None)

    def threshold(self, action_id: str) -> float:
        """The action's threshold; 0 where it is not known."""
        pairs = zip(self.bank.actions, self.bank.thresholds, strict=True)
        return next((float(threshold) for action, threshold in pairs if action.action_id == action_id), 0.0)

    def with_action(self, changed: Action) -> Learned:
        """The same with this action in the place of its namesake."""
        actions = (changed if action.action_id == changed.action_id else action for action in self.actions)
        return learned(actions, self.negatives)

    def with_factors(self, factors: Mapping[str, float]) -> Learned:
        """The same with these threshold factors by action_id. Nothing is learned anew: a factor only multiplies."""
        actions, thresholds = [], []
        for action, threshold in zip(self.actions, self.bank.thresholds, strict=True):
            factor = factors.get(action.action_id, action.threshold_factor)
            actions.append(replace(action, threshold_factor=factor))
            thresholds.append(threshold * factor / action.threshold_factor)
        bank = replace(self.bank, actions=tuple(actions), thresholds=tuple(thresholds))
        return Learned(tuple(actions), self.negatives, bank)

    def without(self, sequence: PoseSequence) -> Learned:
        """What is learned from all but this take or negative."""
        if id(sequence) not in self._without:
            actions = [replace(one, takes=[t for t in one.takes if t.sequence is not sequence]) for one in self.actions]
            negatives = [negative for negative in self.negatives if negative is not sequence]
            self._without[id(sequence)] = learned(actions, negatives)
        return self._without[id(sequence)]


def learned(actions: Iterable[Action], negatives: Sequence[PoseSequence]) -> Learned:
    kept = tuple(actions)
    return Learned(kept, tuple(negatives), prepare_bank(kept, negatives))


def accepts(known: Learned, action_id: str, performance: PoseSequence) -> bool:
    return judged_id(known.bank, performance) == action_id


def judged_id(bank: TemplateBank, performance: PoseSequence) -> str | None:
    action = classify(bank, performance).action
    return None if action is None else action.action_id


def accepted_ratios(bank: TemplateBank, action_id: str, performance: PoseSequence) -> list[float]:
    """Distance / threshold wherever the performance is taken for the action: as a whole, or as a stream."""
    streamed = [event.distance / event.threshold for event in _streamed(bank, performance, action_id)]
    return classified_ratios(bank, action_id, performance) + streamed


def classified_ratios(bank: TemplateBank, action_id: str, performance: PoseSequence) -> list[float]:
    judged = classify(bank, performance)
    candidate = candidate_of(judged.ranking, action_id)
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


def candidate_of(ranking: Sequence[Candidate], action_id: str) -> Candidate | None:
    return next((candidate for candidate in ranking if candidate.action_id == action_id), None)
