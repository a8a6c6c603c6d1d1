"""The people in pictures: what they agreed to, in which datasets they are, and one name in place of two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.db.accounts import User
from webapp.db.base import db, utc_now
from webapp.db.datasets import Dataset, PicturedPerson, Sample, VersionSample
from webapp.db.engine import transaction, unless_taken
from webapp.services.dataset_access import dataset_for, level_of, raise_change_number
from webapp.services.names import clean_name, name_key
from webapp.services.permissions import require_role

CONSENT = (
    "I agree that pictures of me are stored on this server, with the surroundings that are in view, together with the "
    "positions of my joints in them and my name. They are used to train and check models that find joints. They may be "
    "seen by the owner of the dataset, by those the owner shares it with, and by the administrators of this server. "
    "They are kept until the owner deletes them. I can ask at any time, without giving a reason, that everything of "
    "mine is deleted: every picture that shows me, what was labelled in it, and my name. Copies that were exported "
    "before, and models that were trained before, are not reached by that."
)
"""For who stands before the camera; kept with the person word for word, as it was agreed to."""
RIGHTS = (
    "I may use these pictures: I took them myself or their licence permits it, and the people who can be recognised in "
    "them have agreed to it or the law does not ask for it."
)
"""For who brings pictures of others."""
MAX_PEOPLE = 5000
"""Per account."""
PAGE = 50
"""People that are listed at a time."""
NO_NAME = "a person needs a name; a short one or a number will do, if you know who it is"


@dataclass(frozen=True)
class Appearance:
    """In how many pictures of a dataset somebody is, deleted samples that a version still holds among them."""

    dataset: Dataset
    pictures: int


@dataclass(frozen=True)
class ShownPerson:
    person: PicturedPerson
    appearances: Sequence[Appearance]

    @property
    def pictures(self) -> int:
        return sum(appearance.pictures for appearance in self.appearances)


@dataclass(frozen=True)
class PeoplePage:
    """number of pages, from 1; total: people that match."""

    people: Sequence[ShownPerson]
    number: int
    pages: int
    total: int


def list_people(actor: User, text: str = "", number: int = 1, owner_id: int | None = None) -> PeoplePage:
    """People whose name holds the text, by name, one page of them: the actor's own, for administrators anybody's."""
    owner_id = actor.id if owner_id is None else owner_id
    if owner_id != actor.id:
        require_role(actor, "admin")
    which = (PicturedPerson.owner_id == owner_id, PicturedPerson.name_key.contains(name_key(text), autoescape=True))
    total = db.session.scalar(select(func.count()).select_from(PicturedPerson).where(*which)) or 0
    pages = max(1, -(-total // PAGE))
    number = min(max(number, 1), pages)
    query = select(PicturedPerson).where(*which).order_by(PicturedPerson.name_key)
    people = db.session.scalars(query.limit(PAGE).offset(PAGE * (number - 1))).all()
    appearances = _appearances([person.id for person in people])
    shown = [ShownPerson(person, appearances.get(person.id, ())) for person in people]
    return PeoplePage(shown, number, pages, total)


def get_person(actor: User, person_id: str) -> ShownPerson:
    person = person_for(actor, person_id)
    return ShownPerson(person, _appearances([person.id]).get(person.id, ()))


def person_for(actor: User, person_id: str, session: Session | None = None) -> PicturedPerson:
    """One of the actor's own, for administrators anybody's; NotFoundError else."""
    person = (session or db.session()).get(PicturedPerson, person_id)
    if person is None or not (person.owner_id == actor.id or actor.may_act_as("admin")):
        raise NotFoundError(f"there is no person {person_id!r:.40} among yours")
    return person


def people_for(actor: User, dataset_id: str) -> Sequence[PicturedPerson]:
    """Who may be named in this dataset: everybody of its owner; for others than the owner, who is in it. By name."""
    dataset = dataset_for(actor, dataset_id, "look")
    query = select(PicturedPerson).where(PicturedPerson.owner_id == dataset.owner_id)
    if level_of(actor, dataset) != "own":
        in_it = select(Sample.person_id).where(Sample.dataset_id == dataset.id, Sample.deleted_at.is_(None))
        query = query.where(PicturedPerson.id.in_(in_it))
    return db.session.scalars(query.order_by(PicturedPerson.name_key)).all()


def create_person(actor: User, dataset_id: str, name: str, agreed: bool) -> tuple[PicturedPerson, bool]:
    """The dataset owner's person of this name, and whether they are new; agreed: to CONSENT, just now."""
    name = clean_name(name, NO_NAME)
    with unless_taken(f"somebody named {name!r} was added at this moment; try again"), transaction() as session:
        dataset = dataset_for(actor, dataset_id, "edit", session)
        before = _named(session, dataset.owner_id, name)
        person = before or _new(session, dataset.owner_id, name)
        if agreed and person.consent is None:
            person.consent, person.consented_at = CONSENT, utc_now()
    return person, before is None


def rename_person(actor: User, person_id: str, name: str) -> PicturedPerson:
    name = clean_name(name, NO_NAME)
    taken = f"there is another person named {name!r}; choose another name, or merge the two"
    with unless_taken(taken), transaction() as session:
        person = person_for(actor, person_id, session)
        person.name, person.name_key = name, name_key(name)
    return person


def record_consent(actor: User, person_id: str) -> PicturedPerson:
    """They have agreed to CONSENT, just now; what they agreed to before stays as it is."""
    with transaction() as session:
        person = person_for(actor, person_id, session)
        if person.consent is None:
            person.consent, person.consented_at = CONSENT, utc_now()
    return person


def merge_people(actor: User, person_id: str, into_name: str) -> PicturedPerson:
    """They are the same person as the one of this name, who stays; their consent goes along where that one has none."""
    with transaction() as session:
        gone = person_for(actor, person_id, session)
        kept = _named(session, gone.owner_id, clean_name(into_name, NO_NAME))
        if kept is None:
            raise NotFoundError(f"there is nobody named {into_name!r:.90}; type the name as it is in the list")
        if kept.id == gone.id:
            raise InvalidInputError(f"{kept.name} cannot be merged with themselves; type the other name")
        if kept.consent is None:
            kept.consent, kept.consented_at = gone.consent, gone.consented_at
        for dataset_id in session.scalars(
            select(Sample.dataset_id).where(Sample.person_id == gone.id).distinct()
        ).all():
            raise_change_number(session, dataset_id)
        for table in (Sample, VersionSample):
            session.execute(update(table).where(table.person_id == gone.id).values(person_id=kept.id))
        session.delete(gone)
    return kept


def find_or_create(session: Session, owner_id: int, name: str) -> PicturedPerson:
    """For imports, within their transaction: the owner's person of this name, without consent where they are new."""
    name = clean_name(name, NO_NAME)
    found = _named(session, owner_id, name)
    if found is None:  # an import into another dataset may be bringing the same people at this moment
        session.execute(select(User.id).where(User.id == owner_id).with_for_update(key_share=True))
        found = _named(session, owner_id, name) or _new(session, owner_id, name)
    return found


def _new(session: Session, owner_id: int, name: str) -> PicturedPerson:
    count = select(func.count()).select_from(PicturedPerson).where(PicturedPerson.owner_id == owner_id)
    if (session.scalar(count) or 0) >= MAX_PEOPLE:
        raise InvalidInputError(
            f"there are {MAX_PEOPLE} people, the most one account keeps; delete or merge some first"
        )
    person = PicturedPerson(owner_id=owner_id, name=name, name_key=name_key(name))
    session.add(person)
    session.flush()
    return person


def _named(session: Session, owner_id: int, name: str) -> PicturedPerson | None:
    query = select(PicturedPerson).where(PicturedPerson.owner_id == owner_id, PicturedPerson.name_key == name_key(name))
    return session.scalar(query)


def _appearances(person_ids: Sequence[str]) -> dict[str, list[Appearance]]:
    """By person; those of a person by the name of the dataset."""
    pictures = func.count(Sample.picture_id.distinct())
    query = select(Sample.person_id, Dataset, pictures).join(Dataset, Dataset.id == Sample.dataset_id)
    query = query.where(Sample.person_id.in_(person_ids)).group_by(Sample.person_id, Dataset.id)
    found: dict[str, list[Appearance]] = {}
    for person_id, dataset, count in db.session.execute(query.order_by(Dataset.name_key)):
        found.setdefault(str(person_id), []).append(Appearance(dataset, count))
    return found
