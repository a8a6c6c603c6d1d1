"""Versions of trained models: an exported form of a run becomes a pose model of the installation's own."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.config import POSE_MODELS
from webapp.core.errors import InvalidInputError, ModelUnavailableError, NotFoundError
from webapp.db.accounts import User
from webapp.db.base import db, new_id, utc_now
from webapp.db.datasets import Dataset
from webapp.db.engine import transaction
from webapp.db.runs import ModelVersion, TrainingRun
from webapp.services import models, runs
from webapp.services.permissions import require_role
from webapp.services.version_files import delete_folder, is_left, own_models_dir, write_note
from webapp.vision.catalogue import ModelEntry
from webapp.vision.own_card import CARD, FILES, FORMS, OwnModelCard, card_text, read_card
from webapp.vision.own_conversion import card_beside, scratch_beside
from webapp.vision.weights import sha256_of

NAME_MAX = 30
NOTE_MAX = 200
_TRIES = 5
MODEL = FILES[".tflite"]
_NAME = re.compile(rf"[a-z0-9][a-z0-9_-]{{0,{NAME_MAX - 1}}}")


@dataclass(frozen=True)
class ShownModelVersion:
    """active: the installation uses it now. usable: its files are here and whole. made_by: None where that is gone."""

    version: ModelVersion
    active: bool
    usable: bool
    made_by: str | None


def register(actor: User, run_id: str, name: str, form: str, note: str = "") -> ModelVersion:
    """Install an exported form of a run as NAME-vN, N the next of that name; it is not used before it is activated.

    InvalidInputError where name or note will not do or the run has no such form, ModelUnavailableError where its file
    is damaged.
    """
    require_role(actor, "admin")
    name, note = _checked_name(name), _checked_note(note)
    if form not in FORMS:
        raise InvalidInputError(f"form must be one of {', '.join(FORMS)}, got {form!r:.40}")
    run = runs.run_for(actor, run_id)
    source = runs.form_file(run, form)
    own = own_models_dir()
    with scratch_beside(own / name) as scratch:
        folder = scratch / name
        card = _filled(folder, source)
        for _ in range(_TRIES):
            version = _row(run, name, form, card)
            version.note, version.made_by = note, actor.id
            try:
                _store(version, folder, card, own)
            except IntegrityError:  # somebody took this number at the same moment
                continue
            return db.session.get_one(ModelVersion, version.id)
    raise InvalidInputError(f"{name} could not be registered: others register it at this very moment; try again")


def list_versions(actor: User) -> Sequence[ShownModelVersion]:
    """Those that were not removed, by name, of each the newest first; everybody may choose among them for a session."""
    here = {entry.name: entry for entry in models.known(actor) if entry.role == "pose"}
    active = models.selection().models.pose_model
    query = select(ModelVersion, User.username).outerjoin(User, User.id == ModelVersion.made_by)
    query = query.where(ModelVersion.removed_at.is_(None)).order_by(ModelVersion.name, ModelVersion.number.desc())
    return [
        ShownModelVersion(version, version.pose_model == active, _is_usable(here.get(version.pose_model)), made_by)
        for version, made_by in db.session.execute(query)
    ]


def versions_of_run(run_id: str) -> Sequence[ModelVersion]:
    """What was registered of a run and not removed, the newest first."""
    query = select(ModelVersion).where(ModelVersion.run_id == run_id, ModelVersion.removed_at.is_(None))
    return db.session.scalars(query.order_by(ModelVersion.made_at.desc())).all()


def version_for(actor: User, version_id: str, session: Session | None = None) -> ModelVersion:
    """One that was not removed; in a session of one's own locked until its end.

    NotFoundError where there is none of this id.
    """
    require_role(actor, "user")
    locked = session is not None
    version = (session or db.session()).get(ModelVersion, version_id, populate_existing=True, with_for_update=locked)
    if version is None or version.removed_at is not None:
        raise NotFoundError(f"there is no model version {version_id!r:.40}")
    return version


def activate(actor: User, version_id: str, number: int | None = None) -> models.Selection:
    """Use it from now on. number: of the selection that the person saw, None for any."""
    return models.choose(actor, pose_model=version_for(actor, version_id).pose_model, number=number)


def roll_back(actor: User, number: int | None = None) -> models.Selection:
    """Use what was used before."""
    return models.roll_back(actor, number=number)


def remove(actor: User, version_id: str) -> None:
    """Delete its files; its row stays, and its number is never given again. InvalidInputError while it is used."""
    require_role(actor, "admin")
    with transaction() as session:
        version = version_for(actor, version_id, session)
        pose_model = version.pose_model
        if models.selection().models.pose_model == pose_model:
            raise InvalidInputError(f"{pose_model} is used now; activate another model first, or go back to the last")
        version.removed_at = utc_now()
    delete_folder(own_models_dir() / pose_model)


def settings_of(version: ModelVersion) -> Mapping[str, Any]:
    """The run's settings, as they were."""
    settings: Mapping[str, Any] = json.loads(version.settings)
    return settings


def metrics_of(version: ModelVersion) -> Mapping[str, Any]:
    """The run's evaluation, as it was."""
    metrics: Mapping[str, Any] = json.loads(version.metrics)
    return metrics


def _checked_name(name: str) -> str:
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise InvalidInputError(f"a model's name must be 1 to {NAME_MAX} of a-z, 0-9, _ and -, got {name!r:.60}")
    if name in POSE_MODELS:
        raise InvalidInputError(f"{name} is the name of a ready-made pose model; choose another")
    return name


def _checked_note(note: str) -> str:
    note = " ".join(note.split())
    if len(note) > NOTE_MAX or not note.isprintable():
        raise InvalidInputError(f"a note is a line of at most {NOTE_MAX} characters, got {len(note)}: {note!r:.40}")
    return note


def _filled(folder: Path, source: Path) -> OwnModelCard:
    """Copy the model; its card, of exactly the file that was copied."""
    folder.mkdir()
    shutil.copyfile(source, folder / MODEL)
    card, sha256 = read_card(card_beside(source)), sha256_of(folder / MODEL)
    if card.sha256 != sha256:
        raise ModelUnavailableError(f"{source.name} is damaged: its sha256 is not its card's; train the run anew")
    return replace(card, file=MODEL)


def _row(run: TrainingRun, name: str, form: str, card: OwnModelCard) -> ModelVersion:
    """Without what only the transaction knows."""
    return ModelVersion(
        id=new_id(),
        name=name,
        form=form,
        sha256=card.sha256,
        run_id=run.id,
        run_name=run.name,
        dataset=db.session.get_one(Dataset, run.dataset_id).name,
        dataset_version=None if run.version is None else run.version.number,
        settings=run.settings,
        metrics=json.dumps(_of_nobody(runs.metrics_of(run) or {})),
        code_version=run.code_version,
    )


def _store(version: ModelVersion, folder: Path, card: OwnModelCard, own: Path) -> None:
    """Row and folder, both or none; IntegrityError where the number has just been given to another."""
    with transaction() as session:
        version.number = _next_number(session, version.name, own)
        version.pose_model = _pose_model(version.name, version.number)
        session.add(version)
        session.flush()  # whoever takes the same number waits here, and then finds it taken
        (folder / CARD).write_text(card_text(replace(card, name=version.pose_model)), encoding="utf-8")
        write_note(folder, version.id)
        with _placed(folder, own / version.pose_model):
            session.commit()


def _of_nobody(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The figures alone: keypoints of people in pictures go with their dataset, and a version stays."""
    return {key: value for key, value in metrics.items() if key != "worst"}


def _next_number(session: Session, name: str, own: Path) -> int:
    """Above every number that was ever given, and where no model of somebody's own has that name."""
    number = (session.scalar(select(func.max(ModelVersion.number)).where(ModelVersion.name == name)) or 0) + 1
    while (folder := own / _pose_model(name, number)).exists() and not is_left(session, folder):
        number += 1
    return number


def _pose_model(name: str, number: int) -> str:
    return f"{name}-v{number}"


@contextmanager
def _placed(folder: Path, target: Path) -> Iterator[None]:
    """The folder at its place; back where it was when what is done meanwhile fails."""
    if target.exists():
        delete_folder(target)  # of a version that never came to be
    try:
        folder.rename(target)
    except OSError as error:
        raise ModelUnavailableError(f"{target} cannot be made: {error.strerror}") from error
    try:
        yield
    except BaseException:
        target.rename(folder)
        raise


def _is_usable(entry: ModelEntry | None) -> bool:
    return entry is not None and entry.present
