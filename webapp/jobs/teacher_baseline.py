"""What a run's teacher says of the samples that the run's network is judged on, for the comparison of the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import func, select

from webapp.core.records import Box, FloatArray
from webapp.core.skeleton import Skeleton
from webapp.datasets.crops import to_crop
from webapp.datasets.formats.npz_writing import square_of
from webapp.datasets.picture_store import store_of
from webapp.datasets.records import Finding
from webapp.db.base import db
from webapp.db.datasets import LabelRevision, Sample, VersionSample
from webapp.jobs.context import JobContext
from webapp.jobs.export_pictures import version_pictures
from webapp.jobs.teacher import Teacher, load_teacher, picture_by_picture
from webapp.training.baselines import TeacherFound
from webapp.training.config import STATES
from webapp.training.evaluate import Found
from webapp.vision.ports import Image

_AT_ONCE = 500


@dataclass(frozen=True)
class _Asked:
    """A person whom the teacher is to look at; place: among the samples that were asked about."""

    place: int
    box: Box
    sha256: str
    suffix: str
    file_name: str


def teacher_baseline(
    context: JobContext, name: str, version_id: str, skeleton: Skeleton, sample_ids: Sequence[str]
) -> TeacherFound:
    """The keypoints that a pose model finds in these samples, in shares of the crops that the run was trained on.

    One picture after the other, each read once. ModelUnavailableError where the model is not here; InvalidInputError
    where the skeletons have too little in common.
    """
    context.begin("Loading the teacher", None)
    teacher = load_teacher(name, skeleton, context.settings)
    asked = _asked(version_id, {sample_id: place for place, sample_id in enumerate(sample_ids)})
    context.begin(f"Asking {teacher.name}, for comparison", len(asked))
    count = len(sample_ids)
    keypoints = np.full((count, len(skeleton.keypoints), 2), np.nan, np.float32)
    scores, seen = np.zeros(count, np.float32), np.zeros(count, np.bool_)
    findings: list[Finding] = []  # a picture that is gone is nobody's fault, and counts for nobody
    done = 0
    for image_bgr, people in picture_by_picture(store_of(context.settings), asked, findings):
        for one in people:
            seen[one.place] = True
            keypoints[one.place], scores[one.place] = _said(teacher, image_bgr, one.box)
            done += 1
            context.look(done)
    own_labels = _own_labels(version_id, teacher.name, [sample_ids[place] for place in np.flatnonzero(seen).tolist()])
    return TeacherFound(teacher.name, Found(keypoints, scores), seen, teacher.knows, own_labels)


def _said(teacher: Teacher, image_bgr: Image, box: Box) -> tuple[FloatArray, float]:
    """Keypoints (K, 2) in shares of the crop and how sure it is on the whole; NaN and 0 where it sees nobody."""
    label = teacher.label(image_bgr, box, min_score=0.0)
    if label is None or label.confidence is None:
        return np.full((len(teacher.knows), 2), np.nan, np.float32), 0.0
    return to_crop(label.keypoints_px, square_of(box)), float(label.confidence[teacher.knows].mean())


def _asked(version_id: str, places: Mapping[str, int]) -> list[_Asked]:
    """The version's people of these ids, picture by picture."""
    with db.engine.connect() as connection:
        return [
            _Asked(places[sample_id], person.box, each.sha256, each.suffix, each.picture.file_name)
            for each in version_pictures(connection, version_id, STATES)
            for sample_id, person in zip(each.sample_ids, each.picture.people, strict=True)
            if sample_id in places
        ]


def _own_labels(version_id: str, teacher: str, sample_ids: Sequence[str]) -> int:
    """How many of these samples have, in the version, a label of the teacher's that nobody has reviewed."""
    of_label = (LabelRevision.sample_id == VersionSample.sample_id) & (LabelRevision.revision == VersionSample.revision)
    query = (
        select(func.count())
        .select_from(VersionSample)
        .join(Sample, Sample.id == VersionSample.sample_id)
        .join(LabelRevision, of_label)
        .where(
            VersionSample.version_id == version_id,
            VersionSample.state == "proposed",
            LabelRevision.origin == "teacher",
            Sample.teacher == teacher,
        )
    )
    total = sum(db.session.scalar(query.where(VersionSample.sample_id.in_(ids))) or 0 for ids in _pieces(sample_ids))
    db.session.rollback()
    return total


def _pieces(sample_ids: Sequence[str]) -> list[Sequence[str]]:
    return [sample_ids[at : at + _AT_ONCE] for at in range(0, len(sample_ids), _AT_ONCE)]
