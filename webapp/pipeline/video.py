"""Video files for the command line: their frames with times, and the poses of the person a take shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from webapp.core.errors import InvalidInputError
from webapp.core.records import Pose, PoseSequence
from webapp.core.skeleton import Skeleton
from webapp.pipeline.models import Models
from webapp.vision.ports import Image


@dataclass(frozen=True)
class VideoFrame:
    """One picture of a video and its time from the video's beginning."""

    number: int
    time_s: float
    image_bgr: Image


class Video:
    """An opened video file; a context manager. InvalidInputError when it is missing or not readable as a video."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise InvalidInputError(f"there is no video file {path}")
        self._path = path
        self._capture = cv2.VideoCapture(str(path))
        self._fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        if not self._capture.isOpened() or not self._fps > 0:
            raise InvalidInputError(f"{path} cannot be read as a video; convert it to MP4 (H.264)")

    @property
    def frame_count(self) -> int:
        """How many frames the file says it has; 0 where it does not say."""
        return max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))

    def __enter__(self) -> Video:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._capture.release()

    def frames(self) -> Iterator[VideoFrame]:
        """Every frame, times strictly increasing; InvalidInputError when there is not a single one."""
        number, last_s = 0, -1.0
        while True:
            there, image = self._capture.read()
            if not there:
                break
            shown_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000  # of the frame just read
            # some containers give no or repeated timestamps: then the frame rate has to do
            time_s = shown_s if shown_s > last_s else max(number / self._fps, last_s + 0.5 / self._fps)
            last_s = time_s
            yield VideoFrame(number, time_s, np.asarray(image, dtype=np.uint8))
            number += 1
        if not number:
            raise InvalidInputError(f"{self._path} holds no frame that can be decoded; convert it to MP4 (H.264)")


def pose_sequence(models: Models, path: Path) -> PoseSequence:
    """The poses of the person who is in view longest; InvalidInputError when nobody is."""
    tracker = models.new_tracker()
    seen: dict[int, list[tuple[float, float, Pose]]] = {}
    with Video(path) as video:
        for frame in video.frames():
            for person in tracker.step(frame.image_bgr, frame.time_s).people:
                seen.setdefault(person.person_id, []).append((frame.time_s, frame.image_bgr.shape[0], person.pose))
    if not seen:
        raise InvalidInputError(f"nobody was found in {path}; a take must show one person, well lit and not too small")
    return _sequence(models.loaded.skeleton, max(seen.values(), key=len))


def _sequence(skeleton: Skeleton, rows: list[tuple[float, float, Pose]]) -> PoseSequence:
    times_s = np.array([time_s for time_s, _, _ in rows])
    worlds = [pose.world_m for _, _, pose in rows if pose.world_m is not None]
    return PoseSequence(
        skeleton=skeleton,
        times_s=times_s - times_s[0],
        keypoints=np.stack([pose.keypoints_px / np.float32(height_px) for _, height_px, pose in rows]),
        scores=np.stack([pose.scores for _, _, pose in rows]),
        world_m=np.stack(worlds) if len(worlds) == len(rows) else None,
    )
