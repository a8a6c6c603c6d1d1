"""Video files: times of their own frames, and clear words for what is no video."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.browser.clips import DEMO_CLIP, man_alone
from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.pipeline.pipeline import Models, load_models
from webapp.pipeline.video import Video, pose_sequence


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models(Settings(detector="blazepose"))


def write_video(path: Path, images_bgr: list[np.ndarray], fps: float = 25.0) -> Path:
    height_px, width_px = images_bgr[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, (width_px, height_px))
    for image in images_bgr:
        writer.write(image)
    writer.release()
    return path


def test_each_frame_has_its_own_time() -> None:
    with Video(DEMO_CLIP) as video:
        times_s = [frame.time_s for frame in islice(video.frames(), 6)]

    assert times_s == pytest.approx(np.arange(6) / 30, abs=1e-3)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"no video file .*absent\.mp4"):
        Video(tmp_path / "absent.mp4")


@pytest.mark.parametrize("content", [b"", b"not a video at all" * 50])
def test_a_file_that_is_no_video_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)

    with pytest.raises(InvalidInputError, match=r"broken\.mp4 cannot be read as a video"):
        Video(path)


def test_a_take_without_a_person_is_named(tmp_path: Path, models: Models) -> None:
    path = write_video(tmp_path / "room.mp4", [np.full((240, 320, 3), 90, np.uint8)] * 5)

    with pytest.raises(InvalidInputError, match=r"nobody was found in .*room\.mp4"):
        pose_sequence(models, path)


def test_a_take_is_in_picture_heights_so_angles_agree_across_frame_shapes(tmp_path: Path, models: Models) -> None:
    wide_bgr = man_alone(range(12, 20))
    narrow_bgr = [np.pad(image, ((60, 60), (0, 0), (0, 0)), mode="edge") for image in wide_bgr]

    wide = pose_sequence(models, write_video(tmp_path / "wide.mp4", wide_bgr))
    narrow = pose_sequence(models, write_video(tmp_path / "narrow.mp4", narrow_bgr))

    at = models.skeleton.index
    for side in ("left", "right"):
        angles = []
        for sequence in (wide, narrow):
            arm = sequence.keypoints[:, at[f"{side}_elbow"]] - sequence.keypoints[:, at[f"{side}_shoulder"]]
            angles.append(np.degrees(np.arctan2(arm[:, 1], arm[:, 0])))
        apart = (angles[0] - angles[1] + 180) % 360 - 180
        assert np.median(np.abs(apart)) < 4
    assert wide.times_s[0] == 0
