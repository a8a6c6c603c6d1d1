"""Which pictures of a video are taken: by real models, of the real clip."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from tests.browser.clips import DEMO_CLIP, FIRST_JACK, SIZE_PX, Image, man_alone, write_video
from tests.jointed_figure import ARMS_UP, body_m, towards
from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.core.records import FloatArray, Pose
from webapp.core.skeleton import BLAZEPOSE_33, UPPER_BODY_6, Skeleton
from webapp.jobs.video_pictures import ChosenFrame, chosen_frames, pose_difference

SETTINGS = Settings(pose_model="blazepose_lite")
STILL_FRAMES = 30


@pytest.fixture(scope="module")
def jacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The man stands still for a second, then makes a jumping jack."""
    if not DEMO_CLIP.is_file():
        pytest.skip("the sample clip is not there; python -m tools.sample_clip fetches it")
    pictures = man_alone(FIRST_JACK)
    return write_video(tmp_path_factory.mktemp("video") / "jacks.webm", [pictures[0]] * STILL_FRAMES + pictures)


def test_every_tenth_frame_is_every_tenth_and_comes_with_the_man(jacks: Path) -> None:
    frames = list(chosen_frames(jacks, 10, None, SETTINGS))

    assert [frame.number for frame in frames] == list(range(0, STILL_FRAMES + len(FIRST_JACK), 10))
    assert all(frame.image_bgr.shape == (SIZE_PX[1], SIZE_PX[0], 3) for frame in frames)
    assert all(len(frame.people) == 1 and frame.people[0].height_px > SIZE_PX[1] / 2 for frame in frames)


def test_somebody_who_stands_still_gives_one_picture_and_a_jumping_jack_several(jacks: Path) -> None:
    numbers = [frame.number for frame in chosen_frames(jacks, None, 0.4, SETTINGS)]

    assert [number for number in numbers if number < STILL_FRAMES] == [0]
    assert len([number for number in numbers if number >= STILL_FRAMES]) >= 3


def test_a_larger_change_gives_fewer_pictures_and_all_have_somebody_in_them(jacks: Path) -> None:
    small, large = (list(chosen_frames(jacks, None, change, SETTINGS)) for change in (0.3, 1.0))

    assert len(large) < len(small)
    assert all(frame.people for frame in small)
    assert all(one.time_s < other.time_s for one, other in itertools.pairwise(small))


def test_the_same_frames_are_chosen_again_after_a_crash(jacks: Path) -> None:
    def numbers(frames: list[ChosenFrame]) -> list[int]:
        return [frame.number for frame in frames]

    runs = (list(chosen_frames(jacks, None, 0.4, SETTINGS)) for _ in range(2))

    assert numbers(next(runs)) == numbers(next(runs))


def test_a_video_without_anybody_is_refused_with_a_sentence(tmp_path: Path) -> None:
    wall: list[Image] = [np.full((SIZE_PX[1], SIZE_PX[0], 3), 120, np.uint8)] * 20
    path = write_video(tmp_path / "wall.webm", wall)

    with pytest.raises(InvalidInputError, match="nobody was found"):
        list(chosen_frames(path, None, 0.4, SETTINGS))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no video at all",
        b"#EXTM3U\n#EXTINF:10,\nhttp://example.org/a.ts\n",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    ],
)
def test_what_is_no_video_is_refused_before_it_is_opened(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "1.part"
    path.write_bytes(content)

    with pytest.raises(InvalidInputError, match="convert it to MP4"):
        next(chosen_frames(path, 1, None, SETTINGS))


def test_a_broken_video_is_refused_without_naming_a_folder_of_the_server(jacks: Path, tmp_path: Path) -> None:
    path = tmp_path / "2.part"
    path.write_bytes(jacks.read_bytes()[:200])

    with pytest.raises(InvalidInputError) as refusal:
        next(chosen_frames(path, 1, None, SETTINGS))

    assert str(tmp_path) not in str(refusal.value)


def test_frames_with_too_many_pixels_are_refused(jacks: Path) -> None:
    small = Settings(pose_model="blazepose_lite", max_picture_pixels=64 * 64)

    with pytest.raises(InvalidInputError, match="640x360"):
        next(chosen_frames(jacks, 1, None, small))


def test_a_video_that_does_not_end_is_refused_and_names_the_limit(jacks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.jobs.video_pictures.MAX_VIDEO_S", 0.5)

    with pytest.raises(InvalidInputError, match="cut it into parts"):
        list(chosen_frames(jacks, 5, None, SETTINGS))


def figure(
    share: float, at_px: tuple[float, float] = (200, 200), scale: float = 90, skeleton: Skeleton = BLAZEPOSE_33
) -> Pose:
    """A figure whose arms are raised by this share."""
    points = body_m(towards(ARMS_UP, share), skeleton)[:, :2] * scale + np.array(at_px)
    scores: FloatArray = np.ones(len(points), np.float32)
    return Pose(skeleton, points.astype(np.float32), scores, 1.0)


def test_the_same_pose_elsewhere_and_nearer_is_no_other_pose() -> None:
    assert pose_difference(figure(0.5), figure(0.5, at_px=(420, 90), scale=160)) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("skeleton", [BLAZEPOSE_33, UPPER_BODY_6])
def test_a_pose_differs_the_more_the_further_the_arms_are(skeleton: Skeleton) -> None:
    down = figure(0, skeleton=skeleton)

    apart = [pose_difference(down, figure(share, skeleton=skeleton)) for share in (0.1, 0.3, 0.6, 1.0)]

    assert apart == sorted(apart)
    assert apart[0] < 0.4 < apart[-1]


def test_poses_that_show_nothing_in_common_are_other_poses() -> None:
    one, other = figure(0), figure(0)
    one.scores[:17], other.scores[17:] = 0, 0

    assert pose_difference(one, other) == math.inf
