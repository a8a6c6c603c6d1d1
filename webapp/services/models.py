"""Which models the installation uses: chosen by administrators, one choice after the other, and taken back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from blinker import Signal
from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import BLAZEPOSE_33
from webapp.db.accounts import User
from webapp.db.actions import Take
from webapp.db.base import db
from webapp.db.engine import transaction, unless_taken
from webapp.db.models import StoredChoice
from webapp.db.runs import ModelVersion
from webapp.pipeline.messages import ON_DEVICE, ModelChoice
from webapp.recognition.compatibility import compared_keypoints
from webapp.services.permissions import require_role
from webapp.services.version_files import is_left, own_models_dir
from webapp.vision.catalogue import ModelEntry, known_models

models_changed = Signal("the installation uses other models; sent after the commit")

MAX_NAME = 64
"""Characters of a model's name that are kept with a choice, and with every take."""
MAX_SHOWN = 20
"""Choices that the list of them shows, the newest first."""
CHANGED_MEANWHILE = "the models were changed by somebody else meanwhile; look at what is used now, then choose again"


@dataclass(frozen=True)
class Selection:
    """What the installation uses now.

    number: of the choice that it is, 0 where nobody has chosen yet; from_settings: it is what the settings name.
    before: where going back leads to; None where there is nothing to go back to.
    """

    number: int
    models: ModelChoice
    from_settings: bool
    before: ModelChoice | None


@dataclass(frozen=True)
class PastChoice:
    """One choice of the past; by: a user name, None where the account is gone."""

    models: ModelChoice
    from_settings: bool
    rolled_back: bool
    by: str | None
    at: dt.datetime


def active_choice() -> ModelChoice | None:
    """What an administrator chose; None where it is what the settings name."""
    return _chosen(_newest(db.session()))


def selection() -> Selection:
    """What is used now, and what was before."""
    session = db.session()
    stored = _newest(session)
    if stored is None:
        return Selection(0, _models(None), from_settings=True, before=None)
    before = None if _is_first(stored) else _models(_previous(session, stored))
    return Selection(stored.number, _models(stored), _chosen(stored) is None, before)


def installed(actor: User) -> tuple[ModelEntry, ...]:
    """Every detector and pose model that is here and whole; everybody may choose among them for a live session."""
    return tuple(entry for entry in known(actor) if entry.present)


def known(actor: User) -> tuple[ModelEntry, ...]:
    """Every detector and pose model, with how it stands in the weights folder of this machine."""
    require_role(actor, "user")
    return known_models(weights_dir())


def weights_dir() -> Path:
    """Where the model files of this machine lie."""
    return _settings().weights_dir


def choose(
    actor: User, detector: str | None = None, pose_model: str | None = None, *, number: int | None = None
) -> Selection:
    """Use these from now on; None leaves one as it is. number: of the selection that the person saw, None for any.

    InvalidInputError for an unknown name, a file that is missing or damaged, or when the selection is another by now.
    """
    entries = known(actor)

    def change(_session: Session, stored: StoredChoice | None) -> StoredChoice | None:
        now = _models(stored)
        wanted = ModelChoice(detector or now.detector, pose_model or now.pose_model)
        require_usable(entries, wanted, detector_named=detector is not None)
        return None if wanted == _chosen(stored) else StoredChoice(**_columns(wanted), previous_number=_number(stored))

    return _change(actor, number, change)


def use_settings(actor: User, *, number: int | None = None) -> Selection:
    """Use what the settings name, whatever that becomes."""

    def change(_session: Session, stored: StoredChoice | None) -> StoredChoice | None:
        return None if _chosen(stored) is None else StoredChoice(previous_number=_number(stored))

    return _change(actor, number, change)


def roll_back(actor: User, *, number: int | None = None) -> Selection:
    """Use what was used before the current choice; once more, what was used before that.

    InvalidInputError when there is nothing to go back to, or when it cannot be used any more.
    """
    entries = known(actor)

    def change(session: Session, stored: StoredChoice | None) -> StoredChoice:
        if stored is None or _is_first(stored):
            raise InvalidInputError("nothing else was used before; there is nothing to go back to")
        before = _previous(session, stored)
        chosen = _chosen(before)
        if chosen is not None:
            require_usable(entries, chosen)
        further = None if before is None else before.previous_number
        return StoredChoice(**_columns(chosen), previous_number=further, rolled_back=True)

    return _change(actor, number, change)


def past_choices(actor: User) -> Sequence[PastChoice]:
    """The newest choices, newest first."""
    require_role(actor, "admin")
    query = select(StoredChoice, User.username).outerjoin(User, StoredChoice.chosen_by == User.id)
    rows = db.session.execute(query.order_by(StoredChoice.number.desc()).limit(MAX_SHOWN))
    return [
        PastChoice(_models(stored), _chosen(stored) is None, stored.rolled_back, username, stored.chosen_at)
        for stored, username in rows
    ]


def actions_with_other_keypoints(actor: User, entries: Sequence[ModelEntry]) -> Mapping[str, int]:
    """By pose model, how many actions of the installation have takes by a model whose keypoints it does not all find.

    Whether a take shows those keypoints is left open. Takes of a model that is no more do not count.
    """
    require_role(actor, "admin")
    skeletons = {entry.name: entry.skeleton for entry in entries if entry.skeleton is not None}
    recorded = {**skeletons, ON_DEVICE.pose_model: BLAZEPOSE_33}
    counts = {
        skeleton: _actions_recorded_by(
            [name for name, other in recorded.items() if compared_keypoints(other) - frozenset(skeleton.keypoints)]
        )
        for skeleton in set(skeletons.values())
    }
    return {name: counts[skeleton] for name, skeleton in skeletons.items()}


def require_usable(entries: Sequence[ModelEntry], wanted: ModelChoice, *, detector_named: bool = False) -> None:
    """InvalidInputError with the remedy unless both are known, and here where they are needed.

    detector_named: the detector was asked for, so it must be here although the pose model may do without it.
    """
    pose_model = find_entry(entries, "pose", wanted.pose_model)
    detector = find_entry(entries, "detector", wanted.detector)
    for entry in (pose_model, detector) if pose_model.uses_detector or detector_named else (pose_model,):
        if not entry.present:
            raise InvalidInputError(f"{entry.name} is {entry.state} and cannot be used; {entry.remedy}")
        if len(entry.name) > MAX_NAME:
            raise InvalidInputError(f"the name {entry.name!r} is longer than {MAX_NAME} characters; rename its folder")


def find_entry(entries: Sequence[ModelEntry], role: str, name: str) -> ModelEntry:
    """The model of this role and name; InvalidInputError with the known ones where there is none."""
    named = {entry.name: entry for entry in entries if entry.role == role}
    if not named:
        raise InvalidInputError(f"a model's role must be detector or pose, got {role!r:.80}")
    if name not in named:
        what = "pose model" if role == "pose" else "detector"
        raise InvalidInputError(f"there is no {what} {name!r:.80}; known: {', '.join(named)}")
    return named[name]


def _change(
    actor: User, number: int | None, change: Callable[[Session, StoredChoice | None], StoredChoice | None]
) -> Selection:
    """Store the choice that `change` makes of the newest one, if it makes any, and tell those who use it."""
    require_role(actor, "admin")
    # of two who choose at once, the second finds the next number taken
    with unless_taken(CHANGED_MEANWHILE), transaction() as session:
        stored = _newest(session)
        if number is not None and number != (_number(stored) or 0):
            raise InvalidInputError(CHANGED_MEANWHILE)
        new = change(session, stored)
        if new is not None:
            _require_not_removed(session, new.pose_model)
            new.number, new.chosen_by = (_number(stored) or 0) + 1, actor.id
            session.add(new)
    if new is not None:
        models_changed.send("webapp.services.models")
    return selection()


def _require_not_removed(session: Session, pose_model: str | None) -> None:
    """InvalidInputError for a registered version that somebody has removed since it was looked at.

    Its row is held until the end: whoever removes it waits, and then finds it used.
    """
    query = select(ModelVersion).where(ModelVersion.pose_model == pose_model).with_for_update()
    version = session.scalar(query.execution_options(populate_existing=True))
    if version is None or version.removed_at is None:
        return
    folder = own_models_dir() / version.pose_model
    if not folder.is_dir() or is_left(session, folder):  # else it is one that somebody has added by hand since
        raise InvalidInputError(f"{pose_model} was removed meanwhile; choose another model")


def _settings() -> Settings:
    settings: Settings = current_app.config["MOVEPRINT_SETTINGS"]
    return settings


def _newest(session: Session) -> StoredChoice | None:
    return session.scalar(select(StoredChoice).order_by(StoredChoice.number.desc()).limit(1))


def _number(stored: StoredChoice | None) -> int | None:
    return None if stored is None else stored.number


def _previous(session: Session, stored: StoredChoice) -> StoredChoice | None:
    return None if stored.previous_number is None else session.get(StoredChoice, stored.previous_number)


def _is_first(stored: StoredChoice) -> bool:
    """Whether everything was taken back: the settings count, and nothing lies before them."""
    return stored.previous_number is None and _chosen(stored) is None


def _chosen(stored: StoredChoice | None) -> ModelChoice | None:
    if stored is None or stored.detector is None or stored.pose_model is None:
        return None
    return ModelChoice(stored.detector, stored.pose_model)


def _models(stored: StoredChoice | None) -> ModelChoice:
    return _chosen(stored) or ModelChoice(_settings().detector, _settings().pose_model)


def _columns(models: ModelChoice | None) -> dict[str, str]:
    return {} if models is None else {"detector": models.detector, "pose_model": models.pose_model}


def _actions_recorded_by(pose_models: Sequence[str]) -> int:
    query = select(func.count(Take.action_id.distinct())).where(Take.pose_model.in_(pose_models), Take.enabled)
    return db.session.scalar(query) or 0
