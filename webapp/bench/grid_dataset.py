"""A large dataset of drawn pictures for a measurement: many people in few files, so that it is made in seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sqlalchemy import insert

from webapp.config import Settings
from webapp.core.records import Box
from webapp.core.skeleton import COCO_17
from webapp.core.skeleton_json import skeleton_reference
from webapp.datasets.label_bytes import to_bytes
from webapp.datasets.picture_store import PictureStore, StoredPicture, store_of
from webapp.datasets.records import VISIBLE, Label
from webapp.datasets.thumbnails import Thumbnails, thumbnails_beside
from webapp.db.base import db, new_id, utc_now
from webapp.db.datasets import Dataset, LabelRevision, Picture, Sample
from webapp.db.engine import transaction
from webapp.db.standalone import database_app
from webapp.services.accounts import get_account

PICTURES = 400
WIDTH_PX, HEIGHT_PX = 640, 480
PERSON_PX = (160, 240)
PLACES = 5
"""Where people stand in a picture; those who stand in the same place share a thumbnail."""
STATES = ("proposed", "proposed", "reviewed")
SOURCES = ("webcam", "video", "images")


def make_dataset(instance_dir: Path, username: str, samples: int) -> str:
    """Store pictures and rows under this account; the dataset's id."""
    settings = Settings(instance_dir=instance_dir, async_mode="threading")
    app = database_app(settings)
    draws = np.random.default_rng(0)
    with app.app_context():
        owner_id = get_account(username).id
        thumbnails = thumbnails_beside(store_of(settings))
        pictures = [_picture(number, _draw(store_of(settings), thumbnails, draws)) for number in range(PICTURES)]
        rows = [_sample(number, pictures, draws) for number in range(samples)]
        dataset = {"id": new_id(), "owner_id": owner_id, "name": "Bench", "name_key": "bench"}
        of_it = {"dataset_id": dataset["id"]}
        with transaction() as session:
            session.execute(insert(Dataset), dataset | {"skeleton": json.dumps(skeleton_reference(COCO_17))})
            session.execute(insert(Picture), [picture | of_it for picture in pictures])
            session.execute(insert(Sample), [sample | of_it for sample, _ in rows])
            session.execute(insert(LabelRevision), [label for _, label in rows])
        db.engine.dispose()
    return str(dataset["id"])


def _draw(store: PictureStore, thumbnails: Thumbnails, draws: np.random.Generator) -> StoredPicture:
    """Coloured blocks: about as many bytes as a photograph; with the thumbnails that an import would make."""
    blocks = draws.integers(0, 256, (HEIGHT_PX // 8, WIDTH_PX // 8, 3), np.uint8)
    pixels = np.ascontiguousarray(blocks.repeat(8, axis=0).repeat(8, axis=1))
    stored = store.add(pixels, lossless=False)
    for place in range(PLACES):
        thumbnails.keep(Image.fromarray(pixels), stored.sha256, _box(place))
    return stored


def _box(place: int) -> Box:
    x_px, y_px = (float(room * place // PLACES) for room in (WIDTH_PX - PERSON_PX[0], HEIGHT_PX - PERSON_PX[1]))
    return Box(x_px, y_px, x_px + PERSON_PX[0], y_px + PERSON_PX[1])


def _picture(number: int, stored: StoredPicture) -> dict[str, Any]:
    return {
        "id": new_id(),
        "sha256": stored.sha256,
        "original_sha256": stored.sha256,
        "suffix": stored.suffix,
        "size_bytes": stored.size_bytes,
        "file_name": f"folder/picture-{number:05}.jpg",
        "width_px": stored.width_px,
        "height_px": stored.height_px,
        "source": SOURCES[number % len(SOURCES)],
        "session": f"session {number % 7}",
        "dhash": stored.dhash,
        "added_at": utc_now(),
    }


def _sample(
    number: int, pictures: list[dict[str, Any]], draws: np.random.Generator
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The rows of a sample and its label."""
    box = _box(number // len(pictures) % PLACES)
    spread = draws.uniform(0, PERSON_PX, (len(COCO_17.keypoints), 2))
    keypoints = (np.array([box.x1_px, box.y1_px]) + spread).astype(np.float32)
    label = Label(keypoints, np.full(len(keypoints), VISIBLE, np.uint8))
    sample_id, state, now = new_id(), STATES[number % len(STATES)], utc_now()
    sample = {
        "id": sample_id,
        "position": number,
        "picture_id": pictures[number % len(pictures)]["id"],
        "x1_px": box.x1_px,
        "y1_px": box.y1_px,
        "x2_px": box.x2_px,
        "y2_px": box.y2_px,
        "state": state,
        "revision": 1,
        "teacher": "blazepose_full",
        "confidence": float(draws.uniform()),
        "bone_error": float(draws.gamma(2.0)),
        "pose_group": number % 12,
        "labelled_at": now,
        "added_at": now,
    }
    revision = {
        "sample_id": sample_id,
        "revision": 1,
        "label": to_bytes(box, label),
        "state": state,
        "origin": "teacher",
    }
    return sample, revision | {"made_at": now}
