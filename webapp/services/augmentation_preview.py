"""What a run's changes do to pictures, to be looked at before it begins: some of the dataset's, each as it is changed.

Pillow alone decodes here: the crops are those of the grid's thumbnails.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flask import current_app
from PIL import Image
from sqlalchemy import Row, func, select

from webapp.core.errors import InvalidInputError
from webapp.core.records import Box
from webapp.datasets.formats.npz_writing import in_crop
from webapp.datasets.label_bytes import from_bytes
from webapp.datasets.picture_store import store_of
from webapp.datasets.records import LabelledPerson
from webapp.datasets.thumbnails import SIDE_PX, Thumbnails, thumbnails_beside
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import LabelRevision, Picture, Sample
from webapp.services.dataset_access import dataset_for, skeleton_of
from webapp.training.augment import Crop, contact_sheet
from webapp.training.config import RunSettings

_SAMPLES = 3
_Labelled = Row[str, str, float, float, float, float, bytes]


def preview(actor: User, dataset_id: str, settings: RunSettings) -> bytes:
    """A PNG as augment.contact_sheet draws it, of labelled samples of the run's states; its seed says which.

    InvalidInputError where there is none.
    """
    dataset = dataset_for(actor, dataset_id, "look")
    picked = _picked(dataset.id, settings)
    if not picked:
        raise InvalidInputError(
            f"no sample of {dataset.name} has a label that is {' or '.join(settings.states)}; label some first"
        )
    thumbnails = thumbnails_beside(store_of(current_app.config["MOVEPRINT_SETTINGS"]))
    side_px = min(settings.side_px, SIDE_PX)
    crops = [_crop(thumbnails, row, side_px) for row in picked]
    return contact_sheet(crops, skeleton_of(dataset), settings.augmentation, settings.seed)


def _picked(dataset_id: str, settings: RunSettings) -> Sequence[_Labelled]:
    """Anywhere in the dataset, the same for the same seed."""
    there = (Sample.dataset_id == dataset_id, Sample.deleted_at.is_(None), Sample.state.in_(settings.states))
    count = db.session.scalar(select(func.count()).where(*there)) or 0
    rng = np.random.default_rng(settings.seed)
    places = sorted(rng.choice(count, min(count, _SAMPLES), replace=False).tolist())
    in_order = select(Sample.position).where(*there).order_by(Sample.position).limit(1)
    # pictures and labels of those alone that were picked: joined to all of them, it takes ten times as long
    positions = [db.session.scalar(in_order.offset(place)) for place in places]
    of_label = (LabelRevision.sample_id == Sample.id) & (LabelRevision.revision == Sample.revision)
    columns = (Picture.sha256, Picture.suffix, Sample.x1_px, Sample.y1_px, Sample.x2_px, Sample.y2_px)
    query = select(*columns, LabelRevision.label).join_from(Sample, Picture, Picture.id == Sample.picture_id)
    picked = query.join(LabelRevision, of_label).where(*there, Sample.position.in_(positions))
    return db.session.execute(picked.order_by(Sample.position)).all()


def _crop(thumbnails: Thumbnails, row: _Labelled, side_px: int) -> Crop:
    box = Box(row.x1_px, row.y1_px, row.x2_px, row.y2_px)
    _, label = from_bytes(row.label)
    if label is None:
        raise InvalidInputError("a sample counts as labelled and has no keypoints; label it again")
    with Image.open(thumbnails.ready(row.sha256, row.suffix, box)) as image:
        grey = image.convert("L").resize((side_px, side_px), Image.Resampling.BILINEAR)
    keypoints, visibility = in_crop(LabelledPerson(box, label), label)
    return Crop(np.asarray(grey, np.float32) / np.float32(255), keypoints, visibility)
