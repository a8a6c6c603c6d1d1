"""The tracker: who is who over time, and how seldom the detector has to look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from webapp.core.records import Box, Detection, Pose, Region
from webapp.core.skeleton import COCO_17
from webapp.vision.ports import Image
from webapp.vision.top_down import TrackerTiming
from webapp.vision.tracker import PersonTracker, TrackedFrame

SIDE_PX = 80.0
BLANK = np.zeros((480, 640, 3), np.uint8)


@dataclass
class Scene:
    """People as points (x, y): both the detector and the pose model of a world without pictures."""

    people: list[tuple[float, float]] = field(default_factory=list)
    searches: int = 0
    visible: int = 17
    guesses: tuple[tuple[float, float], ...] = ((0, 0),)
    name: str = "scene"
    runtime: str = "scene"
    skeleton = COCO_17

    def detect(self, image_bgr: Image) -> list[Detection]:
        self.searches += 1
        return [Detection(Box(x - 40, y - 40, x + 40, y + 40), 0.9) for x, y in self.people]

    def estimate(self, image_bgr: Image, regions: Sequence[Region]) -> list[Pose]:
        return [self._pose(region) for region in regions]

    def region_of(self, pose: Pose) -> Region:
        x, y = pose.keypoints_px.mean(axis=0).tolist()
        return Region(x, y, SIDE_PX, 0.0)

    def regions_around(self, detection: Detection) -> Sequence[Region]:
        box = detection.box
        x, y = (box.x1_px + box.x2_px) / 2, (box.y1_px + box.y2_px) / 2
        return [Region(x + dx, y + dy, SIDE_PX, 0.0) for dx, dy in self.guesses]

    def _pose(self, region: Region) -> Pose:
        def apart(person: tuple[float, float]) -> float:
            return float(np.hypot(person[0] - region.centre_x_px, person[1] - region.centre_y_px))

        near = min(self.people, key=apart, default=(0.0, 0.0))
        there = bool(self.people) and apart(near) < SIDE_PX / 2
        around = np.random.default_rng(0).uniform(-20, 20, (17, 2))
        keypoints = (np.array(near) + around - around.mean(axis=0)).astype(np.float32)
        scores = (np.arange(17) < self.visible).astype(np.float32)
        return Pose(COCO_17, keypoints, scores, 0.95 if there else 0.1)


def tracker_of(scene: Scene, max_people: int = 4, timing: TrackerTiming | None = None) -> PersonTracker:
    return PersonTracker(scene, scene, max_people, timing=timing)


def ids(frame: TrackedFrame) -> list[int]:
    return [person.person_id for person in frame.people]


def test_somebody_in_view_is_found_in_the_first_frame() -> None:
    frame = tracker_of(Scene([(100, 200)])).step(BLANK, 0.0)

    assert ids(frame) == [1]
    box = frame.people[0].box
    assert box.x1_px < 100 < box.x2_px
    assert box.y1_px < 200 < box.y2_px


def test_a_walking_person_keeps_the_id_and_the_detector_rests() -> None:
    scene = Scene([(100, 200)])
    tracker = tracker_of(scene, timing=TrackerTiming(search_s=1.0))

    for number in range(60):
        scene.people = [(100 + 5 * number, 200)]
        assert ids(tracker.step(BLANK, number / 30)) == [1]

    assert scene.searches == 2


def test_nobody_is_searched_for_in_every_frame() -> None:
    scene = Scene()
    tracker = tracker_of(scene, timing=TrackerTiming(nobody_s=0.1))

    for number in range(31):
        assert ids(tracker.step(BLANK, number / 30)) == []

    assert scene.searches <= 11


def test_a_second_person_is_found_within_the_search_period() -> None:
    scene = Scene([(100, 200)])
    tracker = tracker_of(scene, timing=TrackerTiming(search_s=0.5))
    tracker.step(BLANK, 0.0)

    scene.people.append((400, 200))

    assert ids(tracker.step(BLANK, 0.1)) == [1]
    assert ids(tracker.step(BLANK, 0.6)) == [1, 2]


def test_no_more_people_than_allowed_are_followed() -> None:
    scene = Scene([(100, 200), (300, 200), (500, 200)])

    assert ids(tracker_of(scene, max_people=2).step(BLANK, 0.0)) == [1, 2]


def test_who_leaves_is_dropped_at_once_and_comes_back_as_the_same_person() -> None:
    scene = Scene([(100, 200)])
    tracker = tracker_of(scene)
    tracker.step(BLANK, 0.0)

    scene.people = []
    gone = tracker.step(BLANK, 0.5)
    scene.people = [(110, 200)]
    back = tracker.step(BLANK, 1.0)

    assert ids(gone) == []
    assert gone.remembered == {1}
    assert ids(back) == [1]


def test_who_was_away_too_long_is_forgotten_and_the_id_not_given_again() -> None:
    scene = Scene([(100, 200)])
    tracker = tracker_of(scene, timing=TrackerTiming(remember_s=2.0))
    tracker.step(BLANK, 0.0)
    scene.people = []
    tracker.step(BLANK, 0.5)

    assert tracker.step(BLANK, 3.0).remembered == frozenset()
    scene.people = [(100, 200)]
    assert ids(tracker.step(BLANK, 3.5)) == [2]


def test_somebody_elsewhere_is_not_taken_for_who_left() -> None:
    scene = Scene([(100, 200)])
    tracker = tracker_of(scene)
    tracker.step(BLANK, 0.0)

    scene.people = [(500, 200)]

    assert ids(tracker.step(BLANK, 0.1)) == [2]


@pytest.mark.parametrize(("x_px", "kept"), [(130, 1), (140, 2)])
def test_of_two_tracks_on_one_person_the_one_that_jumped_is_dropped(x_px: float, kept: int) -> None:
    scene = Scene([(100, 200), (170, 200)])
    tracker = tracker_of(scene)
    assert ids(tracker.step(BLANK, 0.0)) == [1, 2]

    scene.people = [(x_px, 200)]

    assert ids(tracker.step(BLANK, 0.1)) == [kept]


def test_people_who_pass_each_other_keep_their_ids() -> None:
    scene = Scene([(100, 200), (500, 260)])
    tracker = tracker_of(scene)

    for number in range(41):
        scene.people = [(100 + 10 * number, 200), (500 - 10 * number, 260)]
        frame = tracker.step(BLANK, number / 30)

    left, right = sorted(frame.people, key=lambda person: person.box.x1_px)
    assert (left.person_id, right.person_id) == (2, 1)


def test_who_hides_for_a_moment_is_found_again_soon_though_somebody_else_is_in_view() -> None:
    scene = Scene([(100, 200), (500, 200)])
    tracker = tracker_of(scene, timing=TrackerTiming(search_s=10.0, lost_s=0.2))
    tracker.step(BLANK, 0.0)

    scene.people = [(500, 200)]
    assert ids(tracker.step(BLANK, 0.1)) == [2]
    scene.people = [(110, 200), (500, 200)]

    assert ids(tracker.step(BLANK, 0.35)) == [1, 2]


def test_where_the_first_guess_shows_nobody_the_next_is_tried() -> None:
    scene = Scene([(100, 200)], guesses=((0, 300), (0, 0)))

    assert ids(tracker_of(scene).step(BLANK, 0.0)) == [1]


def test_a_thing_that_shows_hardly_a_keypoint_is_nobody() -> None:
    assert ids(tracker_of(Scene([(100, 200)], visible=4)).step(BLANK, 0.0)) == []


def test_a_stream_whose_clock_begins_again_goes_on() -> None:
    scene = Scene([(100, 200)])
    tracker = tracker_of(scene)
    tracker.step(BLANK, 50.0)
    scene.people = []
    tracker.step(BLANK, 50.1)

    scene.people = [(300, 200)]

    assert len(ids(tracker.step(BLANK, 0.0))) == 1


def test_the_box_stays_within_the_picture() -> None:
    box = tracker_of(Scene([(5, 5)])).step(BLANK, 0.0).people[0].box

    assert box.x1_px == 0
    assert box.y1_px == 0
