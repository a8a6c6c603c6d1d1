"""What is worked out of a dataset's labels: strange bones, distance from a model, groups of poses, repeated samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Row, bindparam, func, select, update
from sqlalchemy.orm import Session

from webapp.core.errors import NotFoundError
from webapp.core.records import Box
from webapp.core.skeleton import Skeleton
from webapp.core.wording import counted
from webapp.datasets.duplicates import Looks, repeated
from webapp.datasets.label_bytes import from_bytes
from webapp.datasets.outliers import bone_errors, disagreement
from webapp.datasets.picture_store import PictureStore, store_of
from webapp.datasets.pose_groups import pose_groups
from webapp.datasets.records import Finding, Label
from webapp.db.base import db
from webapp.db.datasets import Dataset, LabelRevision, Picture, Sample
from webapp.db.engine import transaction
from webapp.jobs.context import JobContext
from webapp.jobs.teacher import Teacher, load_teacher, picture_by_picture
from webapp.services.dataset_access import raise_change_number, skeleton_of

ASKED, WRITTEN = 32, 500
"""Samples of one transaction: of those a model is asked about, and of those whose figures are written."""
_READ = 500
_MIN_SCORE = 0.5  # from this score on a keypoint of the model counts as seen, as where it proposes


def run_curate(context: JobContext) -> Mapping[str, object]:
    """First the model is asked, position by position; then everything else is worked out anew and written.

    Without a model the distances from one are cleared. What is excluded is compared with nothing.
    """
    dataset = db.session.get(Dataset, context.dataset_id)
    if dataset is None:
        raise NotFoundError("the dataset was deleted")
    skeleton, model = skeleton_of(dataset), context.parameters.get("pose_model")
    highest = db.session.scalar(select(func.max(Sample.position)).where(Sample.dataset_id == context.dataset_id))
    db.session.rollback()
    end = 0 if highest is None else highest + 1
    if model is not None and context.done < end:
        context.begin("Loading the model", None)
        teacher = load_teacher(str(model), skeleton, context.settings)
        context.begin(f"Comparing with {teacher.name}", end)
        _compare(context, teacher, end)
    context.begin("Looking for what is unlike the rest", None)
    found = _worked_out(context, skeleton)
    before = 0 if model is None else end
    context.begin("Writing what was found", before + len(found))
    _write(context, found, before, keeps_disagreement=model is not None)
    return _result(context.dataset_id)


@dataclass(frozen=True)
class _Labelled:
    """A sample with a label, for a model to be asked about."""

    sample_id: str
    position: int
    revision: int
    box: Box
    label: Label
    sha256: str
    suffix: str
    file_name: str


def _compare(context: JobContext, teacher: Teacher, end: int) -> None:
    """Writes how far each label is from what the model says, in transactions of a few."""
    store, at = store_of(context.settings), context.done
    while at < end:
        labelled, next_at = _next_labelled(context.dataset_id, at, end)
        values, findings = _distances(context, teacher, store, labelled)
        at = next_at
        with transaction() as session:
            _update(session, ["disagreement"], values)
            context.advance(session, at, findings)


def _next_labelled(dataset_id: str, at: int, end: int) -> tuple[list[_Labelled], int]:
    """The next that a model is asked about, and the position after them."""
    query = _labels(dataset_id, Picture.sha256, Picture.suffix, Picture.file_name)
    wanted = (Sample.position >= at, Sample.position < end, Sample.revision > 0)
    rows = db.session.execute(query.where(*wanted).limit(ASKED)).all()
    db.session.rollback()
    found = []
    for row in rows:
        box, label = _unpacked(row)
        if label is not None:
            place = (row.sha256, row.suffix, row.file_name)
            found.append(_Labelled(row.id, row.position, row.revision, box, label, *place))
    return found, rows[-1].position + 1 if len(rows) == ASKED else end


def _distances(
    context: JobContext, teacher: Teacher, store: PictureStore, labelled: Sequence[_Labelled]
) -> tuple[list[dict[str, object]], list[Finding]]:
    """Per sample the values to be written; a picture with several people is read once."""
    values: list[dict[str, object]] = []
    findings: list[Finding] = []
    for image_bgr, people in picture_by_picture(store, labelled, findings):
        for one in people:
            said = teacher.label(image_bgr, one.box, _MIN_SCORE)
            if said is None:
                findings.append(Finding(one.file_name, f"{teacher.name} sees nobody in the box", "noted"))
            distance = None if said is None else disagreement(one.label, said, one.box)
            values.append({"b_id": one.sample_id, "b_revision": one.revision, "disagreement": distance})
            context.look(one.position + 1)
    return values, findings


@dataclass(frozen=True)
class _Found:
    """What is written of one sample, and which revision of its label it was worked out of."""

    sample_id: str
    revision: int
    bone_error: float | None = None
    pose_group: int | None = None
    duplicate_of: int | None = None


def _worked_out(context: JobContext, skeleton: Skeleton) -> list[_Found]:
    """Of every sample that is there: labels are read in batches and kept as numbers alone."""
    query = _labels(context.dataset_id, Picture.dhash, Picture.width_px, Picture.height_px)
    samples: list[tuple[str, int, int]] = []
    dhashes: list[int] = []
    corners: list[tuple[float, ...]] = []
    keypoints: list[NDArray[np.float32]] = []
    sizes: list[tuple[int, int]] = []
    nothing = np.full((len(skeleton.keypoints), 2), np.nan, np.float32)
    for row in db.session.execute(query.execution_options(yield_per=_READ)):
        box, label = _unpacked(row)
        samples.append((row.id, row.revision, row.position))
        dhashes.append(row.dhash)
        corners.append((box.x1_px, box.y1_px, box.x2_px, box.y2_px))
        keypoints.append(nothing if label is None else label.keypoints_px)
        sizes.append((row.width_px, row.height_px))
    excluded = list(db.session.execute(select(Sample.id, Sample.revision).where(*_there(context.dataset_id, False))))
    db.session.rollback()
    found = [_Found(sample_id, revision) for sample_id, revision in excluded]
    if not samples:
        return found
    context.look()
    points, size = np.array(keypoints), np.array(sizes, np.float32)
    errors, groups = bone_errors(points, skeleton), pose_groups(points)
    context.look()
    boxes = np.array(corners) / np.tile(size, 2)
    shares = (points / size[:, None]).astype(np.float32)
    earlier = repeated(Looks(np.array(dhashes, np.int64), boxes.astype(np.float32), shares))
    for (sample_id, revision, _), error, group, index in zip(samples, errors, groups, earlier, strict=True):
        found.append(
            _Found(
                sample_id,
                revision,
                bone_error=float(error) if np.isfinite(error) else None,
                pose_group=int(group) if group >= 0 else None,
                duplicate_of=samples[index][2] if index >= 0 else None,
            )
        )
    return found


def _write(context: JobContext, found: Sequence[_Found], before: int, keeps_disagreement: bool) -> None:
    """In transactions of some hundred; what was labelled anew meanwhile keeps nothing that is not of its label."""
    columns = ["bone_error", "pose_group", "duplicate_of", *([] if keeps_disagreement else ["disagreement"])]
    for start in range(0, len(found), WRITTEN):
        batch = found[start : start + WRITTEN]
        values: list[dict[str, object]] = [
            {
                "b_id": each.sample_id,
                "b_revision": each.revision,
                "bone_error": each.bone_error,
                "pose_group": each.pose_group,
                "duplicate_of": each.duplicate_of,
                "disagreement": None,
            }
            for each in batch
        ]
        with transaction() as session:
            _update(session, columns, values)
            raise_change_number(session, context.dataset_id)
            context.advance(session, before + start + len(batch))


def _update(session: Session, columns: Sequence[str], values: Sequence[Mapping[str, object]]) -> None:
    """One statement for all: only samples whose label is still the one that was looked at."""
    if not values:
        return
    table = Sample.__table__
    of_label = (table.c.id == bindparam("b_id"), table.c.revision == bindparam("b_revision"))
    statement = update(Sample).where(*of_label).values({column: bindparam(f"v_{column}") for column in columns})
    bound = [
        {
            "b_id": each["b_id"],
            "b_revision": each["b_revision"],
            **{f"v_{column}": each[column] for column in columns},
        }
        for each in values
    ]
    session.connection().execute(statement, bound)


def _labels(dataset_id: str, *more: Any) -> Any:
    """Every sample that counts, by position, with its label, its box and what else is asked for."""
    columns = (Sample.id, Sample.position, Sample.revision, Sample.x1_px, Sample.y1_px, Sample.x2_px, Sample.y2_px)
    of_label = (LabelRevision.sample_id == Sample.id) & (LabelRevision.revision == Sample.revision)
    query = select(*columns, LabelRevision.label, *more).join(Sample.picture).outerjoin(LabelRevision, of_label)
    return query.where(*_there(dataset_id, True)).order_by(Sample.position)


def _there(dataset_id: str, counts: bool) -> tuple[ColumnElement[bool], ...]:
    excluded = Sample.state == "excluded"
    return Sample.dataset_id == dataset_id, Sample.deleted_at.is_(None), ~excluded if counts else excluded


def _unpacked(row: Row[Any]) -> tuple[Box, Label | None]:
    box, label = Box(row.x1_px, row.y1_px, row.x2_px, row.y2_px), None
    if row.label is not None:
        _, label = from_bytes(row.label)
    return box, label


def _result(dataset_id: str) -> Mapping[str, object]:
    """How many samples have something of each, in a sentence and as numbers."""
    measures = (Sample.bone_error, Sample.disagreement, Sample.duplicate_of, Sample.pose_group.distinct())
    row = db.session.execute(select(*map(func.count, measures)).where(*_there(dataset_id, True))).one()
    bones, compared, repeats, poses = (int(count) for count in row)
    db.session.rollback()
    compared_too = f", {compared:,} compared with a model" if compared else ""
    return {
        "message": f"{counted(bones, 'label has', 'labels have')} bones to be judged by{compared_too}; "
        f"{counted(poses, 'group')} of poses; {counted(repeats, 'sample repeats', 'samples repeat')} "
        "an earlier one.",
        "bone_error": bones,
        "disagreement": compared,
        "pose_group": poses,
        "duplicate_of": repeats,
    }
