"""The pictures of a video that are worth labelling: every n-th frame, or one whenever somebody's pose has changed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.core.normalise import HIDDEN_SCORE, body_size, visibility
from webapp.core.records import Box, FloatArray, Pose
from webapp.pipeline.models import Models, load_models
from webapp.pipeline.video import Video, VideoFrame
from webapp.vision.figures import spread
from webapp.vision.ports import Image
from webapp.vision.tracker import TrackedPerson

POSE_CHANGE = 0.4
"""Torso lengths; where nothing else is asked for. Somebody who stands still moves by less."""
MAX_VIDEO_S = 4 * 3600.0
"""A longer one is refused: looking through it would take a day."""
_LOOKED_AT_PER_S = 10.0
"""Pictures a second in which poses are looked for: in a tenth of a second nobody gets far."""
_MOVED_MOST = 0.25
_LEAST_MOVED = 2
_CONTAINERS = (
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (4, b"wide"),
    (4, b"free"),
    (4, b"skip"),
    (0, b"\x1a\x45\xdf\xa3"),
)
_NOT_READ = "it cannot be read as a video; convert it to MP4 (H.264)"


@dataclass(frozen=True)
class ChosenFrame:
    """One frame of a video, and the people that were seen in it; nobody: they are still to be looked for."""

    number: int
    time_s: float
    image_bgr: Image
    people: list[Box]


def chosen_frames(
    path: Path, every_frames: int | None, pose_change: float | None, settings: Settings
) -> Iterator[ChosenFrame]:
    """The frames worth taking, in order and one in memory at a time; the same ones whenever it is called.

    every_frames: every so many, whatever they show. Else those in which the pose of somebody differs from theirs in
    the last frame taken by more than pose_change torso lengths, or in which somebody new is seen. InvalidInputError,
    also on the way, for what is no video, is damaged, too large or does not end.
    """
    _require_container(path)
    try:
        video = Video(path)
    except InvalidInputError as error:
        raise InvalidInputError(_NOT_READ) from error  # the other sentence names a path of ours
    models = _models(settings)
    with video:
        frames = _bounded(video, settings)
        if every_frames is not None:
            yield from _every(frames, max(1, every_frames), models)
        else:
            yield from _changes(frames, pose_change or POSE_CHANGE, models)


def pose_difference(one: Pose, other: Pose) -> float:
    """How far the quarter of the keypoints that differs most is apart, in torso lengths, wherever the person stands.

    Only keypoints that both show count; inf where they show none in common.
    """
    both = (one.scores >= HIDDEN_SCORE) & (other.scores >= HIDDEN_SCORE)
    both &= np.isfinite(one.keypoints_px).all(axis=1) & np.isfinite(other.keypoints_px).all(axis=1)
    if not both.any():
        return math.inf
    apart = np.sort(np.linalg.norm(_centred(one, both) - _centred(other, both), axis=1))
    return float(apart[-max(_LEAST_MOVED, math.ceil(_MOVED_MOST * len(apart))) :].mean())


def _centred(pose: Pose, which: np.ndarray) -> FloatArray:
    """Those keypoints around their middle, in torso lengths."""
    points = pose.keypoints_px[which]
    seen = visibility(pose.keypoints_px[None], pose.scores[None])
    size_px = float(body_size(pose.keypoints_px[None], seen, pose.skeleton)[0])
    if not math.isfinite(size_px):
        size_px = spread(points)  # of somebody whose torso is hidden; it is about as long
    return np.asarray((points - points.mean(axis=0)) / max(size_px, 1.0), np.float32)


def _every(frames: Iterator[VideoFrame], every_frames: int, models: Models) -> Iterator[ChosenFrame]:
    for frame in frames:
        if frame.number % every_frames == 0:
            # between frames so far apart nobody can be followed: each is looked at by itself
            people = models.new_tracker().step(frame.image_bgr, frame.time_s).people
            yield _chosen(frame, people)


def _changes(frames: Iterator[VideoFrame], pose_change: float, models: Models) -> Iterator[ChosenFrame]:
    tracker = models.new_tracker()
    taken: dict[int, Pose] = {}
    due_s, found = -math.inf, False
    for frame in frames:
        if frame.time_s < due_s:
            continue
        due_s = frame.time_s + 1 / _LOOKED_AT_PER_S - 1e-3
        tracked = tracker.step(frame.image_bgr, frame.time_s)
        taken = {person_id: pose for person_id, pose in taken.items() if person_id in tracked.remembered}
        if any(_is_other(taken.get(person.person_id), person.pose, pose_change) for person in tracked.people):
            found = True
            taken |= {person.person_id: person.pose for person in tracked.people}
            yield _chosen(frame, tracked.people)
    if not found:
        raise InvalidInputError("nobody was found in it; only pictures that show somebody are taken")


def _is_other(before: Pose | None, pose: Pose, pose_change: float) -> bool:
    return before is None or pose_difference(before, pose) > pose_change


def _chosen(frame: VideoFrame, people: tuple[TrackedPerson, ...]) -> ChosenFrame:
    boxes = [person.box for person in people if person.box.width_px > 1 and person.box.height_px > 1]
    return ChosenFrame(frame.number, frame.time_s, frame.image_bgr, boxes)


def _bounded(video: Video, settings: Settings) -> Iterator[VideoFrame]:
    """Every frame; InvalidInputError where there is none, where they are too large, or where there is no end."""
    frames = video.frames()
    while True:
        try:
            frame = next(frames, None)
        except InvalidInputError as error:
            raise InvalidInputError(f"it holds no frame that can be decoded; {_NOT_READ}") from error
        if frame is None:
            return
        height_px, width_px = frame.image_bgr.shape[:2]
        if height_px * width_px > settings.max_picture_pixels:
            raise InvalidInputError(
                f"its frames are {width_px}x{height_px} pixels; at most {settings.max_picture_pixels} pixels are read; "
                f"hand in a smaller one or raise max_picture_pixels"
            )
        if frame.time_s > MAX_VIDEO_S:
            raise InvalidInputError(
                f"it lasts more than {MAX_VIDEO_S / 3600:g} hours; what comes after is left out: cut it into parts"
            )
        yield frame


def _require_container(path: Path) -> None:
    """A playlist would be read too, and lead to other files and addresses: so only what begins as a video does."""
    with path.open("rb") as file:
        head = file.read(12)
    is_avi = head[:4] == b"RIFF" and head[8:12] == b"AVI "
    if not is_avi and not any(head[at : at + len(mark)] == mark for at, mark in _CONTAINERS):
        raise InvalidInputError("it is no MP4, MOV, MKV, WebM or AVI; convert it to MP4 (H.264)")


@lru_cache(maxsize=1)
def _models(settings: Settings) -> Models:
    """Loaded once for all videos of an import."""
    return load_models(settings)
