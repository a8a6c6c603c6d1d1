"""What is wished for of an import: kept with its job, or refused with the remedy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.conftest import MakeAccount
from tests.services.datasets import account
from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.core.skeleton import UPPER_BODY_6
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import PicturedPerson
from webapp.db.jobs import Job
from webapp.services import datasets, imports, jobs, people
from webapp.services.import_wishes import ImportWishes

FILES = ImportWishes(session="Monday", rights=True)


@pytest.fixture
def anna(make_account: MakeAccount, context: None) -> User:
    return account(make_account("anna"))


@pytest.fixture
def dataset_id(anna: User) -> str:
    return datasets.create_dataset(anna, "Arms", UPPER_BODY_6).id


def test_what_is_wished_for_goes_with_the_job(anna: User, dataset_id: str) -> None:
    wishes = ImportWishes(session="  Tuesday  hall ", rights=True, people="folders", every_frames=30, one_person=True)

    parameters = jobs.parameters_of(imports.begin_import(anna, dataset_id, wishes))

    assert parameters == {
        "from": "uploads",
        "format": "auto",
        "source": None,
        "session": "Tuesday hall",
        "people": "folders",
        "person_id": None,
        "every_frames": 30,
        "pose_change": None,
        "one_person": True,
        "label_with": None,
    }


REFUSED = [
    (ImportWishes(session="Monday"), "may use these pictures"),
    (ImportWishes(session=" ", rights=True), "needs a name"),
    (replace(FILES, source="fax"), "'fax' is unknown"),
    (replace(FILES, people="all"), "'all' is unknown"),
    (replace(FILES, every_frames=0), "got 0"),
    (replace(FILES, pose_change=99), "got 99"),
    (replace(FILES, pose_change=0.5, every_frames=2), "choose one"),
    (replace(FILES, label_with="nobody"), "'nobody' is no installed pose model"),
    (replace(FILES, people="given", person_name="Anna"), "has to agree first"),
    (ImportWishes(session="Monday", source="webcam"), "who is in front of the camera"),
    (ImportWishes(session="Monday", source="webcam", people="given", person_name="Anna"), "has to agree first"),
]


def test_what_will_not_do_is_refused_with_the_remedy(anna: User, dataset_id: str) -> None:
    for wishes, reason in REFUSED:
        with pytest.raises(InvalidInputError, match=reason):
            imports.begin_import(anna, dataset_id, wishes)

    assert not db.session.query(Job).count()


def test_whoever_is_in_front_of_the_webcam_agrees_once_and_the_sentence_is_kept(anna: User, dataset_id: str) -> None:
    wishes = ImportWishes(session="Monday", source="webcam", people="given", person_name="Dora", agreed=True)

    first = jobs.parameters_of(imports.begin_import(anna, dataset_id, wishes))
    again = replace(wishes, person_id=str(first["person_id"]), person_name=None, agreed=False)
    second = jobs.parameters_of(imports.begin_import(anna, dataset_id, again))

    dora = db.session.query(PicturedPerson).one()
    assert first["person_id"] == second["person_id"] == dora.id
    assert dora.consent == people.CONSENT
    assert (first["people"], first["source"], first["format"]) == ("given", "webcam", "images")


def test_somebody_who_came_with_an_import_agrees_before_the_webcam_takes_them(anna: User, dataset_id: str) -> None:
    person, _ = people.create_person(anna, dataset_id, "Emil", agreed=False)
    wishes = ImportWishes(session="Monday", source="webcam", people="given", person_id=person.id)

    with pytest.raises(InvalidInputError, match="Emil has to agree"):
        imports.begin_import(anna, dataset_id, wishes)
    imports.begin_import(anna, dataset_id, replace(wishes, agreed=True))

    assert db.session.get_one(PicturedPerson, person.id).consent == people.CONSENT


def test_a_person_of_somebody_else_cannot_be_named(anna: User, dataset_id: str, make_account: MakeAccount) -> None:
    ben = account(make_account("ben"))
    theirs, _ = people.create_person(ben, datasets.create_dataset(ben, "Legs", UPPER_BODY_6).id, "Fred", agreed=True)

    with pytest.raises(NotFoundError, match="no person"):
        imports.begin_import(anna, dataset_id, replace(FILES, people="given", person_id=theirs.id))
