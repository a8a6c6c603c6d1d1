"""The streaming recogniser of one person: frames in, ranking and events out."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.features import part_features
from webapp.core.normalise import body_size, visibility
from webapp.core.records import FloatArray, Pose
from webapp.core.skeleton import Skeleton
from webapp.core.tracks import RATE_HZ
from webapp.recognition.decisions import BETTER, Decisions, Finding
from webapp.recognition.history import FeatureHistory, PoseHistory
from webapp.recognition.matching import match_many
from webapp.recognition.ports import Event, Recognition
from webapp.recognition.ranking import Ranking, without_templates
from webapp.recognition.sampler import Tick, TickSampler
from webapp.recognition.scoring import score
from webapp.recognition.subsequence import SubsequenceMatcher
from webapp.recognition.template_bank import TemplateBank, stream_row

MAX_GAP_S = 0.6
"""A longer silence of the stream ends every movement in progress."""
_RESTART_S = 2.0
"""A clock this far behind is a new stream (a video begun again), not a late frame."""
_SIZE_TICKS = round(3 * RATE_HZ)
_LOOKED_AT = 4
"""How many of the nearest finished matches are looked at closely in one tick."""
_SAME_START_TICKS = 1
"""A match that began at about the same tick is judged again only when it has become nearer."""
_WORTH_A_LOOK = 2.0
"""A template so many thresholds away may still win, where all others are far."""
_COMPARED = 64
"""With how many templates, those nearest now, a stretch is compared closely."""
COMPARED_CELLS = 2_000_000
"""And with at most so many pairs of frames, some 30 ms, where takes are as long as 20 s."""
_UNDER_WAY = 0.4
"""From this share of a template on it tells something that a match has come so far."""
_CLEARLY_NEARER = 0.95
_LONGER_TEMPLATE, _FITS_WELL = 1.5, 0.15
"""A part waits for a template so many times as long whose match is so near, as a share of the threshold, so far."""
_WAY_BACK_TICKS, _WAY_BACK_RATIO = round(0.3 * RATE_HZ), 0.7
"""What follows so soon on another action must be clearly itself: limbs come back by the way they went."""
_OVERLAP = 0.1
"""Two events may share this part of the first: repetitions flow into each other."""


class StreamRecogniser:
    """Recognises one person in a stream by a bank of templates. Times come from the frames.

    A pose without world coordinates, or of another kind of skeleton, is compared with the bank's twin for it. A change
    of skeleton or of dimensions, or a clock more than 2 s behind, begins a new stream.
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
        self._matcher = SubsequenceMatcher(bank.stream)
        self._features = FeatureHistory(reach_frames)
        # a finding may wait for a match under way before its poses are asked for
        self._poses = PoseHistory((bank.longest_frames + reach_frames) / RATE_HZ)
        self._sizes: deque[float] = deque(maxlen=_SIZE_TICKS)
        self._decisions = Decisions()
        self._announced: Finding | None = None
        self._judged: dict[int, tuple[int, float]] = {}
        self._ranking = Ranking(bank)
        self._tick_zero_s = 0.0
        self._blocked_until_tick = 0
        self._last_s: float | None = None
        self._answer = Recognition(reason="nobody in view")

    def update(self, pose: Pose, image_height_px: int, time_s: float, *, ranked: bool = True) -> Recognition:
        """Take in one frame's pose. A time not later than the last one is answered without being counted.

        ranked: whether somebody looks at the ranking of this moment; without, it may be an older one.
        """
        if image_height_px <= 0:
            raise InvalidInputError(f"image_height_px must be positive, got {image_height_px}")
        events: tuple[Event, ...] = ()
        bank = self._given_bank.facing(pose.skeleton, deep=pose.world_m is not None)
        restarted = self._last_s is not None and time_s < self._last_s - _RESTART_S
        changed = pose.skeleton is not self._skeleton and pose.skeleton != self._skeleton
        if bank is not self._bank or changed or restarted:
            events = self.flush()
            self._begin(bank, pose.skeleton)
        if not bank.templates:
            return replace(without_templates(bank), events=events)
        if not math.isfinite(time_s) or (self._last_s is not None and time_s <= self._last_s):
            return replace(self._answer, events=events)
        if self._last_s is not None and time_s - self._last_s > MAX_GAP_S:
            events += self.flush()
        self._last_s = time_s
        ticks = self._sampler.add(time_s, *self._remember(pose, image_height_px, time_s))
        events += tuple(event for tick in ticks for event in self._advance(tick, time_s))
        if ranked:
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
        self._matcher.advance(number, *stream_row(features[0], trust[0], self._bank.dimensions))
        self._find(number)
        yield from self._settle(now_s, at_once=False)

    def _find(self, tick: int) -> None:
        """Let every template that has just matched its whole length wait for a better match."""
        costs, starts = self._matcher.finished()
        poses = costs * self._bank.scales / self._bank.template_thresholds
        near = np.flatnonzero((poses < 1) & (starts >= self._blocked_until_tick))
        for index in near[np.argsort(poses[near])][:_LOOKED_AT]:
            self._look_at(int(index), int(starts[index]), tick, poses)

    def _look_at(self, index: int, start: int, tick: int, poses: FloatArray) -> None:
        """Compare the stretch that a template has matched closely: with the template, then with all that is known."""
        action_index, threshold = self._bank.templates[index].action_index, float(self._bank.template_thresholds[index])
        stretch = self._features.between(start, tick)
        match = match_many(self._bank.arrays, *stretch, np.array([index]))
        nearness = float(match.distances[0] * self._bank.scales[index]) / threshold
        reason = match.flaw(0) or ("course differs" if nearness >= _WORTH_A_LOOK else None)
        if reason is None and self._is_news(action_index, start, tick, nearness):
            scores = score(self._bank, *stretch, self._worth_comparing(index, poses, tick + 1 - start))
            distance = float(scores.distances[action_index])
            reason = scores.reason(action_index)
            if reason is None:
                finding = Finding(
                    action_index, index, start, tick, distance, float(poses[index]), nearness, distance / threshold
                )
                self._decisions.add(finding)
        if reason is not None:
            self._ranking.note(action_index, reason, tick)

    def _is_news(self, action_index: int, start: int, tick: int, nearness: float) -> bool:
        """Whether a match of the action is nearer than what waits in its place, and than when it was judged last."""
        judged_start, judged_nearness = self._judged.get(action_index, (-1 - _SAME_START_TICKS, math.inf))
        if abs(start - judged_start) <= _SAME_START_TICKS and nearness >= judged_nearness * BETTER:
            return False
        self._judged[action_index] = start, nearness
        return self._decisions.would_improve(action_index, start, tick, nearness)

    def _worth_comparing(self, index: int, poses: FloatArray, stretch_ticks: int) -> NDArray[np.int64]:
        """The templates nearest to the stream now, as many as time allows, and this one, rising."""
        nearest = np.argsort(poses, kind="stable")[:_COMPARED]
        cells = np.cumsum(self._bank.stream.row_counts[nearest], dtype=np.int64) * stretch_ticks
        return np.union1d(nearest[cells <= COMPARED_CELLS], index)

    def _may_be_bettered(self, finding: Finding) -> bool:
        """Whether a match is under way that is nearer so far, or that fits well and is of a longer whole.

        It overlaps the finding well: it began well before the finding ended, the match of a whole about as early.
        """
        bank = self._bank
        rows, costs = self._matcher.likeliest(bank.penalties)
        under_way = rows >= _UNDER_WAY * bank.stream.row_counts
        limits = np.where(
            bank.stream.row_counts >= _LONGER_TEMPLATE * finding.length,
            max(_FITS_WELL, _CLEARLY_NEARER * finding.poses),
            _CLEARLY_NEARER * finding.poses,
        )
        # the likeliest row need not be the nearest: a template is looked at row by row where it comes at all near
        for index in np.flatnonzero(under_way & (costs * bank.scales / bank.template_thresholds < 2 * limits)):
            means, starts = self._matcher.live(int(index))
            ratios = means * bank.scales[index] / bank.template_thresholds[index]
            third = finding.length // 3
            nearer = (ratios < _CLEARLY_NEARER * finding.poses) & (starts <= finding.end_tick - third)
            whole = (ratios < limits[index]) & (starts <= finding.start_tick + third)
            if (nearer | whole)[math.ceil(_UNDER_WAY * bank.stream.row_counts[index]) :].any():
                return True
        return False

    def _settle(self, now_s: float, *, at_once: bool) -> list[Event]:
        events = []
        last_tick = self._features.next_tick - 1
        while (verdict := self._decisions.settle(None if at_once else last_tick, self._may_be_bettered)) is not None:
            for action_index in verdict.undecided:
                self._ranking.note(action_index, "margin too small", last_tick)
            if verdict.winner is None:
                continue
            finding = verdict.winner
            if self._is_way_back(finding):
                self._ranking.note(finding.action_index, "too soon after another action", last_tick)
                continue
            self._announced = finding
            events.append(self._event(finding, now_s))
            self._ranking.announce(finding, now_s)
            self._blocked_until_tick = finding.end_tick + 1 - round(_OVERLAP * finding.length)
            self._decisions.forget_before(self._blocked_until_tick)
            self._matcher.forget_before(self._blocked_until_tick)
        return events

    def _is_way_back(self, finding: Finding) -> bool:
        """Whether this may be no more than the limbs' return from the action before."""
        before = self._announced
        return (
            before is not None
            and before.action_index != finding.action_index
            and finding.start_tick - before.end_tick < _WAY_BACK_TICKS
            and finding.ratio > _WAY_BACK_RATIO
        )

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
