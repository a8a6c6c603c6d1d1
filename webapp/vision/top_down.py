"""Finds a frame's people with a top-down pose model: it follows those in view, a detector finds those who came in.

Whom the model loses because another person stands in front is looked for in the picture with that person painted out.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from webapp.core.records import Detection, Pose, Region
from webapp.vision.appearance import torso_colours
from webapp.vision.figures import box_iou, covered_share, is_there, painted_out, same_body, silhouette
from webapp.vision.identities import Identities, Sighting, sighting_of
from webapp.vision.ports import Image, PersonDetector, PoseEstimator

_SAME_CENTRE = 0.15  # nearer than this share of the region's side, a detection cannot be a second person
_SAME_BOX = 0.6  # overlap of a detection with the box of somebody followed
_REGION_BEYOND_EDGE = 0.6  # of the side: of a person at a desk the hips, the region's centre, may be out of view
_MIN_REGION_PX = 16
_BEHIND_SHARE = 0.15  # of somebody's box in that of another: one may hide the other
_HIDDEN_SCORE = 0.5  # of min_score: somebody known who is half hidden need not be as sure as a stranger
_BEHIND_S = 1.0  # for so long somebody hidden is looked for in every frame


@dataclass(frozen=True)
class TrackerTiming:
    """When the detector looks, in seconds of the stream's own clock, and how long a lost person is remembered."""

    nobody_s: float = 0.1
    lost_s: float = 0.2
    search_s: float = 0.8
    remember_s: float = 3.0


@dataclass(frozen=True)
class _Newcomer:
    """Somebody a detector found: where to look now, and where else if that shows nobody.

    A guess is never quite right, so it is confirmed by a second look through the region the first one gave.
    """

    region: Region
    guesses: tuple[Region, ...]
    confirmed: bool = False

    def after(self, region: Region | None) -> _Newcomer | None:
        """Where to look next, after a look that showed somebody in this region, or nobody."""
        if region is not None:
            return replace(self, region=region, confirmed=True)
        return _Newcomer(self.guesses[0], self.guesses[1:]) if self.guesses else None


class TopDownFinder:
    """The looks of one session; detector and pose model are shared and keep no state."""

    def __init__(
        self,
        detector: PersonDetector,
        pose_model: PoseEstimator,
        identities: Identities,
        *,
        max_people: int,
        min_score: float,
        timing: TrackerTiming,
    ) -> None:
        self._detector = detector
        self._pose_model = pose_model
        self._identities = identities
        self._max_people = max_people
        self._min_score = min_score
        self._timing = timing
        self._searched_s: float | None = None
        self._behind: frozenset[int] = frozenset()
        self.detect_ms = 0.0

    def find(self, image_bgr: Image, time_s: float, in_view: Sequence[int]) -> list[tuple[int | None, Sighting]]:
        """Everybody in the frame by person_id, None for strangers; in_view: who was in the frame before.

        detect_ms then says what the detector took.
        """
        self.detect_ms = 0.0
        behind = self._still_behind(in_view)
        clear = [person_id for person_id in in_view if person_id not in behind]
        searched = self._search_is_due(time_s, in_view)
        newcomers = self._newcomers(image_bgr, time_s, in_view) if searched else []
        regions = [self._pose_model.region_of(self._identities.known[one].sighting.pose) for one in clear]
        poses = self._pose_model.estimate(image_bgr, regions + [newcomer.region for newcomer in newcomers])
        sightings = self._followed(image_bgr, clear, poses[: len(clear)])
        doubles = self._add_newcomers(image_bgr, newcomers, poses[len(clear) :], sightings)
        matched = self._identities.match(sightings, time_s)
        if not searched and set(clear).difference(matched):
            newcomers = self._newcomers(image_bgr, time_s, in_view)
            poses = self._pose_model.estimate(image_bgr, [newcomer.region for newcomer in newcomers])
            doubles = self._add_newcomers(image_bgr, newcomers, poses, sightings)
            matched = self._identities.match(sightings, time_s)
        missing = [person_id for person_id in self._identities.known if person_id not in matched]
        hidden = self._hidden(image_bgr, time_s, missing, sightings, doubles) if missing and sightings else []
        self._behind = frozenset(person_id for person_id, _ in hidden)
        return [*zip(matched, sightings, strict=True), *hidden]

    def _search_is_due(self, time_s: float, in_view: Sequence[int]) -> bool:
        if self._searched_s is None or time_s < self._searched_s:
            return True
        if len(in_view) >= self._max_people:
            return False
        if not in_view:
            period_s = self._timing.nobody_s
        else:
            period_s = self._timing.lost_s if len(self._identities.known) > len(in_view) else self._timing.search_s
        return time_s - self._searched_s >= period_s

    def _newcomers(self, image_bgr: Image, time_s: float, in_view: Sequence[int]) -> list[_Newcomer]:
        """Whom the detector finds beside those in view."""
        self._searched_s = time_s
        started = time.perf_counter()
        detections = self._detector.detect(image_bgr)
        self.detect_ms += (time.perf_counter() - started) * 1000
        followed = [self._identities.known[person_id].sighting for person_id in in_view]
        newcomers = []
        for detection in detections[: 2 * self._max_people]:
            guesses = tuple(self._pose_model.regions_around(detection))
            if guesses and not self._is_followed(detection, guesses, followed):
                newcomers.append(_Newcomer(guesses[0], guesses[1:]))
        return newcomers[: self._max_people]

    def _is_followed(self, detection: Detection, guesses: Sequence[Region], followed: Sequence[Sighting]) -> bool:
        regions = [self._pose_model.region_of(sighting.pose) for sighting in followed]
        return any(box_iou(detection.box, sighting.box) > _SAME_BOX for sighting in followed) or any(
            _same_place(guess, region) for guess in guesses for region in regions
        )

    def _followed(self, image_bgr: Image, people: Sequence[int], poses: Sequence[Pose]) -> list[Sighting]:
        """Of two people whose regions show the same body, it is known later whose it is."""
        sightings: list[Sighting] = []
        for person_id, pose in zip(people, poses, strict=True):
            if self._region_if_there(pose, image_bgr, self._min_score) is None:
                continue
            twin = next((i for i, other in enumerate(sightings) if same_body(pose, other.pose)), None)
            if twin is None:
                sightings.append(sighting_of(pose, torso_colours(image_bgr, pose), frozenset({person_id})))
            else:
                sightings[twin] = replace(sightings[twin], follows=sightings[twin].follows | {person_id})
        return sightings

    def _add_newcomers(
        self, image_bgr: Image, newcomers: Sequence[_Newcomer], poses: Sequence[Pose], sightings: list[Sighting]
    ) -> list[Region]:
        """Add those who are somebody else; answers the regions that showed a body seen before."""
        doubles: list[Region] = []
        while newcomers:
            unsure: list[_Newcomer] = []
            for newcomer, pose in zip(newcomers, poses, strict=True):
                region = self._region_if_there(pose, image_bgr, self._min_score)
                if region is not None and any(same_body(pose, other.pose) for other in sightings):
                    doubles.append(newcomer.region)
                elif region is not None and newcomer.confirmed:
                    sightings.append(sighting_of(pose, torso_colours(image_bgr, pose)))
                elif (again := newcomer.after(region)) is not None:
                    unsure.append(again)
            newcomers = unsure
            poses = self._pose_model.estimate(image_bgr, [newcomer.region for newcomer in newcomers])
        return doubles

    def _still_behind(self, in_view: Iterable[int]) -> frozenset[int]:
        """Who was found behind others, and is there yet."""
        known = self._identities.known
        boxes = {person_id: known[person_id].sighting.box for person_id in in_view}
        return frozenset(
            person_id
            for person_id in self._behind & boxes.keys()
            if covered_share(boxes[person_id], [box for other, box in boxes.items() if other != person_id])
            > _BEHIND_SHARE
        )

    def _hidden(
        self,
        image_bgr: Image,
        time_s: float,
        missing: Sequence[int],
        sightings: Sequence[Sighting],
        doubles: Sequence[Region],
    ) -> list[tuple[int, Sighting]]:
        """Who of those missing is behind somebody in view: at the place where they should be, or where the detector saw
        a second body.
        """
        boxes = [sighting.box for sighting in sightings]
        expected = [
            self._pose_model.region_of(person.sighting.pose)
            for person in (self._identities.known[person_id] for person_id in missing)
            if time_s - person.seen_s <= _BEHIND_S and covered_share(person.box_at(time_s), boxes) > _BEHIND_SHARE
        ]
        if not expected and not doubles:
            return []
        covered = np.any([silhouette(sighting.pose, image_bgr) for sighting in sightings], axis=0)
        poses = self._pose_model.estimate(painted_out(image_bgr, covered), [*expected, *doubles])
        found: list[Sighting] = []
        for pose in poses:
            there = self._region_if_there(pose, image_bgr, _HIDDEN_SCORE * self._min_score)
            if there is not None and not any(same_body(pose, other.pose) for other in (*sightings, *found)):
                found.append(sighting_of(pose, torso_colours(image_bgr, pose, covered)))
        matched = self._identities.match(found, time_s, among=missing)
        return [(who, sighting) for who, sighting in zip(matched, found, strict=True) if who is not None]

    def _region_if_there(self, pose: Pose, image_bgr: Image, min_score: float) -> Region | None:
        if not is_there(pose, min_score):
            return None
        region = self._pose_model.region_of(pose)
        height_px, width_px = image_bgr.shape[:2]
        beyond = _REGION_BEYOND_EDGE * region.size_px
        inside = (
            -beyond <= region.centre_x_px <= width_px + beyond and -beyond <= region.centre_y_px <= height_px + beyond
        )
        return region if inside and region.size_px >= _MIN_REGION_PX else None


def _same_place(one: Region, other: Region) -> bool:
    apart_px = np.hypot(one.centre_x_px - other.centre_x_px, one.centre_y_px - other.centre_y_px)
    return (
        bool(apart_px < _SAME_CENTRE * max(one.size_px, other.size_px, 1.0))
        and 0.5 < one.size_px / max(other.size_px, 1.0) < 2
    )
