"""`python -m webapp datasets`: labelled datasets from the command line, with or without a server beside it.

The jobs of the pages run in this process: one that is killed is gone on with by a server, one that is interrupted
takes back what it did.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from webapp.config import Settings
from webapp.core.errors import InvalidInputError, MoveprintError
from webapp.datasets_named import dataset_or_new, named_dataset, named_skeleton, owner_of
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Dataset, PicturedPerson
from webapp.db.engine import transaction
from webapp.db.jobs import Job
from webapp.db.schema import require_latest
from webapp.db.standalone import database_app
from webapp.job_here import run_here
from webapp.jobs.import_undo import delete_people
from webapp.jobs.running import labelling_parameters
from webapp.services import datasets, jobs
from webapp.services.accounts import get_account
from webapp.services.dataset_jobs import require_teacher
from webapp.services.dataset_versions import list_versions, make_version
from webapp.services.job_reports import csv_lines
from webapp.services.people import create_person
from webapp.services.picture_files import exports_dir

FINDINGS_SHOWN = 10


def run(arguments: argparse.Namespace, settings: Settings) -> tuple[int, str]:
    """Carry out one command; exit status and the text to print."""
    with database_app(settings).app_context():
        require_latest()
        if getattr(arguments, "report", None) is not None:
            _require_writable(arguments.report)  # before anything is made
        return _COMMANDS[arguments.action](arguments, settings)


def _list(arguments: argparse.Namespace, _settings: Settings) -> tuple[int, str]:
    query = select(User).where(User.id.in_(select(Dataset.owner_id))).order_by(User.username_key)
    owners = [get_account(arguments.owner)] if arguments.owner else db.session.scalars(query).all()
    shown = [one for owner in owners for one in datasets.list_datasets(owner) if one.dataset.owner_id == owner.id]
    if not shown:
        return 0, "There is no dataset yet; python -m webapp datasets create NAME --skeleton coco_17 --owner USERNAME"
    return 0, "\n".join(map(_line, shown))


def _line(one: datasets.ShownDataset) -> str:
    samples, reviewed = sum(one.contents.by_state.values()), one.contents.reviewed
    head = f"{one.owner:<16} {one.dataset.name:<32} {one.skeleton.name:<16}"
    return f"{head} {samples:>8,} samples, {reviewed:,} reviewed"


def _create(arguments: argparse.Namespace, _settings: Settings) -> tuple[int, str]:
    dataset = datasets.create_dataset(get_account(arguments.owner), arguments.name, named_skeleton(arguments.skeleton))
    return 0, f"{dataset.name} is made; fill it with python -m webapp datasets import PATH --dataset {dataset.name!r}"


def _import(arguments: argparse.Namespace, settings: Settings) -> tuple[int, str]:
    path = arguments.path.expanduser().resolve()
    dataset, is_new = dataset_or_new(arguments, path, settings)
    owner, dataset_id = owner_of(dataset), dataset.id
    made, person_id = _Made(dataset_id if is_new else None), None
    try:
        if arguments.label_with:
            require_teacher(owner, dataset_id, arguments.label_with)
        if arguments.person:
            person, person_is_new = create_person(owner, dataset_id, arguments.person, agreed=False)
            person_id, made.person = person.id, person if person_is_new else None
    except MoveprintError:
        made.take_back()
        raise
    parameters = {
        "from": str(path),
        "format": arguments.format,
        "source": None,
        "session": (arguments.session or path.stem)[:80],
        "person_id": person_id,
        "people": "given" if person_id else arguments.people,
        "every_frames": arguments.every_frames,
        "pose_change": arguments.pose_change,
        "one_person": arguments.one_person,
        "label_with": None,
    }
    done = _run_job(settings, _Asked(owner, "import", dataset_id, parameters), arguments.report)
    came_in = jobs.result_of(done.job).get("samples")
    if not came_in:
        made.take_back()
    if not came_in or not arguments.label_with:
        return done.status, done.text  # of known pictures nothing has to come in
    wanted = labelling_parameters(arguments.label_with, done.job.id)
    labelled = _run_job(settings, _Asked(owner, "propose", dataset_id, wanted), None)
    return labelled.status, f"{done.text}\n{labelled.text}"


@dataclass
class _Made:
    """What an import made before its job, and what is taken back where nothing comes in."""

    dataset_id: str | None
    person: PicturedPerson | None = None

    def take_back(self) -> None:
        with transaction() as session:
            if self.dataset_id is not None:
                session.delete(session.get_one(Dataset, self.dataset_id))
            if self.person is not None:
                delete_people(session, [self.person.id], self.person.created_at)


def _propose(arguments: argparse.Namespace, settings: Settings) -> tuple[int, str]:
    dataset = named_dataset(arguments)
    parameters = {
        "pose_model": arguments.model,
        "detector": None,
        "states": arguments.states,
        "min_score": arguments.min_score,
    }
    done = _run_job(settings, _Asked(owner_of(dataset), "propose", dataset.id, parameters), arguments.report)
    return done.status, done.text


def _curate(arguments: argparse.Namespace, settings: Settings) -> tuple[int, str]:
    dataset = named_dataset(arguments)
    asked = _Asked(owner_of(dataset), "curate", dataset.id, {"pose_model": arguments.model})
    done = _run_job(settings, asked, arguments.report)
    return done.status, done.text


def _export(arguments: argparse.Namespace, settings: Settings) -> tuple[int, str]:
    dataset = named_dataset(arguments)
    if not arguments.out.parent.is_dir():
        raise InvalidInputError(f"there is no folder {arguments.out.parent}; make it first")
    parameters = {
        "format": arguments.format,
        "version": arguments.version,
        "states": arguments.states,
        "side_px": arguments.side_px,
    }
    done = _run_job(settings, _Asked(owner_of(dataset), "export", dataset.id, parameters), arguments.report)
    name = jobs.result_of(done.job).get("file")
    if isinstance(name, str):
        folder = exports_dir(settings, done.job.id)
        shutil.move(folder / name, arguments.out)
        shutil.rmtree(folder)
    return done.status, done.text


def _versions(arguments: argparse.Namespace, _settings: Settings) -> tuple[int, str]:
    dataset = named_dataset(arguments)
    lines = [
        f"{one.version.number:>4}  {one.version.made_at:%Y-%m-%d %H:%M} UTC  {one.version.reason:<8} {one.version.note}"
        for one in reversed(list_versions(owner_of(dataset), dataset.id))
    ]
    return 0, "\n".join(lines) or f"{dataset.name} has no version yet; python -m webapp datasets freeze"


def _freeze(arguments: argparse.Namespace, _settings: Settings) -> tuple[int, str]:
    dataset = named_dataset(arguments)
    shown = make_version(owner_of(dataset), dataset.id, arguments.note)
    return 0, f"{dataset.name} is frozen as version {shown.version.number}."


_COMMANDS = {
    "list": _list,
    "create": _create,
    "import": _import,
    "propose": _propose,
    "curate": _curate,
    "export": _export,
    "versions": _versions,
    "freeze": _freeze,
}


@dataclass(frozen=True)
class _Asked:
    """A job to be run here."""

    actor: User
    kind: str
    dataset_id: str
    parameters: Mapping[str, object]


@dataclass(frozen=True)
class _Done:
    """A job that has ended; status and text are the command's."""

    job: Job
    status: int
    text: str


def _run_job(settings: Settings, asked: _Asked, report: Path | None) -> _Done:
    """Run it in this process with a bar, and say what it found."""
    actor = asked.actor
    job_id = jobs.create_job(actor, asked.kind, asked.dataset_id, asked.parameters, draft=True).id
    job = run_here(settings, actor, job_id)
    if report is not None:
        report.write_text("".join(csv_lines(jobs.findings_of(actor, job_id))), encoding="utf-8", newline="")
    return _Done(job, 0 if job.state == "succeeded" else 1, "\n".join(_lines(actor, job, report)))


def _require_writable(report: Path) -> None:
    try:
        report.touch()
    except OSError as error:
        raise InvalidInputError(f"the report {report} cannot be written: {error.strerror}") from error


def _lines(actor: User, job: Job, report: Path | None) -> Iterator[str]:
    """How it ended, and the first of what it found."""
    counts = jobs.finding_counts([job.id])[job.id]
    for finding in jobs.findings_of(actor, job.id, FINDINGS_SHOWN):
        yield ": ".join(filter(None, (finding.kind, finding.file_name, finding.reason)))
    more = counts.refused + counts.noted - FINDINGS_SHOWN
    if more > 0:
        yield f"... and {more:,} more; " + (f"all are in {report}" if report else "--report FILE.csv writes them all")
    yield job.message or ""
