"""Labelled pose sequences in a folder: dataset.json, manifest.csv, clips/CLIP.npz. Everything is checked here, once."""

from __future__ import annotations

import csv
import json
import math
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.records import PoseSequence
from webapp.core.sequence_file import DAMAGED_ZIP
from webapp.core.skeleton import Skeleton

COLUMNS = ("clip", "action", "subject", "repetition", "start_frame", "end_frame")
NEEDED_KEYPOINTS = tuple(f"{side}_{joint}" for side in ("left", "right") for joint in ("shoulder", "elbow", "wrist"))
MAX_CLIP_BYTES = 256 * 2**20
MAX_MANIFEST_BYTES = 64 * 2**20
_CLIP_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_MAX_FPS = 1000.0


@dataclass(frozen=True)
class Segment:
    """A labelled stretch of a clip: frames from start_frame to end_frame, both included, counted from 0."""

    clip: str
    action: str
    subject: str
    repetition: int
    start_frame: int
    end_frame: int

    @property
    def take_id(self) -> str:
        return f"{self.clip}:{self.start_frame}-{self.end_frame}"


@dataclass(frozen=True)
class Dataset:
    """Clips by name, as the recogniser reads them (y down, metres as world_m), and what they are labelled as."""

    name: str
    segments: tuple[Segment, ...]
    clips: dict[str, PoseSequence]

    @cached_property
    def takes(self) -> tuple[PoseSequence, ...]:
        """The frames of each segment, its first at 0 s."""
        return tuple(_cut(self.clips[segment.clip], segment) for segment in self.segments)

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        return tuple(sorted({segment.subject for segment in self.segments}))

    @cached_property
    def actions(self) -> tuple[str, ...]:
        return tuple(sorted({segment.action for segment in self.segments}))

    @cached_property
    def has_gaps(self) -> bool:
        """Whether any clip holds frames that belong to no segment."""
        labelled = {name: np.zeros(len(clip), bool) for name, clip in self.clips.items()}
        for segment in self.segments:
            labelled[segment.clip][segment.start_frame : segment.end_frame + 1] = True
        return not all(frames.all() for frames in labelled.values())


def load_dataset(folder: Path) -> Dataset:
    """Read a dataset; InvalidInputError says which file or row is not as docs/evaluation.md describes, and why."""
    if not (folder / "dataset.json").is_file():
        raise InvalidInputError(f"{folder} is no dataset: it holds no dataset.json (docs/evaluation.md has the layout)")
    dims, upwards = _description(folder / "dataset.json")
    segments = _segments(folder / "manifest.csv")
    skeletons: dict[tuple[str, ...], Skeleton] = {}
    names = sorted({segment.clip for segment in segments})
    clips = {name: _clip(folder / "clips" / f"{name}.npz", dims, upwards, skeletons) for name in names}
    for segment in segments:
        frames = len(clips[segment.clip])
        if segment.end_frame >= frames:
            raise InvalidInputError(
                f"manifest.csv ends {segment.action} at frame {segment.end_frame} of {segment.clip}, "
                f"which has frames 0 to {frames - 1}"
            )
    return Dataset(folder.resolve().name, segments, clips)


def _cut(clip: PoseSequence, segment: Segment) -> PoseSequence:
    frames = slice(segment.start_frame, segment.end_frame + 1)
    return PoseSequence(
        skeleton=clip.skeleton,
        times_s=clip.times_s[frames] - clip.times_s[segment.start_frame],
        keypoints=clip.keypoints[frames],
        scores=clip.scores[frames],
        world_m=None if clip.world_m is None else clip.world_m[frames],
    )


def _description(file: Path) -> tuple[int, bool]:
    """How many coordinates a keypoint has, and whether y points up."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        dims, axes = told["dims"], told["axes"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidInputError(f"{file} must be a JSON object with dims and axes ({error!r})") from error
    if type(dims) is not int or dims not in (2, 3):
        raise InvalidInputError(f"dims of {file} must be 2 or 3, got {dims!r}")
    direction = re.search(r"\by (up|down)\b", str(axes))
    if direction is None:
        raise InvalidInputError(f"axes of {file} must say 'y up' or 'y down', got {axes!r}")
    return dims, direction.group(1) == "up"


def _segments(file: Path) -> tuple[Segment, ...]:
    try:
        if file.stat().st_size > MAX_MANIFEST_BYTES:
            raise InvalidInputError(f"{file} is larger than {MAX_MANIFEST_BYTES} bytes: split the dataset")
        with file.open(encoding="utf-8", newline="") as opened:
            reader = csv.DictReader(opened)
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise InvalidInputError(f"{file} lacks the column {missing[0]}; it needs {','.join(COLUMNS)}")
            segments = tuple(_segment(row, f"line {reader.line_num} of {file}") for row in reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError(f"{file} cannot be read: {error}") from error
    if not segments:
        raise InvalidInputError(f"{file} names no segment: add a line for each labelled performance")
    for (clip, start, end), count in Counter((s.clip, s.start_frame, s.end_frame) for s in segments).items():
        if count > 1:
            raise InvalidInputError(f"{file} names frames {start} to {end} of {clip} {count} times: keep one line")
    subject_of: dict[str, str] = {}
    for segment in segments:
        known = subject_of.setdefault(segment.clip, segment.subject)
        if known != segment.subject:
            raise InvalidInputError(f"{file} gives {segment.clip} to {known} and {segment.subject}: one person a clip")
    return segments


def _segment(row: dict[str, str | None], where: str) -> Segment:
    texts = {column: (row[column] or "").strip() for column in COLUMNS}
    for column in ("action", "subject"):
        if not texts[column]:
            raise InvalidInputError(f"{where} has no {column}")
    if not _CLIP_NAME.fullmatch(texts["clip"]):
        raise InvalidInputError(
            f"{where} has clip {texts['clip']!r}; a clip is the name of its file in clips/ without .npz: letters, "
            "digits, '_', '-' and '.' alone"
        )
    try:
        repetition, start, end = (int(texts[column]) for column in ("repetition", "start_frame", "end_frame"))
    except ValueError as error:
        raise InvalidInputError(f"{where} must hold whole numbers as repetition and frames ({error})") from error
    if not 0 <= start < end:
        raise InvalidInputError(f"{where} has frames {start} to {end}; they count from 0 and a segment needs two")
    return Segment(texts["clip"], texts["action"], texts["subject"], repetition, start, end)


def _clip(file: Path, dims: int, upwards: bool, skeletons: dict[tuple[str, ...], Skeleton]) -> PoseSequence:
    arrays = _arrays(file)
    points, scores, listed = arrays["keypoints"], arrays["scores"], arrays["names"]
    if points.ndim != 3 or points.shape[2] != dims or not len(points):
        raise InvalidInputError(f"keypoints of {file} must be (T, K, {dims}) as dataset.json says, got {points.shape}")
    if scores.shape != points.shape[:2]:
        raise InvalidInputError(f"scores of {file} must be {points.shape[:2]}, got {scores.shape}")
    if listed.shape != (points.shape[1],):
        raise InvalidInputError(f"names of {file} must be ({points.shape[1]},), got {listed.shape}")
    names = tuple(str(name) for name in listed)
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise InvalidInputError(
            f"names of {file} has {repeated[0]!r} more than once: a keypoint needs a name of its own"
        )
    if lacking := [name for name in NEEDED_KEYPOINTS if name not in names]:
        raise InvalidInputError(f"names of {file} lacks {lacking[0]!r}; needed are {', '.join(NEEDED_KEYPOINTS)}")
    with np.errstate(over="ignore"):  # what float32 cannot hold is refused as infinite
        points = points.astype(np.float32)
    if np.isinf(points).any():
        raise InvalidInputError(f"keypoints of {file} holds infinite coordinates: use NaN for what was not seen")
    if not ((scores >= 0) & (scores <= 1)).all():  # false for NaN too
        raise InvalidInputError(f"scores of {file} must lie in 0..1, found {_outlier(scores)}")
    scores = scores.astype(np.float32)
    if upwards:
        points = points * np.array([1, -1, 1][:dims], np.float32)
    hidden = np.isnan(points).any(axis=2)
    points[hidden], scores[hidden] = np.nan, 0.0
    return PoseSequence(
        skeleton=skeletons.setdefault(names, Skeleton("dataset", names, ())),
        times_s=np.arange(len(points)) / _fps(arrays["fps"], file),
        keypoints=np.ascontiguousarray(points[..., :2]),
        scores=scores,
        world_m=points if dims == 3 else None,
    )


def _arrays(file: Path) -> dict[str, NDArray[Any]]:
    if not file.is_file():
        raise InvalidInputError(f"manifest.csv names a clip that is not there: {file}")
    kinds = {"keypoints": "fiu", "scores": "fiu", "names": "U", "fps": "fiu"}
    try:
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > MAX_CLIP_BYTES:
            raise InvalidInputError(f"{file} unpacks to {unpacked} bytes, at most {MAX_CLIP_BYTES}: split the clip")
        with np.load(file, allow_pickle=False) as held:
            arrays = {key: np.asarray(held[key]) for key in kinds}
    except KeyError as error:
        raise InvalidInputError(f"{file} lacks an array: {error.args[0]}; needed are {', '.join(kinds)}") from error
    except DAMAGED_ZIP as error:
        raise InvalidInputError(f"{file} is not a .npz of plain arrays: {error}") from error
    for key, kind in kinds.items():
        if arrays[key].dtype.kind not in kind:
            raise InvalidInputError(
                f"{key} of {file} must hold {'text' if kind == 'U' else 'numbers'}, got {arrays[key].dtype}"
            )
    return arrays


def _fps(array: NDArray[Any], file: Path) -> float:
    fps = float(array) if array.shape == () else math.nan
    if not 0 < fps <= _MAX_FPS:
        raise InvalidInputError(f"fps of {file} must be one number above 0 and at most {_MAX_FPS:.0f}, got {array}")
    return fps


def _outlier(scores: NDArray[Any]) -> float:
    return float(scores[~((scores >= 0) & (scores <= 1))][0])
