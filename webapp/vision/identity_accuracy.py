"""Whether people keep their identities: what a tracker answered against labels of who is where."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from webapp.core.errors import InvalidInputError
from webapp.core.records import FloatArray, Pose
from webapp.vision.tracker import TrackedPerson

_COLUMNS = ["frame", "person", "shoulders_x_px", "shoulders_y_px", "hips_x_px", "hips_y_px"]
_NEAR_TORSOS = 0.5
_MIN_TORSO_PX = 30.0  # of somebody who bends towards the camera the torso has no length


@dataclass(frozen=True)
class LabelledPerson:
    """Where a person's shoulders and hips are in a frame, the middle of each pair, (2, 2) in pixels."""

    frame: int
    person: str
    torso_px: FloatArray


@dataclass(frozen=True)
class IdentityAccuracy:
    """Of the labelled moments of all people: how many, at how many nobody was found there, at how many under the id
    that was the person's most of the time (each id counts for one person), and how often a person's id changed.
    """

    labelled: int
    missed: int
    right: int
    switches: int


def read_labels(path: Path) -> dict[str, list[LabelledPerson]]:
    """By the clip's file name, in the order of frames; InvalidInputError where the file is no such labels."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["columns"] != _COLUMNS:
            raise ValueError(f"columns must be {_COLUMNS}, got {content['columns']}")
        return {
            clip: [
                LabelledPerson(int(frame), str(person), np.array(places, np.float32).reshape(2, 2))
                for frame, person, *places in sorted(rows)
            ]
            for clip, rows in content["clips"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError(f"{path} holds no labels of people: {error}") from error


def identity_accuracy(
    labels: Sequence[LabelledPerson], frames: Mapping[int, Sequence[TrackedPerson]]
) -> IdentityAccuracy:
    """frames: the tracker's answer for each frame's number; labels of other frames are left out."""
    seen: Counter[tuple[str, int]] = Counter()
    last_ids: dict[str, int] = {}
    labelled = switches = 0
    for number, people in frames.items():
        here = [label for label in labels if label.frame == number]
        labelled += len(here)
        for person, person_id in _found(here, people):
            seen[person, person_id] += 1
            switches += last_ids.get(person, person_id) != person_id
            last_ids[person] = person_id
    return IdentityAccuracy(labelled, labelled - seen.total(), _right(seen), switches)


def _found(labels: Sequence[LabelledPerson], people: Sequence[TrackedPerson]) -> list[tuple[str, int]]:
    """Who of those labelled was found, and under which id."""
    if not labels or not people:
        return []
    apart = np.array([[_torsos_apart(label, tracked.pose) for tracked in people] for label in labels])
    pairs = zip(*linear_sum_assignment(np.minimum(apart, 1e3)), strict=True)
    return [
        (labels[row].person, people[column].person_id) for row, column in pairs if apart[row, column] < _NEAR_TORSOS
    ]


def _torsos_apart(label: LabelledPerson, pose: Pose) -> float:
    """The larger distance of shoulders and hips, in lengths of the labelled torso; inf where the pose has none."""
    at = pose.skeleton.index
    pairs = [[at[f"left_{joint}"], at[f"right_{joint}"]] for joint in ("shoulder", "hip")]
    torso_px = pose.keypoints_px[pairs].mean(axis=1)
    if not np.isfinite(torso_px).all():
        return math.inf
    length_px = max(float(np.linalg.norm(label.torso_px[0] - label.torso_px[1])), _MIN_TORSO_PX)
    return float(np.linalg.norm(torso_px - label.torso_px, axis=1).max()) / length_px


def _right(seen: Mapping[tuple[str, int], int]) -> int:
    persons, ids = sorted({person for person, _ in seen}), sorted({person_id for _, person_id in seen})
    if not seen:
        return 0
    counts = np.array([[seen.get((person, person_id), 0) for person_id in ids] for person in persons])
    return int(counts[linear_sum_assignment(counts, maximize=True)].sum())
