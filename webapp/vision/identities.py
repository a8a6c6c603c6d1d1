"""Who is who: this frame's people are given to those known before, all at once and at the least cost in total."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from webapp.core.records import Box, FloatArray, Pose
from webapp.vision.appearance import colour_distance
from webapp.vision.figures import box_around, box_iou, covered_share, spread


@dataclass(frozen=True)
class _Reach:
    """How far from where somebody should be they may be found: at once, more each second, at most; how fast they go.

    In spreads: about a quarter of a standing person's height, a third of a hand's length.
    """

    at_once: float
    per_s: float
    farthest: float
    fastest_per_s: float


_REACH = {
    "body": _Reach(1.0, 3.0, 3.5, fastest_per_s=8.0),  # somebody who walks makes 3 a second
    "hand": _Reach(1.0, 45.0, 6.0, fastest_per_s=45.0),  # a hand that waves makes 2 or 3 m a second, and turns at once
}
_OTHER_COLOURS = 0.5
_OTHER_COLOURS_MIXED = 0.7  # half and half of the colours of two people is 0.54 from both
_POSE_S = 0.5  # after this time a pose says little
_COAST_S = 0.3  # for so long somebody out of view is taken to go on as before
_FOLLOWED_BONUS = 1.0  # a pose model that was led to a person seldom finds another
_LEARNED = 0.05  # of the colours, each time
_APART_SHARE = 0.1  # of a box behind another: then the colours are the person's own
_UNKNOWN = 1.5  # what the shape costs of which nothing is known any more
_NEVER = 1e6


@dataclass(frozen=True)
class Sighting:
    """Somebody seen in a frame. follows: the people in whose region the pose was found; colours: of the torso."""

    pose: Pose
    box: Box
    centre_px: FloatArray
    colours: FloatArray | None = None
    follows: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Acquaintance:
    """What is known of a person: the last sighting, how fast the body moved, and the colours learned so far."""

    person_id: int
    sighting: Sighting
    centre_px: FloatArray
    velocity_px_s: FloatArray
    spread_px: float
    colours: FloatArray | None
    seen_s: float

    def moved_px(self, time_s: float) -> FloatArray:
        """How far the body has gone since, by its velocity."""
        return np.asarray(self.velocity_px_s * min(time_s - self.seen_s, _COAST_S))

    def box_at(self, time_s: float) -> Box:
        """Where the person's box should be."""
        x_px, y_px = self.moved_px(time_s).tolist()
        box = self.sighting.box
        return Box(box.x1_px + x_px, box.y1_px + y_px, box.x2_px + x_px, box.y2_px + y_px)


class Identities:
    """The people of a stream; a person_id is never given to anybody else."""

    def __init__(self, remember_s: float) -> None:
        self._remember_s = remember_s
        self._known: dict[int, Acquaintance] = {}
        self._next_id = 1

    @property
    def known(self) -> dict[int, Acquaintance]:
        """Everybody who is in view or may still come back, by person_id."""
        return self._known

    def forget_before(self, time_s: float) -> None:
        """Who was away too long is forgotten; so is everybody when the stream's clock begins again."""
        self._known = {
            person_id: person
            for person_id, person in self._known.items()
            if 0 <= time_s - person.seen_s <= self._remember_s
        }

    def match(
        self, sightings: Sequence[Sighting], time_s: float, among: Iterable[int] | None = None
    ) -> list[int | None]:
        """For each sighting the person it is of, None for a stranger; among: who it can be, default anybody known."""
        people = [self._known[person_id] for person_id in (self._known if among is None else among)]
        costs = np.array(
            [
                [_cost(person, sighting, time_s, mixed) for person in people]
                for sighting, mixed in zip(sightings, _covered(sightings), strict=True)
            ]
        )
        matched: list[int | None] = [None] * len(sightings)
        if costs.size:
            for row, column in zip(*linear_sum_assignment(costs), strict=True):
                if costs[row, column] < _NEVER:
                    matched[row] = people[column].person_id
        return matched

    def see(self, person_id: int | None, sighting: Sighting, time_s: float, others: Sequence[Box]) -> int:
        """Remember who was seen where, beside others; answers the person_id, a new one for a stranger."""
        centre_px, size_px = sighting.centre_px, spread(sighting.pose.keypoints_px)
        before = self._known.get(person_id) if person_id is not None else None
        if before is None:
            known = Acquaintance(
                self._next_id, sighting, centre_px, np.zeros(2, np.float32), size_px, sighting.colours, time_s
            )
            self._next_id += 1
        else:
            known = replace(
                before,
                sighting=sighting,
                centre_px=centre_px,
                velocity_px_s=_velocity_px_s(before, centre_px, time_s),
                spread_px=size_px,
                colours=_learned(before.colours, sighting, others),
                seen_s=time_s,
            )
        self._known[known.person_id] = known
        return known.person_id


def sighting_of(pose: Pose, colours: FloatArray | None, follows: frozenset[int] = frozenset()) -> Sighting:
    there_px = pose.keypoints_px[np.isfinite(pose.keypoints_px[:, 0])]
    centre_px = there_px.sum(axis=0) / len(there_px)
    return Sighting(pose, box_around(pose.keypoints_px, 0.0), centre_px, colours, follows)


def _covered(sightings: Sequence[Sighting]) -> list[bool]:
    """Whether others are before or behind each, so that its colours may be theirs."""
    boxes = [sighting.box for sighting in sightings]
    return [covered_share(box, boxes[:place] + boxes[place + 1 :]) > _APART_SHARE for place, box in enumerate(boxes)]


def _cost(person: Acquaintance, sighting: Sighting, time_s: float, covered: bool) -> float:
    """What speaks against this sighting's being of this person; _NEVER where it cannot be."""
    away_s = time_s - person.seen_s
    moved_px = person.moved_px(time_s)
    size_px = max(person.spread_px, 1.0)
    apart = math.dist(person.centre_px + moved_px, sighting.centre_px) / size_px
    followed = person.person_id in sighting.follows
    reach = _REACH[sighting.pose.skeleton.kind]
    if apart > min(reach.at_once + reach.per_s * away_s, reach.farthest) and not followed:
        return _NEVER
    colours = 0.0
    if person.colours is not None and sighting.colours is not None:
        colours = colour_distance(person.colours, sighting.colours)
        if colours > (_OTHER_COLOURS_MIXED if covered else _OTHER_COLOURS):
            return _NEVER
    pose = min(_pose_distance(person, sighting, moved_px) / size_px, _UNKNOWN)
    shape = pose + 1 - box_iou(person.box_at(time_s), sighting.box)
    recent = math.exp(-away_s / _POSE_S)
    return apart + recent * shape + (1 - recent) * _UNKNOWN + 4 * colours - _FOLLOWED_BONUS * followed


def _pose_distance(person: Acquaintance, sighting: Sighting, moved_px: FloatArray) -> float:
    """Median distance of the keypoints from where they should be; left and right may be exchanged."""
    expected_px = person.sighting.pose.keypoints_px + moved_px
    flipped = list(sighting.pose.skeleton.flip_indices)
    return min(
        _median_distance(expected_px, points_px)
        for points_px in (sighting.pose.keypoints_px, sighting.pose.keypoints_px[flipped])
    )


def _median_distance(one: FloatArray, other: FloatArray) -> float:
    distances: NDArray[np.float32] = np.hypot(*(one - other).T)
    there = distances[np.isfinite(distances)]
    return float(np.partition(there, len(there) // 2)[len(there) // 2]) if len(there) else math.inf


def _velocity_px_s(before: Acquaintance, centre_px: FloatArray, time_s: float) -> FloatArray:
    elapsed_s = time_s - before.seen_s
    if elapsed_s <= 0:
        return before.velocity_px_s
    velocity = (before.velocity_px_s + (centre_px - before.centre_px) / elapsed_s) / 2
    fastest_per_s = _REACH[before.sighting.pose.skeleton.kind].fastest_per_s
    limit = fastest_per_s * before.spread_px / max(float(np.hypot(*velocity)), 1e-6)
    return np.asarray(velocity * min(1.0, limit), np.float32)


def _learned(before: FloatArray | None, sighting: Sighting, others: Sequence[Box]) -> FloatArray | None:
    """The colours, a little more like those just seen where nobody else is near."""
    if sighting.colours is None or covered_share(sighting.box, others) > _APART_SHARE:
        return before
    if before is None:
        return sighting.colours
    return np.asarray(before + _LEARNED * (sighting.colours - before), np.float32)
