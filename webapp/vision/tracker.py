"""Follows people from frame to frame: who is who, and when the detector has to look again.

The pose model itself follows a person: the keypoints of one frame tell where to look in the next. The detector is asked
only while nobody is followed, when somebody was lost, and now and then for people who came in.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from webapp.core.records import Box, Pose, Region
from webapp.vision.ports import Image, PersonDetector, PoseEstimator

_BOX_MARGIN = 0.05
_SAME_KEYPOINTS = 0.08  # mean distance of the keypoints as a share of the region's side; two people differ by more
_SAME_CENTRE = 0.15  # nearer than this share of the side, a detection cannot be a second person
_REGION_BEYOND_EDGE = 0.6  # of the side: of a person at a desk the hips, the region's centre, may be out of view
_MIN_VISIBLE = 6  # keypoints: fewer are a curtain or a chair


@dataclass(frozen=True)
class TrackerTiming:
    """When the detector looks, in seconds of the stream's own clock, and how long a lost person is remembered."""

    nobody_s: float = 0.1
    lost_s: float = 0.2
    search_s: float = 0.8
    full_s: float = 3.0
    remember_s: float = 2.0


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


@dataclass(frozen=True)
class _Track:
    person_id: int
    region: Region
    pose: Pose
    seen_s: float


@dataclass(frozen=True)
class _Moved:
    """A track before and after a frame."""

    before: _Track
    now: _Track

    @property
    def share(self) -> float:
        """How far the keypoints moved, as a share of the region's side."""
        return _mean_distance(self.before.pose, self.now.pose) / max(self.before.region.size_px, 1.0)


class PersonTracker:
    """Tracking state of one session; detector and pose estimator are shared and keep no state."""

    def __init__(
        self,
        detector: PersonDetector,
        pose_estimator: PoseEstimator,
        max_people: int = 4,
        min_score: float = 0.5,
        timing: TrackerTiming | None = None,
    ) -> None:
        self._detector = detector
        self._pose_estimator = pose_estimator
        self._max_people = max_people
        self._min_score = min_score
        self._timing = timing or TrackerTiming()
        self._tracks: list[_Track] = []
        self._lost: list[_Track] = []
        self._searched_s: float | None = None
        self._next_id = 1

    def step(self, image_bgr: Image, time_s: float) -> TrackedFrame:
        """Find everybody in the next frame of the stream."""
        started = time.perf_counter()
        lost_somebody = self._follow(image_bgr, time_s)
        detect_ms = 0.0
        if self._search_is_due(time_s, lost_somebody):
            self._searched_s = time_s
            detect_ms = self._search(image_bgr, time_s)
        pose_ms = (time.perf_counter() - started) * 1000 - detect_ms
        people = (TrackedPerson(t.person_id, _box_of(t.pose, image_bgr), t.pose) for t in self._tracks)
        remembered = frozenset(track.person_id for track in (*self._tracks, *self._lost))
        return TrackedFrame(tuple(people), remembered, detect_ms, pose_ms)

    def _follow(self, image_bgr: Image, time_s: float) -> bool:
        """Move every track to this frame; true when somebody was lost."""
        self._lost = [t for t in self._lost if 0 <= time_s - t.seen_s <= self._timing.remember_s]
        poses = self._pose_estimator.estimate(image_bgr, [t.region for t in self._tracks])
        moved: list[_Moved] = []
        for track, pose in zip(self._tracks, poses, strict=True):
            region = self._region_if_there(pose, image_bgr)
            if region is None:
                self._lost.append(track)
                continue
            step = _Moved(track, replace(track, region=region, pose=pose, seen_s=time_s))
            twin = next((other for other in moved if _is_one_of(pose, region, [other.now])), None)
            if twin is None:
                moved.append(step)
            elif twin.share > step.share:
                # two tracks on one person: the one that jumped there is the stranger
                moved[moved.index(twin)] = step
                self._lost.append(twin.before)
            else:
                self._lost.append(track)
        lost_somebody = len(moved) < len(self._tracks)
        self._tracks = [step.now for step in moved]
        return lost_somebody

    def _search_is_due(self, time_s: float, lost_somebody: bool) -> bool:
        if self._searched_s is None or lost_somebody or time_s < self._searched_s:
            return True
        if not self._tracks:
            period_s = self._timing.nobody_s
        elif self._lost:
            period_s = self._timing.lost_s
        else:
            period_s = self._timing.search_s if len(self._tracks) < self._max_people else self._timing.full_s
        return time_s - self._searched_s >= period_s

    def _search(self, image_bgr: Image, time_s: float) -> float:
        """Look for people who are not followed yet; answers the milliseconds the detector took."""
        started = time.perf_counter()
        detections = self._detector.detect(image_bgr)
        detect_ms = (time.perf_counter() - started) * 1000
        for detection in detections:
            if len(self._tracks) >= self._max_people:
                break
            found = self._look(image_bgr, self._pose_estimator.regions_around(detection))
            if found is not None and not _is_one_of(*found, self._tracks):
                pose, region = found
                self._tracks.append(_Track(self._identity(region), region, pose, time_s))
        self._tracks.sort(key=lambda track: track.person_id)
        return detect_ms

    def _look(self, image_bgr: Image, guesses: Sequence[Region]) -> tuple[Pose, Region] | None:
        """The person in the first of these regions that shows one, with where to look next; None for nobody new."""
        if any(_same_place(guess, track.region) for guess in guesses for track in self._tracks):
            return None  # somebody followed already
        for guess in guesses:
            region: Region | None = guess
            # a second look through the region the first one gave: a guess is never quite right
            for _ in range(2):
                if region is not None:
                    pose = self._pose_estimator.estimate(image_bgr, [region])[0]
                    region = self._region_if_there(pose, image_bgr)
            if region is not None:
                return pose, region
        return None

    def _region_if_there(self, pose: Pose, image_bgr: Image) -> Region | None:
        if not pose.score >= self._min_score or np.count_nonzero(pose.scores > 0.5) < _MIN_VISIBLE:
            return None
        region = self._pose_estimator.region_of(pose)
        height_px, width_px = image_bgr.shape[:2]
        beyond = _REGION_BEYOND_EDGE * region.size_px
        inside = (
            -beyond <= region.centre_x_px <= width_px + beyond and -beyond <= region.centre_y_px <= height_px + beyond
        )
        return region if inside and region.size_px >= 16 else None

    def _identity(self, region: Region) -> int:
        """The id of the lost person who was nearest to here, else a new one."""
        near = [t for t in self._lost if _apart(t.region, region) < 0.5]
        if near:
            found = min(near, key=lambda track: _apart(track.region, region))
            self._lost.remove(found)
            return found.person_id
        self._next_id += 1
        return self._next_id - 1


def _apart(one: Region, other: Region) -> float:
    """Distance of the centres as a share of the larger side."""
    distance = np.hypot(one.centre_x_px - other.centre_x_px, one.centre_y_px - other.centre_y_px)
    return float(distance / max(one.size_px, other.size_px, 1.0))


def _same_place(one: Region, other: Region) -> bool:
    return _apart(one, other) < _SAME_CENTRE and 0.5 < one.size_px / max(other.size_px, 1.0) < 2


def _is_one_of(pose: Pose, region: Region, tracks: Sequence[_Track]) -> bool:
    return any(_mean_distance(pose, t.pose) < _SAME_KEYPOINTS * min(region.size_px, t.region.size_px) for t in tracks)


def _mean_distance(one: Pose, other: Pose) -> float:
    """Mean distance in pixels of the keypoints both show."""
    distances = np.hypot(*(one.keypoints_px - other.keypoints_px).T)
    both = np.isfinite(distances) & (one.scores > 0.5) & (other.scores > 0.5)
    return float(distances[both].mean()) if both.any() else float(np.nanmean(distances))


def _box_of(pose: Pose, image_bgr: Image) -> Box:
    """Around all keypoints with a small margin, within the picture."""
    height_px, width_px = image_bgr.shape[:2]
    low, high = np.nanmin(pose.keypoints_px, axis=0), np.nanmax(pose.keypoints_px, axis=0)
    margin = _BOX_MARGIN * float((high - low).max())
    (x1, y1), (x2, y2) = (low - margin).tolist(), (high + margin).tolist()
    return Box(
        min(max(x1, 0.0), width_px),
        min(max(y1, 0.0), height_px),
        min(max(x2, 0.0), width_px),
        min(max(y2, 0.0), height_px),
    )
