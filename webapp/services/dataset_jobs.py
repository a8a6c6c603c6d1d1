"""The jobs of a dataset that people ask for on its pages: labels by a model, outliers and duplicates, exports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath

from flask import current_app
from sqlalchemy import func, select

from webapp.config import Settings
from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.datasets.teachers import can_teach, teachers_keypoints
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import SAMPLE_STATES, Dataset, DatasetVersion, Sample
from webapp.db.jobs import Job
from webapp.services import jobs, models
from webapp.services.dataset_access import dataset_for, skeleton_of
from webapp.services.picture_files import exports_dir
from webapp.services.proposals import PROPOSABLE
from webapp.vision.catalogue import ModelEntry

EXPORT_FORMATS = ("coco", "cvat", "yolo", "npz")
SIDE_PX = (32, 512)
"""Of the square pictures in an npz."""


def teachers(actor: User, dataset: Dataset) -> Sequence[ModelEntry]:
    """The installed pose models that can propose labels for the dataset."""
    skeleton = skeleton_of(dataset)
    return [entry for entry in _installed(actor) if entry.skeleton and can_teach(entry.skeleton, skeleton)]


def usual_teacher(dataset: Dataset, known: Sequence[ModelEntry]) -> str | None:
    """Of these models the one that most labels of the dataset began with; None where none has proposed any."""
    query = select(Sample.teacher).where(Sample.dataset_id == dataset.id, Sample.deleted_at.is_(None))
    query = query.where(Sample.teacher.in_({one.name for one in known})).group_by(Sample.teacher)
    return db.session.scalar(query.order_by(func.count().desc(), Sample.teacher).limit(1))


def ask_propose(actor: User, dataset_id: str, pose_model: str, states: Sequence[str], min_score: float) -> Job:
    """Have labels proposed. InvalidInputError where that model cannot."""
    require_teacher(actor, dataset_id, pose_model)
    _require_states(states, PROPOSABLE)
    if not 0 <= min_score <= 1:
        raise InvalidInputError(f"min_score must be 0 to 1, got {min_score:g}")
    parameters = {"pose_model": pose_model, "detector": None, "states": list(states), "min_score": min_score}
    return jobs.create_job(actor, "propose", dataset_id, parameters)


def ask_curate(actor: User, dataset_id: str, pose_model: str | None) -> Job:
    """Have outliers and duplicates looked for; with a model also where it sees something else than the labels say."""
    if pose_model is not None:
        require_teacher(actor, dataset_id, pose_model)
    return jobs.create_job(actor, "curate", dataset_id, {"pose_model": pose_model})


def ask_export(
    actor: User, dataset_id: str, format_name: str, version: int | None, *, states: Sequence[str], side_px: int
) -> Job:
    """Have a version packed; None: the present state is frozen as one. side_px counts for npz alone."""
    dataset = dataset_for(actor, dataset_id, "edit")
    if format_name not in EXPORT_FORMATS:
        raise InvalidInputError(f"format {format_name!r:.40} is unknown; known: {', '.join(EXPORT_FORMATS)}")
    _require_states(states, SAMPLE_STATES)
    low, high = SIDE_PX
    if not low <= side_px <= high:
        raise InvalidInputError(f"side_px must be {low} to {high}, got {side_px}")
    if version is not None and version not in version_numbers(actor, dataset.id):
        raise InvalidInputError(f"{dataset.name} has no version {version}; see its versions")
    parameters = {"format": format_name, "version": version, "states": list(states), "side_px": side_px}
    return jobs.create_job(actor, "export", dataset_id, parameters)


def version_numbers(actor: User, dataset_id: str) -> Sequence[int]:
    """The newest first."""
    dataset_for(actor, dataset_id, "look")
    query = select(DatasetVersion.number).where(DatasetVersion.dataset_id == dataset_id)
    return db.session.scalars(query.order_by(DatasetVersion.number.desc())).all()


def export_file(actor: User, job_id: str) -> Path:
    """The file of an export that has succeeded, for those who may take from the dataset."""
    job = jobs.job_for(actor, job_id, "edit")
    name = jobs.result_of(job).get("file")
    if job.kind != "export" or not isinstance(name, str):
        raise NotFoundError("this job has no file")
    path = exports_dir(_settings(), job_id) / PurePath(name).name
    if not path.is_file():
        raise NotFoundError("the file of this export was deleted; export once more")
    return path


def asked_by(job_list: Sequence[Job]) -> dict[int, str]:
    """The names of who asked for them, by account."""
    wanted = {job.created_by for job in job_list if job.created_by is not None}
    query = select(User.id, User.username).where(User.id.in_(wanted))
    return {row.id: row.username for row in db.session.execute(query)}


def waiting_before(job: Job) -> int:
    """How many jobs of its lane in this installation come before it; 0 where it waits no more."""
    if job.state != "queued":
        return 0
    earlier = (Job.state == "running") | ((Job.state == "queued") & (Job.created_at < job.created_at))
    beside = Job.kind.in_(jobs.LANES[jobs.lane_of(job.kind)])
    return db.session.scalar(select(func.count()).select_from(Job).where(earlier, beside)) or 0


def require_teacher(actor: User, dataset_id: str, pose_model: str) -> None:
    """InvalidInputError unless the model is installed and finds keypoints that the dataset's skeleton has."""
    dataset = dataset_for(actor, dataset_id, "edit")
    entry = models.find_entry(models.known(actor), "pose", pose_model)
    if not entry.present:
        raise InvalidInputError(f"{entry.name} is {entry.state} and cannot be used; choose one that is installed")
    if entry.skeleton is not None:
        teachers_keypoints(entry.name, entry.skeleton, skeleton_of(dataset))


def _require_states(states: Sequence[str], known: Sequence[str]) -> None:
    if not states:
        raise InvalidInputError(f"no samples are asked for; tick which samples are meant: {', '.join(known)}")
    if not set(states) <= set(known):
        raise InvalidInputError(f"states must be some of {', '.join(known)}, got {', '.join(states)}")


def _installed(actor: User) -> Sequence[ModelEntry]:
    return [entry for entry in models.installed(actor) if entry.role == "pose"]


def _settings() -> Settings:
    settings: Settings = current_app.config["MOVEPRINT_SETTINGS"]
    return settings
