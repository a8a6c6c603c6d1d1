"""The streaming recogniser of one person: frames in, ranking and events out."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from webapp.core.errors import InvalidInputError
from webapp.core.features import part_features
from webapp.core.normalise import body_size, visibility
from webapp.core.records import FloatArray, Pose
from webapp.core.skeleton import Skeleton
from webapp.core.tracks import RATE_HZ
from webapp.recognition.decisions import Decisions, Finding
from webapp.recognition.history import FeatureHistory, PoseHistory
from webapp.recognition.matching import match_motion
from webapp.recognition.ports import Event, Recognition
from webapp.recognition.ranking import Ranking
from webapp.recognition.row_matcher import RowMatcher
from webapp.recognition.sampler import Tick, TickSampler
from webapp.recognition.template_bank import TemplateBank

MAX_GAP_S = 0.6
"""A longer silence of the stream ends every movement in progress."""
_RESTART_S = 2.0
"""A clock this far behind is a new stream (a video begun again), not a late frame."""
_SIZE_TICKS = round(3 * RATE_HZ)
_LOOKED_AT = 4
"""How many of the nearest finished matches are looked at closely in one tick."""
_OVERLAP = 0.2
"""Two events may share this part of the first: repetitions flow into each other."""


class StreamRecogniser:
    """Recognises one person in a stream by a bank of templates. Times come from the frames.

    A pose without world coordinates is compared with the bank's flat twin. A change of skeleton or of dimensions, or a
    clock more than 2 s behind, begins a new stream.
    """

    def __init__(self, bank: TemplateBank) -> None:
        self._given_bank = bank
        self._begin(bank, None)

    def reset(self) -> None:
        """Forget the stream, keep the templates."""
        self._begin(self._given_bank, None)

    def _begin(self, bank: TemplateBank, skeleton: Skeleton | None) -> None:
        self._bank, self._skeleton = bank, skeleton
        reach_frames = bank.longest_frames + round(2 * RATE_HZ)
        self._sampler = TickSampler()
        self._matcher = RowMatcher(bank.frames, bank.weights, bank.offsets, bank.max_frames)
        self._features = FeatureHistory(reach_frames)
        self._poses = PoseHistory(reach_frames / RATE_HZ)
        self._sizes: deque[float] = deque(maxlen=_SIZE_TICKS)
        self._decisions = Decisions()
        self._ranking = Ranking(bank)
        self._tick_zero_s = 0.0
        self._blocked_until_tick = 0
        self._last_s: float | None = None
        self._answer = Recognition(reason="nobody in view")

    def update(self, pose: Pose, image_height_px: int, time_s: float) -> Recognition:
        """Take in one frame's pose. A time not later than the last one is answered without being counted."""
        if image_height_px <= 0:
            raise InvalidInputError(f"image_height_px must be positive, got {image_height_px}")
        if not self._given_bank.templates:
            return Recognition(reason="no action recorded yet")
        events: tuple[Event, ...] = ()
        bank = self._given_bank if pose.world_m is not None else self._given_bank.flat
        restarted = self._last_s is not None and time_s < self._last_s - _RESTART_S
        if bank is not self._bank or pose.skeleton != self._skeleton or restarted:
            events = self.flush()
            self._begin(bank, pose.skeleton)
        if not math.isfinite(time_s) or (self._last_s is not None and time_s <= self._last_s):
            return replace(self._answer, events=events)
        if self._last_s is not None and time_s - self._last_s > MAX_GAP_S:
            events += self.flush()
        self._last_s = time_s
        ticks = self._sampler.add(time_s, *self._remember(pose, image_height_px, time_s))
        events += tuple(event for tick in ticks for event in self._advance(tick, time_s))
        self._answer = self._ranking.answer(self._matcher, self._features, time_s)
        return replace(self._answer, events=events)

    def flush(self) -> tuple[Event, ...]:
        """The stream has ended: announce what was only waiting for more evidence."""
        if self._last_s is None:
            return ()
        now_s = self._last_s
        events = [event for tick in self._sampler.finish() for event in self._advance(tick, now_s)]
        events += self._settle(now_s, at_once=True)
        self._matcher.reset()
        self._blocked_until_tick = self._features.next_tick
        return tuple(events)

    def _remember(self, pose: Pose, image_height_px: int, time_s: float) -> tuple[FloatArray, FloatArray]:
        keypoints = (pose.keypoints_px / np.float32(image_height_px)).astype(np.float32)
        self._poses.append(time_s, keypoints, pose.scores, pose.world_m)
        points = pose.world_m if self._bank.dimensions == 3 and pose.world_m is not None else keypoints
        visible = visibility(points, pose.scores)
        return np.where(visible[:, None] > 0, points, np.float32(0)), visible

    def _advance(self, tick: Tick, now_s: float) -> Iterator[Event]:
        """Take in one tick; yields the events that it settles."""
        assert self._skeleton is not None
        points, visible = tick.points[None], tick.visible[None]
        size = float(body_size(points, visible, self._skeleton)[0])
        if math.isfinite(size):
            self._sizes.append(size)
        typical = float(np.median(self._sizes)) if self._sizes else math.nan
        features, trust = part_features(points, visible, self._skeleton, typical)
        number = self._features.next_tick
        self._tick_zero_s = tick.time_s - number / RATE_HZ
        self._features.append(features[0], trust[0])
        self._matcher.advance(number, features[0], trust[0])
        self._find(number)
        yield from self._settle(now_s, at_once=False)

    def _find(self, tick: int) -> None:
        """Let every template that has just matched its whole length wait for a better match."""
        costs, starts = self._matcher.finished()
        ratios = costs / self._bank.spreads / self._bank.template_thresholds
        near = np.flatnonzero((ratios < 1) & (starts >= self._blocked_until_tick))
        for index in near[np.argsort(ratios[near])][:_LOOKED_AT]:
            template, start = self._bank.templates[index], int(starts[index])
            threshold = self._bank.thresholds[template.action_index]
            motion = match_motion(template, *self._features.between(start, tick))
            ratio = motion.distance / threshold
            reason = motion.flaw or ("course differs" if ratio >= 1 else None)
            if reason is not None:
                self._ranking.note(template.action_index, reason, tick)
            elif self._decisions.would_improve(template.action_index, ratio):
                self._decisions.add(Finding(template.action_index, int(index), start, tick, motion.distance, ratio))

    def _settle(self, now_s: float, *, at_once: bool) -> list[Event]:
        events = []
        last_tick = self._features.next_tick - 1
        while (verdict := self._decisions.settle(None if at_once else last_tick)) is not None:
            for action_index in verdict.undecided:
                self._ranking.note(action_index, "margin too small", last_tick)
            if verdict.winner is None:
                continue
            finding = verdict.winner
            events.append(self._event(finding, now_s))
            self._ranking.announce(finding, now_s)
            self._blocked_until_tick = finding.end_tick + 1 - round(_OVERLAP * finding.length)
            self._decisions.forget_before(self._blocked_until_tick)
            self._matcher.forget_before(self._blocked_until_tick)
        return events

    def _event(self, finding: Finding, now_s: float) -> Event:
        assert self._skeleton is not None
        action = self._bank.actions[finding.action_index]
        start_s, end_s = (self._tick_zero_s + t / RATE_HZ for t in (finding.start_tick, finding.end_tick))
        return Event(
            action_id=action.action_id,
            action=action.name,
            take_id=self._bank.templates[finding.template_index].take_id,
            start_s=start_s,
            end_s=end_s,
            announced_s=now_s,
            distance=finding.distance,
            threshold=self._bank.thresholds[finding.action_index],
            confidence=float(np.clip(1 - finding.ratio / 2, 0, 1)),
            sequence=self._poses.between(self._skeleton, start_s, end_s),
        )
