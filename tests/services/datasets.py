"""What tests of the datasets' services share: a label as the page sends it, and accounts of every role."""

from __future__ import annotations

from typing import Any

from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Sample
from webapp.services import labels
from webapp.services.label_json import label_to_json


def account(user_id: int) -> User:
    user = db.session.get(User, user_id)
    assert user is not None
    return user


def sample_row(sample_id: str) -> Sample:
    db.session.expire_all()
    return db.session.get_one(Sample, sample_id)


def body_of(
    sample_id: str, state: str = "reviewed", moved: dict[int, tuple[float, float]] | None = None
) -> dict[str, Any]:
    """The sample's label as it is stored, accepted; moved: other places for some of its keypoints."""
    sample = sample_row(sample_id)
    stored = label_to_json(labels.labels_of([sample])[sample_id]) or [[None, None, 0, None]] * 6
    keypoints = [list(each[:3]) for each in stored]
    for number, (x_px, y_px) in (moved or {}).items():
        keypoints[number] = [x_px, y_px, 2]
    box_px = [sample.x1_px, sample.y1_px, sample.x2_px, sample.y2_px]
    return {"revision": sample.revision, "box_px": box_px, "keypoints": keypoints, "state": state}
