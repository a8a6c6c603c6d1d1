"""Follows people from frame to frame, each with steady keypoints, whatever kind of pose model finds them.

Where to look is the business of top_down.py (a bottom-up model finds everybody by itself), who is who that of
identities.py.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from webapp.core.errors import InvalidInputError
from webapp.core.records import Box, Pose
from webapp.core.skeleton import Skeleton
from webapp.vision.appearance import torso_colours
from webapp.vision.figures import box_around, is_there, same_body, within_picture
from webapp.vision.identities import Identities, Sighting, sighting_of
from webapp.vision.left_right import LeftRight
from webapp.vision.ports import BottomUpPoseEstimator, Image, PersonDetector, PoseModel, is_bottom_up
from webapp.vision.smoothing import PoseSmoother
from webapp.vision.top_down import TopDownFinder, TrackerTiming

_BOX_MARGIN = 0.05


@dataclass(frozen=True)
class TrackedPerson:
    """One person of a frame; person_id is never given to anybody else."""

    person_id: int
    box: Box
    pose: Pose


@dataclass(frozen=True)
class TrackedFrame:
    """The people of a frame, oldest acquaintance first, and what finding them took.

    remembered: who may still come back, those in view included; everybody else's id is never used again.
    """

    people: tuple[TrackedPerson, ...]
    remembered: frozenset[int]
    detect_ms: float
    pose_ms: float


class PersonTracker:
    """Tracking state of one session; detector and pose model are shared and keep no state.

    detector: None for a bottom-up pose model. min_score: how sure the pose model must be that a person is there.
    """

    def __init__(
        self,
        detector: PersonDetector | None,
        pose_model: PoseModel,
        max_people: int = 4,
        min_score: float = 0.5,
        timing: TrackerTiming | None = None,
    ) -> None:
        timing = timing or TrackerTiming()
        self._max_people = max_people
        self._skeleton = pose_model.skeleton
        self._identities = Identities(timing.remember_s)
        self._finder: TopDownFinder | _BottomUpFinder
        if is_bottom_up(pose_model):
            self._finder = _BottomUpFinder(pose_model, self._identities, min_score)
        elif detector is None:
            raise InvalidInputError(f"the pose model {pose_model.name!r} needs a detector beside it, got none")
        else:
            self._finder = TopDownFinder(
                detector, pose_model, self._identities, max_people=max_people, min_score=min_score, timing=timing
            )
        self._in_view: list[int] = []
        self._steadiers: dict[int, _Steadier] = {}

    def step(self, image_bgr: Image, time_s: float) -> TrackedFrame:
        """Find everybody in the next frame of the stream."""
        started = time.perf_counter()
        self._identities.forget_before(time_s)
        self._in_view = [person_id for person_id in self._in_view if person_id in self._identities.known]
        named = self._named(self._finder.find(image_bgr, time_s, self._in_view), time_s)
        self._in_view = sorted(named)
        people = tuple(self._tracked(person_id, named[person_id], image_bgr, time_s) for person_id in self._in_view)
        remembered = frozenset(self._identities.known)
        self._steadiers = {one: steadier for one, steadier in self._steadiers.items() if one in remembered}
        detect_ms = self._finder.detect_ms
        return TrackedFrame(people, remembered, detect_ms, (time.perf_counter() - started) * 1000 - detect_ms)

    def _named(self, found: Sequence[tuple[int | None, Sighting]], time_s: float) -> dict[int, Sighting]:
        """By person_id: acquaintances first, then as many strangers as there is room for."""
        chosen = sorted(found, key=lambda each: (each[0] is None, each[0] or -each[1].pose.score))[: self._max_people]
        boxes = [sighting.box for _, sighting in chosen]
        return {
            self._identities.see(person_id, sighting, time_s, boxes[:place] + boxes[place + 1 :]): sighting
            for place, (person_id, sighting) in enumerate(chosen)
        }

    def _tracked(self, person_id: int, sighting: Sighting, image_bgr: Image, time_s: float) -> TrackedPerson:
        steadier = self._steadiers.setdefault(person_id, _Steadier(self._skeleton))
        pose = steadier.steady(sighting.pose, time_s)
        return TrackedPerson(person_id, within_picture(box_around(pose.keypoints_px, _BOX_MARGIN), image_bgr), pose)


class _Steadier:
    """Of one person: left and right stay what they are, and nothing trembles."""

    def __init__(self, skeleton: Skeleton) -> None:
        self._left_right, self._smoother = LeftRight(skeleton), PoseSmoother()

    def steady(self, pose: Pose, time_s: float) -> Pose:
        return self._smoother.smooth(self._left_right.mend(pose, time_s), time_s)


class _BottomUpFinder:
    """A frame's people by a model that finds them by itself."""

    detect_ms = 0.0

    def __init__(self, pose_model: BottomUpPoseEstimator, identities: Identities, min_score: float) -> None:
        self._pose_model, self._identities, self._min_score = pose_model, identities, min_score

    def find(self, image_bgr: Image, time_s: float, _in_view: Sequence[int]) -> list[tuple[int | None, Sighting]]:
        """Everybody in the frame, each once, by person_id; None for strangers."""
        sightings: list[Sighting] = []
        for pose in self._pose_model.find(image_bgr):
            if is_there(pose, self._min_score) and not any(same_body(pose, other.pose) for other in sightings):
                sightings.append(sighting_of(pose, torso_colours(image_bgr, pose)))
        return list(zip(self._identities.match(sightings, time_s), sightings, strict=True))
