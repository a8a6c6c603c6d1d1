"""Video files: times of their own frames, and clear words for what is no video."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.browser.clips import DEMO_CLIP, man_alone
from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.core.features import PARTS, part_features
from webapp.core.normalise import visibility
from webapp.core.records import Detection, Pose, Region
from webapp.core.skeleton import COCO_17
from webapp.pipeline.models import Models, load_models
from webapp.pipeline.video import Video, pose_sequence
from webapp.vision.detectors.whole_frame import WholeFrameDetector
from webapp.vision.images import apply_affine, crop_region, region_to_image
from webapp.vision.ports import Image


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


class ArmFinder:
    """Finds the red shoulder and the green elbow in its crop as a pose model would; the rest of the body is nowhere."""

    name = "arm finder"
    runtime = "none"
    skeleton = COCO_17

    def __init__(self, rotation_rad: float) -> None:
        self._rotation_rad = rotation_rad

    def estimate(self, image_bgr: Image, regions: Sequence[Region]) -> list[Pose]:
        return [self._pose(image_bgr, region) for region in regions]

    def region_of(self, pose: Pose) -> Region:
        x_px, y_px = pose.keypoints_px[COCO_17.index["left_shoulder"]].tolist()
        return Region(x_px, y_px, 300, self._rotation_rad)

    def regions_around(self, detection: Detection) -> Sequence[Region]:
        box = detection.box
        return [Region(box.width_px / 2, box.height_px / 2, box.width_px, self._rotation_rad)]

    def _pose(self, image_bgr: Image, region: Region) -> Pose:
        crop = crop_region(image_bgr, region, 256).astype(np.int16)
        shoulder, elbow = (
            np.argwhere(crop[..., channel] - crop[..., other] > 100)[:, ::-1].mean(axis=0)
            for channel, other in ((2, 1), (1, 2))
        )
        crop_px = np.tile(shoulder, (len(COCO_17.keypoints), 1))
        crop_px[COCO_17.index["left_elbow"]] = elbow
        found_px = apply_affine(region_to_image(region, 256), crop_px.astype(np.float32))
        return Pose(COCO_17, found_px, np.ones(len(found_px), np.float32), 1.0)


@pytest.mark.parametrize(("width_px", "height_px"), [(1280, 720), (640, 480), (480, 640)])
@pytest.mark.parametrize("rotation_rad", [0.0, 0.5])
def test_an_arm_raised_by_45_degrees_is_45_degrees_from_the_picture_to_the_feature(
    width_px: int, height_px: int, rotation_rad: float, tmp_path: Path
) -> None:
    image_bgr = np.full((height_px, width_px, 3), 60, np.uint8)
    cv2.circle(image_bgr, (width_px // 2, height_px // 2), 12, (0, 0, 255), -1)
    cv2.circle(image_bgr, (width_px // 2 + 80, height_px // 2 - 80), 12, (0, 255, 0), -1)

    take = pose_sequence(
        Models(WholeFrameDetector(), ArmFinder(rotation_rad)), write_video(tmp_path / "arm.mp4", [image_bgr] * 4)
    )

    visible = visibility(take.keypoints, take.scores)
    features, trust = part_features(take.keypoints, visible, COCO_17, 1.0)
    upper_arm = next(
        n for n, part in enumerate(PARTS) if (part.start, part.end) == (("left_shoulder",), ("left_elbow",))
    )
    across, down, _ = features[:, :, upper_arm].T
    assert (trust[:, upper_arm] == 1).all()
    assert np.degrees(np.arctan2(-down, across)) == pytest.approx(45, abs=1)
    arm = take.keypoints[0, COCO_17.index["left_elbow"]] - take.keypoints[0, COCO_17.index["left_shoulder"]]
    assert arm == pytest.approx((80 / height_px, -80 / height_px), abs=0.005)


def test_a_take_is_in_picture_heights_so_angles_agree_across_frame_shapes(tmp_path: Path, models: Models) -> None:
    wide_bgr = man_alone(range(12, 20))
    narrow_bgr = [np.pad(image, ((60, 60), (0, 0), (0, 0)), mode="edge") for image in wide_bgr]

    wide = pose_sequence(models, write_video(tmp_path / "wide.mp4", wide_bgr))
    narrow = pose_sequence(models, write_video(tmp_path / "narrow.mp4", narrow_bgr))

    at = models.loaded.skeleton.index
    for side in ("left", "right"):
        angles = []
        for sequence in (wide, narrow):
            arm = sequence.keypoints[:, at[f"{side}_elbow"]] - sequence.keypoints[:, at[f"{side}_shoulder"]]
            angles.append(np.degrees(np.arctan2(arm[:, 1], arm[:, 0])))
        apart = (angles[0] - angles[1] + 180) % 360 - 180
        assert np.median(np.abs(apart)) < 4
    assert wide.times_s[0] == 0
