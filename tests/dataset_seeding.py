"""Datasets with real pictures: a jointed figure drawn as JPEG, labels of every state, people and sessions, quickly."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from flask import Flask
from PIL import Image, ImageDraw
from sqlalchemy import insert

from tests.jointed_figure import ARMS_UP, SQUAT, body_m, bump, towards
from webapp.app import create_app
from webapp.config import Settings
from webapp.core.records import Box, FloatArray
from webapp.core.skeleton import BLAZEPOSE_33, UPPER_BODY_6, Skeleton
from webapp.core.skeleton_json import skeleton_reference
from webapp.datasets.label_bytes import to_bytes
from webapp.datasets.records import ABSENT, HIDDEN, VISIBLE, Label
from webapp.db.accounts import User
from webapp.db.base import db, new_id, utc_now
from webapp.db.datasets import (
    Dataset,
    DatasetMember,
    LabelRevision,
    Picture,
    PicturedPerson,
    Sample,
)
from webapp.db.engine import transaction
from webapp.services import accounts

WIDTH_PX, HEIGHT_PX = 320, 240
STATES = ("proposed", "proposed", "reviewed", "unlabelled")
"""Of one sample after the other, over and over."""
PEOPLE = ("Anna", "Ben", None)
SESSIONS = ("monday", "tuesday")
SOURCES = ("webcam", "images", "video")
TEACHER = "blazepose_full"
_PX_PER_M = 90.0


@dataclass(frozen=True)
class Seeded:
    """A dataset with samples. sample_ids, picture_ids: by position. people: ids by name."""

    dataset_id: str
    sample_ids: tuple[str, ...]
    picture_ids: tuple[str, ...]
    people: dict[str, str]


def seed_dataset(
    owner: User,
    instance_dir: Path,
    count: int = 12,
    *,
    name: str = "Arms",
    skeleton: Skeleton = UPPER_BODY_6,
    states: Sequence[str] = STATES,
    people: Sequence[str | None] = PEOPLE,
    different_pictures: int | None = None,
    members: dict[int, str] | None = None,
) -> Seeded:
    """Make the dataset, inside an app context. members: roles by account number.

    people: their names, of one sample after the other; those that the owner has already are the same people.
    different_pictures: so many are drawn and the others are the same files under names of their own, which makes
    20,000 samples in seconds.
    """
    drawn = _drawn_pictures(min(count, different_pictures or count), skeleton)
    dataset_id = new_id()
    known = {person.name_key: person.id for person in db.session.query(PicturedPerson).filter_by(owner_id=owner.id)}
    people_ids = {person: known.get(person.casefold()) or new_id() for person in people if person}
    rows = _Rows(dataset_id, tuple(states), tuple(people_ids.get(person or "") for person in people))
    for number in range(count):
        rows.add(number, drawn[number % len(drawn)], _stored(instance_dir, number, drawn))
    with transaction() as session:
        reference = json.dumps(skeleton_reference(skeleton))
        session.add(Dataset(id=dataset_id, owner_id=owner.id, name=name, name_key=name.casefold(), skeleton=reference))
        for person, person_id in people_ids.items():
            if (key := person.casefold()) not in known:
                session.add(PicturedPerson(id=person_id, owner_id=owner.id, name=person, name_key=key))
        session.flush()
        for user_id, role in (members or {}).items():
            session.add(DatasetMember(dataset_id=dataset_id, user_id=user_id, role=role))
        for table, values in ((Picture, rows.pictures), (Sample, rows.samples), (LabelRevision, rows.labels)):
            if values:
                session.execute(insert(table), values)
    sample_ids = tuple(row["id"] for row in rows.samples)
    return Seeded(dataset_id, sample_ids, tuple(row["id"] for row in rows.pictures), people_ids)


def seed_instance(instance_dir: Path, username: str, count: int = 12, **options: Any) -> Seeded:
    """The same for an account of a running server, by its instance directory."""
    with _app_on(instance_dir).app_context():
        return seed_dataset(accounts.get_account(username), instance_dir, count, **options)


@lru_cache(maxsize=1)
def _app_on(instance_dir: Path) -> Flask:
    return create_app(Settings(instance_dir=instance_dir, async_mode="threading"))


@dataclass(frozen=True)
class DrawnPicture:
    """A JPEG of the figure, its box, and where its keypoints truly are, (K, 2) float32 in pixels."""

    jpeg: bytes
    box: Box
    keypoints_px: FloatArray


def drawn_picture(number: int, skeleton: Skeleton = UPPER_BODY_6) -> DrawnPicture:
    """The figure in the number-th pose and place: arms rise, knees bend, and it is never twice at the same place."""
    angles = towards(ARMS_UP if number % 2 else SQUAT, bump((number % 17) / 17))
    at_px = np.array([60 + (number * 37) % 200, 130 + (number * 11) % 20], np.float32)
    body = _seen(body_m(angles), at_px)
    joints = {name: (float(x), float(y)) for name, (x, y) in zip(BLAZEPOSE_33.keypoints, body, strict=True)}
    image = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), (200, 205, 190 + number % 60))
    pen = ImageDraw.Draw(image)
    for a, b in BLAZEPOSE_33.edges:
        pen.line([joints[a], joints[b]], fill=(40, 60, 110 + number % 90), width=7)
    x_px, y_px = joints["nose"]
    pen.ellipse([x_px - 11, y_px - 11, x_px + 11, y_px + 11], fill=(150, 100, 80))
    low, high = body.min(axis=0) - 14, body.max(axis=0) + 14
    size = (WIDTH_PX, HEIGHT_PX)
    low, high = np.clip(low, 0, size), np.clip(high, 0, size)
    content = io.BytesIO()
    image.save(content, "JPEG", quality=85)
    box = Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return DrawnPicture(content.getvalue(), box, _seen(body_m(angles, skeleton), at_px))


def proposal(drawn: DrawnPicture, number: int) -> Label:
    """What a teacher would say: a pixel or two off, one keypoint hidden and one absent now and then."""
    draws = np.random.default_rng(number)
    count = len(drawn.keypoints_px)
    visibility = np.full(count, VISIBLE, np.uint8)
    visibility[number % count] = (VISIBLE, HIDDEN, ABSENT)[number % 3]
    keypoints = (drawn.keypoints_px + draws.normal(0, 1.0, (count, 2))).astype(np.float32)
    keypoints = np.clip(keypoints, 0, np.array([WIDTH_PX, HEIGHT_PX], np.float32))
    keypoints[visibility == ABSENT] = np.nan
    confidence = draws.uniform(0.3, 1.0, count).astype(np.float32)
    return Label(keypoints, visibility, confidence)


def picture_path(instance_dir: Path, sha256: str, suffix: str = "jpg") -> Path:
    return instance_dir / "datasets" / "pictures" / sha256[:2] / f"{sha256}.{suffix}"


def _seen(body: FloatArray, at_px: FloatArray) -> FloatArray:
    """Three quarters from the front, so that left and right lie apart: (K, 2) in pixels."""
    across = -0.9 * body[:, 2] + 0.45 * body[:, 0]
    return (np.stack([across, body[:, 1]], axis=1) * _PX_PER_M + at_px).astype(np.float32)


def _drawn_pictures(count: int, skeleton: Skeleton) -> list[DrawnPicture]:
    return [drawn_picture(number, skeleton) for number in range(count)]


def _stored(instance_dir: Path, number: int, drawn: Sequence[DrawnPicture]) -> str:
    """Put the file where the picture store has it; its SHA-256, a made-up one for the same file under another name."""
    content = drawn[number % len(drawn)].jpeg
    first = hashlib.sha256(content).hexdigest()
    path = picture_path(instance_dir, first)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if number < len(drawn):
        return first
    again = hashlib.sha256(content + str(number).encode()).hexdigest()
    link = picture_path(instance_dir, again)
    if not link.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, link)
    return again


class _Rows:
    """The rows of pictures, samples and labels as they are made."""

    def __init__(self, dataset_id: str, states: tuple[str, ...], person_ids: tuple[str | None, ...]) -> None:
        self.pictures: list[dict[str, Any]] = []
        self.samples: list[dict[str, Any]] = []
        self.labels: list[dict[str, Any]] = []
        self._dataset_id, self._states, self._person_ids = dataset_id, states, person_ids
        self._now = utc_now()

    def add(self, number: int, drawn: DrawnPicture, sha256: str) -> None:
        picture_id, sample_id = new_id(), new_id()
        state = self._states[number % len(self._states)]
        label = None if state == "unlabelled" else proposal(drawn, number)
        self.pictures.append(
            {
                "id": picture_id,
                "dataset_id": self._dataset_id,
                "sha256": sha256,
                "original_sha256": sha256,
                "suffix": "jpg",
                "size_bytes": len(drawn.jpeg),
                "file_name": f"figure-{number:05}.jpg",
                "width_px": WIDTH_PX,
                "height_px": HEIGHT_PX,
                "source": SOURCES[number // 2 % len(SOURCES)],
                "session": SESSIONS[number // 3 % len(SESSIONS)],
                "dhash": number * 2654435761 % 2**62,
                "added_at": self._now,
            }
        )
        ids = {"id": sample_id, "picture_id": picture_id}
        self.samples.append(ids | self._sample(number, drawn.box, state, label))
        if label is not None:
            self.labels.append(
                {
                    "sample_id": sample_id,
                    "revision": 1,
                    "label": to_bytes(drawn.box, label),
                    "state": state,
                    "origin": "teacher",
                    "made_at": self._now,
                }
            )

    def _sample(self, number: int, box: Box, state: str, label: Label | None) -> dict[str, Any]:
        confidence = None
        if label is not None and label.confidence is not None:
            confidence = float(label.confidence[label.visibility != ABSENT].min())
        return {
            "dataset_id": self._dataset_id,
            "position": number,
            "person_id": self._person_ids[number % len(self._person_ids)],
            "x1_px": box.x1_px,
            "y1_px": box.y1_px,
            "x2_px": box.x2_px,
            "y2_px": box.y2_px,
            "state": state,
            "revision": 0 if label is None else 1,
            "teacher": None if label is None else TEACHER,
            "confidence": confidence,
            "labelled_at": None if label is None else self._now,
            "bone_error": None if label is None else (number * 7919 % 100) / 20,
            "disagreement": None if label is None else (number * 104729 % 100) / 200,
            "pose_group": None if label is None else number % 8,
            "duplicate_of": number - 1 if number % 50 == 49 else None,
            "added_at": self._now,
        }
