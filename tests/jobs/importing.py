"""What tests of imports and exports hand in, and how they have a job done in this very process."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from flask import Flask
from PIL import Image

from tests.dataset_seeding import drawn_picture, proposal
from tests.jobs.conftest import Desk
from webapp.bench.dataset_pictures import FolderWriter
from webapp.config import Settings
from webapp.core.skeleton import UPPER_BODY_6
from webapp.datasets.formats import coco
from webapp.datasets.records import LabelledPerson, LabelledPicture
from webapp.datasets.uploads import upload_path
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import LabelRevision, Picture, PicturedPerson, Sample
from webapp.db.engine import transaction
from webapp.db.jobs import Job, JobFile, JobFinding
from webapp.jobs.claims import claim
from webapp.jobs.running import run_claimed
from webapp.services.jobs import create_job

PARAMETERS = {"format": "auto", "source": None, "session": "monday", "people": "format", "one_person": False}


def add_job(app: Flask, owner_id: int, dataset_id: str, kind: str = "import", **parameters: object) -> str:
    """A job that waits."""
    with app.app_context():
        owner = db.session.get_one(User, owner_id)
        wanted = {**PARAMETERS, **parameters} if kind == "import" else parameters
        return create_job(owner, kind, dataset_id, wanted).id


def do_job(app: Flask, settings: Settings, job_id: str) -> Job:
    """Have a waiting job done, and answer its row."""
    with app.app_context():
        held = claim(job_id)
        assert held is not None
        job = run_claimed(settings, held)
        assert job is not None
        db.session.expunge(job)
        return job


def imported(desk: Desk, settings: Settings, **parameters: object) -> tuple[str, str]:
    """Have an import done; the job's id and state."""
    job_id = add_job(desk.app, desk.owner_id, desk.dataset_id, "import", **parameters)
    return job_id, do_job(desk.app, settings, job_id).state


def findings(app: Flask, job_id: str) -> list[tuple[str, str, str]]:
    """(kind, file, reason) in the order of finding."""
    with app.app_context():
        rows = db.session.query(JobFinding).filter_by(job_id=job_id).order_by(JobFinding.id)
        return [(row.kind, row.file_name, row.reason) for row in rows]


def counts(app: Flask) -> tuple[int, int, int, int]:
    """How many pictures, samples, labels and people there are in the database."""
    with app.app_context():
        return tuple(db.session.query(table).count() for table in (Picture, Sample, LabelRevision, PicturedPerson))  # type: ignore[return-value]


def stored_files(settings: Settings) -> list[str]:
    """Names of all pictures and thumbnails that lie on the disk."""
    folder = settings.instance_dir / "datasets"
    return sorted(path.name for kind in ("pictures", "thumbnails") for path in (folder / kind).glob("??/*"))


def labelled_picture(number: int, labelled: bool = True) -> tuple[LabelledPicture, bytes]:
    """A drawn figure with its label, and its JPEG."""
    drawn = drawn_picture(number)
    label = replace(proposal(drawn, number), confidence=None) if labelled else None
    person = LabelledPerson(drawn.box, label, "reviewed" if labelled else "unlabelled", ("Anna", "Ben")[number % 2])
    image = Image.open(io.BytesIO(drawn.jpeg))
    return LabelledPicture(f"images/{number:05}.jpg", *image.size, (person,)), drawn.jpeg


def coco_folder(folder: Path, numbers: Iterable[int], labelled: bool = True) -> Path:
    """A COCO folder of drawn figures."""
    pictures = [labelled_picture(number, labelled) for number in numbers]
    writer = FolderWriter(folder)
    coco.write((picture for picture, _ in pictures), UPPER_BODY_6, writer)
    for picture, jpeg in pictures:
        writer.write(picture.file_name, jpeg)
    return folder


def figures(folder: Path, *names: str, first: int = 0) -> Path:
    """A folder of drawn figures without labels."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(drawn_picture(first + number).jpeg)
    return folder


def add_uploads(app: Flask, settings: Settings, job_id: str, files: Sequence[tuple[str, bytes]]) -> None:
    """Files as the upload page leaves them."""
    with app.app_context(), transaction() as session:
        for name, data in files:
            row = JobFile(job_id=job_id, name=name, size_bytes=len(data), received_bytes=len(data))
            session.add(row)
            session.flush()
            path = upload_path(settings.instance_dir, job_id, row.id)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
