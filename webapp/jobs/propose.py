"""Labels by a teacher: an installed pose model looks at every person of a dataset that nobody has labelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select

from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.core.records import Box
from webapp.core.wording import counted
from webapp.datasets.picture_store import PictureStore, store_of
from webapp.datasets.records import Finding
from webapp.db.base import db
from webapp.db.datasets import Dataset, LabelRevision, Picture, Sample
from webapp.db.engine import transaction
from webapp.db.jobs import Job, JobFinding
from webapp.jobs.context import JobContext
from webapp.jobs.teacher import Teacher, load_teacher, picture_by_picture
from webapp.services.dataset_access import skeleton_of
from webapp.services.proposals import PROPOSABLE, Proposal, store_proposals

BATCH = 32
"""Samples of one transaction."""


@dataclass(frozen=True)
class _Asked:
    """A person whom the teacher is to look at."""

    sample_id: str
    position: int
    revision: int
    box: Box
    sha256: str
    suffix: str
    file_name: str


def run_propose(context: JobContext) -> Mapping[str, object]:
    """Propose labels. What is done is counted in positions of the dataset, so that it goes on where it stopped.

    The parameter `job_id` is of an import: only people in pictures that it brought are looked at, nobody in pictures
    that were there before, even where the import added somebody to one.
    InvalidInputError where the model and the dataset have fewer than two keypoints in common.
    """
    dataset = db.session.get(Dataset, context.dataset_id)
    if dataset is None:
        raise NotFoundError("the dataset was deleted")
    states, min_score = _states(context.parameters), _min_score(context.parameters)
    skeleton = skeleton_of(dataset)
    wanted = _wanted(context.dataset_id, states, context.parameters.get("job_id"))
    end = _end(context.dataset_id)
    db.session.rollback()
    context.begin("Loading the model", None)
    teacher = load_teacher(str(context.parameters["pose_model"]), skeleton, context.settings)
    context.begin(f"Labelling with {teacher.name}", end)
    store = store_of(context.settings)
    at = context.done
    while at < end:
        asked = _next_samples(wanted, at, end)
        proposals, findings = _ask(context, teacher, min_score, store, asked)
        at = asked[-1].position + 1 if len(asked) == BATCH else end
        with transaction() as session:
            stored = store_proposals(session, context.dataset_id, teacher.name, proposals, context.created_by)
            if stored < len(proposals):
                taken = len(proposals) - stored
                left_out = counted(taken, "sample was", "samples were")
                findings.append(Finding("", f"{left_out} left out: people are labelling them, or just did", "noted"))
            context.advance(session, at, findings)
    return _ended(context, teacher.name)


def _ask(
    context: JobContext, teacher: Teacher, min_score: float, store: PictureStore, asked: Sequence[_Asked]
) -> tuple[list[Proposal], list[Finding]]:
    """What the teacher says of each; a picture with several people is read once."""
    proposals: list[Proposal] = []
    findings: list[Finding] = []
    for image_bgr, people in picture_by_picture(store, asked, findings):
        for one in people:
            label = teacher.label(image_bgr, one.box, min_score)
            if label is None:
                findings.append(Finding(one.file_name, f"{teacher.name} sees nobody in the box", "noted"))
            else:
                proposals.append(Proposal(one.sample_id, one.revision, one.box, label))
            context.look(one.position + 1)
    return proposals, findings


def _wanted(dataset_id: str, states: Sequence[str], import_id: object) -> Sequence[ColumnElement[bool]]:
    """What holds of a sample and its picture that is to be looked at."""
    holds = [Sample.dataset_id == dataset_id, Sample.state.in_(states), Sample.deleted_at.is_(None)]
    return holds if import_id is None else [*holds, Picture.job_id == import_id]


def _next_samples(wanted: Sequence[ColumnElement[bool]], at: int, end: int) -> list[_Asked]:
    """The next to be looked at, by position."""
    columns = (Sample.id, Sample.position, Sample.revision, Sample.x1_px, Sample.y1_px, Sample.x2_px, Sample.y2_px)
    query = select(*columns, Picture.sha256, Picture.suffix, Picture.file_name).join(Sample.picture)
    here = query.where(*wanted, Sample.position >= at, Sample.position < end)
    rows = db.session.execute(here.order_by(Sample.position).limit(BATCH)).all()
    db.session.rollback()
    return [
        _Asked(sample_id, position, revision, Box(x1, y1, x2, y2), sha256, suffix, file_name)
        for sample_id, position, revision, x1, y1, x2, y2, sha256, suffix, file_name in rows
    ]


def _end(dataset_id: str) -> int:
    """The position after the last sample that there is now."""
    highest = db.session.scalar(select(func.max(Sample.position)).where(Sample.dataset_id == dataset_id))
    return 0 if highest is None else highest + 1


def _states(parameters: Mapping[str, object]) -> Sequence[str]:
    states = parameters.get("states") or ["unlabelled"]
    if not isinstance(states, list) or not set(states) <= set(PROPOSABLE):
        raise InvalidInputError(f"labels are proposed for samples that are {' or '.join(PROPOSABLE)}, got {states!r}")
    return states


def _min_score(parameters: Mapping[str, object]) -> float:
    return float(str(parameters.get("min_score", 0.5)))


def _ended(context: JobContext, teacher: str) -> Mapping[str, object]:
    """The result of all attempts together."""
    begun = select(Job.started_at).where(Job.id == context.job_id).scalar_subquery()
    proposed = (
        select(func.count(LabelRevision.sample_id.distinct()))
        .join(Sample)
        .where(
            Sample.dataset_id == context.dataset_id,
            Sample.teacher == teacher,
            LabelRevision.origin == "teacher",
            LabelRevision.made_at >= begun,
        )
    )
    count = db.session.scalar(proposed) or 0
    unseen = db.session.scalar(select(func.count()).select_from(JobFinding).where(JobFinding.job_id == context.job_id))
    db.session.rollback()
    more = f"; {counted(unseen, 'thing is', 'things are')} in the report" if unseen else ""
    return {"message": f"{teacher} proposed {counted(count, 'label')}{more}.", "proposed": count}
