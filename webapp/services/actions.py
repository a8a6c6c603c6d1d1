"""Actions and their takes: what a person recorded, and how it is to be recognised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, selectinload, undefer

from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.core.records import PoseSequence
from webapp.core.sequence_file import from_bytes, to_bytes
from webapp.db.accounts import User
from webapp.db.actions import TAKE_SOURCES, Action, Take
from webapp.db.base import db
from webapp.db.engine import transaction, unless_taken
from webapp.recognition.feedback import FACTOR_MAX, FACTOR_MIN
from webapp.services.banks import announce, raise_bank_number
from webapp.services.names import clean_name, name_key
from webapp.services.permissions import may_manage_actions_of

MAX_ACTIONS = 200
"""Per person; a bank is sent to the workers whole."""
MAX_TAKES = 50
"""Per action; more make recognition slower and hardly better."""
MAX_TAKES_IN_ALL = 200
"""Per person; every one is compared with every moment of the stream, and all are prepared anew with every change."""
MIN_TRIMMED_S = 0.3
MIN_TRIMMED_FRAMES = 5
NO_NAME = "an action needs a name; type what the movement is called"


@dataclass(frozen=True)
class NewTake:
    """A take as the browser hands it in; the trim is within the sequence's own seconds."""

    client_key: str
    sequence: PoseSequence
    trim_start_s: float
    trim_end_s: float
    source: str
    detector: str
    pose_model: str


def list_actions(actor: User) -> Sequence[Action]:
    """The actor's own actions with their takes (without the poses), by name."""
    query = select(Action).where(Action.owner_id == actor.id).options(selectinload(Action.takes))
    return db.session.scalars(query.order_by(Action.name_key)).all()


def get_action(actor: User, action_id: str) -> Action:
    return _action(db.session(), actor, action_id)


def create_action(actor: User, name: str) -> tuple[Action, bool]:
    """The actor's action of this name, and whether it is new."""
    name = clean_name(name, NO_NAME)
    existing = _named(db.session(), actor.id, name)
    if existing is not None:
        return existing, False
    if _count(db.session(), actor.id) >= MAX_ACTIONS:
        raise InvalidInputError(f"you have {MAX_ACTIONS} actions, the most one account keeps; delete one first")
    action = Action(owner_id=actor.id, name=name, name_key=name_key(name))
    with unless_taken(f"an action named {name!r} was made at this moment; try again"), transaction() as session:
        session.add(action)
    return action, True


def rename_action(actor: User, action_id: str, name: str) -> Action:
    name = clean_name(name, NO_NAME)
    with unless_taken(f"you have another action named {name!r}; choose another name"), transaction() as session:
        action = _action(session, actor, action_id)
        action.name, action.name_key = name, name_key(name)
        raise_bank_number(session, action.owner_id)
    return _announced(action)


def set_options(
    actor: User, action_id: str, mirror: bool | None = None, threshold_factor: float | None = None
) -> Action:
    """Change what is not None. A threshold factor set by hand takes the place of the feedback before it."""
    if threshold_factor is not None and not FACTOR_MIN <= threshold_factor <= FACTOR_MAX:
        raise InvalidInputError(
            f"threshold_factor must lie within {FACTOR_MIN:g} to {FACTOR_MAX:g}, got {threshold_factor:g}; "
            "1 is the threshold as it was learned"
        )
    with transaction() as session:
        action = _action(session, actor, action_id)
        number = raise_bank_number(session, action.owner_id)
        if mirror is not None:
            action.mirror = mirror
        if threshold_factor is not None:
            action.threshold_factor = action.set_factor = threshold_factor
            action.set_number = number
    return _announced(action)


def delete_action(actor: User, action_id: str) -> None:
    """Delete the action with its takes; events it was recognised in stay, with its name."""
    with transaction() as session:
        action = _action(session, actor, action_id)
        owner_id = action.owner_id
        session.delete(action)
        raise_bank_number(session, owner_id)
    announce(owner_id)


def add_take(actor: User, action_id: str, new: NewTake) -> Take:
    """Store a take; the same client_key again answers the take that is there."""
    action = _action(db.session(), actor, action_id)
    take = made_take(new)
    existing = _with_key(db.session(), action_id, new.client_key)
    if existing is not None:
        return existing
    with unless_taken("this take was being stored at this moment; try again"), transaction() as session:
        raise_bank_number(session, action.owner_id)
        keep_take(session, action, take)
    announce(action.owner_id)
    return take


def made_take(new: NewTake) -> Take:
    """The row of a take, not stored yet; InvalidInputError where it will not do."""
    _check_new(new)
    return Take(
        client_key=new.client_key,
        sequence=to_bytes(new.sequence),
        frames=len(new.sequence),
        duration_s=new.sequence.duration_s,
        trim_start_s=new.trim_start_s,
        trim_end_s=min(new.trim_end_s, new.sequence.duration_s),
        source=new.source,
        detector=new.detector,
        pose_model=new.pose_model,
    )


def keep_take(session: Session, action: Action, take: Take) -> None:
    """Store it in a transaction that has raised the owner's bank number; InvalidInputError where there are too many."""
    if _count_takes(session, Take.action_id == action.id) >= MAX_TAKES:
        raise InvalidInputError(f"{action.name} has {MAX_TAKES} takes, the most one action keeps; delete one first")
    if _count_takes(session, Action.owner_id == action.owner_id) >= MAX_TAKES_IN_ALL:
        raise InvalidInputError(f"you have {MAX_TAKES_IN_ALL} takes, the most one account keeps; delete one first")
    take.action_id = action.id
    session.add(take)
    session.flush()


def trim_take(actor: User, action_id: str, take_id: str, trim_start_s: float, trim_end_s: float) -> Take:
    """Choose again which part of the take is the movement; nothing of the recording is lost."""
    with transaction() as session:
        take = _take(session, actor, action_id, take_id, with_poses=True)
        check_trim(from_bytes(take.sequence), trim_start_s, trim_end_s)
        take.trim_start_s, take.trim_end_s = trim_start_s, min(trim_end_s, take.duration_s)
        raise_bank_number(session, take.action.owner_id)
    announce(take.action.owner_id)
    return take


def set_take_enabled(actor: User, action_id: str, take_id: str, enabled: bool) -> Take:
    """Whether the recogniser learns from this take."""
    with transaction() as session:
        take = _take(session, actor, action_id, take_id)
        take.enabled = enabled
        raise_bank_number(session, take.action.owner_id)
    announce(take.action.owner_id)
    return take


def delete_take(actor: User, action_id: str, take_id: str) -> None:
    with transaction() as session:
        take = _take(session, actor, action_id, take_id)
        owner_id = take.action.owner_id
        session.delete(take)
        raise_bank_number(session, owner_id)
    announce(owner_id)


def take_sequence(actor: User, action_id: str, take_id: str, whole: bool = False) -> PoseSequence:
    """The take's poses, trimmed unless the whole recording is asked for."""
    take = _take(db.session(), actor, action_id, take_id, with_poses=True)
    sequence = from_bytes(take.sequence)
    return sequence if whole else sequence.between(take.trim_start_s, take.trim_end_s)


def check_trim(sequence: PoseSequence, trim_start_s: float, trim_end_s: float) -> None:
    """InvalidInputError unless enough of the recording is left between the two."""
    duration_s = sequence.duration_s
    # a browser rounds to milliseconds, which may lie just beyond the last frame
    if not 0 <= trim_start_s < trim_end_s <= duration_s + 0.01:
        raise InvalidInputError(
            f"trim {trim_start_s:g} to {trim_end_s:g} s does not lie in order within the take's 0 to {duration_s:.2f} s"
        )
    kept = sequence.between(trim_start_s, trim_end_s)
    if len(kept) < MIN_TRIMMED_FRAMES or kept.duration_s < MIN_TRIMMED_S:
        raise InvalidInputError(
            f"only {kept.duration_s:.2f} s in {len(kept)} frames are left after trimming; "
            f"a take needs {MIN_TRIMMED_S:g} s and {MIN_TRIMMED_FRAMES} frames"
        )


def check_short_text(label: str, value: str) -> None:
    """InvalidInputError unless it is 1 to 64 characters that can be shown."""
    if not 1 <= len(value) <= 64 or not value.isprintable():
        raise InvalidInputError(f"{label} must be 1 to 64 characters, got {len(value)}")


def _check_new(new: NewTake) -> None:
    if new.source not in TAKE_SOURCES:
        raise InvalidInputError(f"source {new.source!r:.40} is unknown; known: {', '.join(TAKE_SOURCES)}")
    for label, value in (("client_key", new.client_key), ("detector", new.detector), ("pose_model", new.pose_model)):
        check_short_text(label, value)
    check_trim(new.sequence, new.trim_start_s, new.trim_end_s)


def _action(session: Session, actor: User, action_id: str) -> Action:
    action = session.get(Action, action_id)
    # someone else's action answers as one that does not exist, so ids tell nothing
    if action is None or not may_manage_actions_of(actor, action.owner_id):
        raise NotFoundError(f"there is no action {action_id!r:.40} among yours")
    return action


def _take(session: Session, actor: User, action_id: str, take_id: str, with_poses: bool = False) -> Take:
    action = _action(session, actor, action_id)
    query = select(Take).where(Take.id == take_id, Take.action_id == action.id)
    take = session.scalar(query.options(undefer(Take.sequence)) if with_poses else query)
    if take is None:
        raise NotFoundError(f"{action.name} has no take {take_id!r:.40}")
    return take


def _named(session: Session, owner_id: int, name: str) -> Action | None:
    return session.scalar(select(Action).where(Action.owner_id == owner_id, Action.name_key == name_key(name)))


def _with_key(session: Session, action_id: str, client_key: str) -> Take | None:
    return session.scalar(select(Take).where(Take.action_id == action_id, Take.client_key == client_key))


def _count(session: Session, owner_id: int) -> int:
    return session.scalar(select(func.count()).select_from(Action).where(Action.owner_id == owner_id)) or 0


def _count_takes(session: Session, which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Take).join(Action).where(which)) or 0


def _announced(action: Action) -> Action:
    announce(action.owner_id)
    return action
