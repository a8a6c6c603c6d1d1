"""A dataset of real pictures: the man of the demo clip as he jumps, in the boxes that are known of him."""

from __future__ import annotations

import json

import numpy as np

from tests.browser.clips import Image, man_alone
from tests.browser.man_boxes import man_boxes
from webapp.config import Settings
from webapp.core.skeleton import Skeleton
from webapp.core.skeleton_json import skeleton_reference
from webapp.datasets.picture_store import store_of
from webapp.db.base import new_id
from webapp.db.datasets import Dataset, Picture, Sample
from webapp.db.engine import transaction

FRAMES = range(3, 43, 4)
"""He stands, jumps with the arms up, and stands."""


def man_dataset(settings: Settings, owner_id: int, skeleton: Skeleton, frames: range = FRAMES) -> str:
    """Unlabelled samples 0, 1, ... of these frames; the dataset's id. To be called within an app context."""
    store, dataset_id = store_of(settings), new_id()
    boxes = man_boxes()
    with transaction() as session:
        reference = json.dumps(skeleton_reference(skeleton))
        name = f"Man {dataset_id}"
        session.add(Dataset(id=dataset_id, owner_id=owner_id, name=name, name_key=name.casefold(), skeleton=reference))
        session.flush()
        for position, (frame, image_bgr) in enumerate(zip(frames, man_alone(frames), strict=True)):
            stored = store.add(image_bgr, lossless=False)
            picture = Picture(
                id=new_id(),
                dataset_id=dataset_id,
                sha256=stored.sha256,
                original_sha256=stored.sha256,
                suffix=stored.suffix,
                size_bytes=stored.size_bytes,
                file_name=f"man-{frame:03}.jpg",
                width_px=stored.width_px,
                height_px=stored.height_px,
                source="video",
                session="jumping",
                dhash=stored.dhash,
            )
            session.add(picture)
            session.flush()
            x1, y1, x2, y2 = boxes[frame]
            corners = {"x1_px": x1, "y1_px": y1, "x2_px": x2, "y2_px": y2}
            session.add(
                Sample(dataset_id=dataset_id, position=position, picture_id=picture.id, state="unlabelled", **corners)
            )
    return dataset_id


def grey_picture() -> Image:
    """One in which nobody is to be seen."""
    return np.full((360, 640, 3), 127, np.uint8)
