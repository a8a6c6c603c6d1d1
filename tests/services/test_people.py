"""People in pictures: what they agreed to is kept as it was, and after deleting them nothing of theirs is left."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

from tests.conftest import MakeAccount
from tests.dataset_seeding import Seeded, seed_dataset
from tests.run_seeding import seed_run
from webapp.config import Settings
from webapp.core.errors import InvalidInputError, NotAllowedError, NotFoundError
from webapp.core.records import Box
from webapp.datasets.picture_store import store_of
from webapp.datasets.thumbnails import thumbnails_beside
from webapp.datasets.uploads import uploads_dir
from webapp.db.accounts import User
from webapp.db.base import Base, db
from webapp.db.datasets import Dataset, DatasetVersion, Picture, PicturedPerson, Sample, VersionSample
from webapp.db.engine import transaction
from webapp.db.jobs import Job, JobFile, JobFinding
from webapp.services import erasing, people
from webapp.services.picture_files import exports_dir
from webapp.services.run_files import run_dir
from webapp.training.records import ARCHIVE


@pytest.fixture
def accounts(app: Flask, make_account: MakeAccount, context: None) -> dict[str, User]:
    made = {}
    for name, role in (("owner", "user"), ("helper", "user"), ("stranger", "user"), ("chief", "admin")):
        found = db.session.get(User, make_account(name, role=role))
        assert found is not None
        made[name] = found
    return made


@pytest.fixture
def owner(accounts: dict[str, User]) -> User:
    return accounts["owner"]


@pytest.fixture
def arms(accounts: dict[str, User], settings: Settings) -> Seeded:
    members = {accounts["helper"].id: "editor"}
    return seed_dataset(accounts["owner"], settings.instance_dir, 9, name="Arms", members=members)


def test_consent_is_kept_word_for_word_and_once(owner: User, arms: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    person, created = people.create_person(owner, arms.dataset_id, " Zoe  K. ", agreed=True)
    then, when = person.consent, person.consented_at
    monkeypatch.setattr(people, "CONSENT", "other words")

    again, new = people.create_person(owner, arms.dataset_id, "ZOE K.", agreed=True)
    people.record_consent(owner, again.id)

    assert (created, new, again.id, again.name) == (True, False, person.id, "Zoe K.")
    assert (again.consent, again.consented_at) == (then, when)
    assert then is not None
    assert "deleted" in then


def test_two_imports_that_bring_somebody_new_at_once_bring_them_once(app: Flask, owner: User) -> None:
    owner_id, ready = owner.id, threading.Barrier(2)
    db.session.rollback()

    def bring(_: int) -> str:
        with app.app_context():
            ready.wait()
            with transaction() as session:
                person_id = people.find_or_create(session, owner_id, "Zoe").id
                time.sleep(0.2)  # the rest of the batch
            return person_id

    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(bring, range(2)))) == 1


def test_consent_can_be_recorded_later(owner: User, arms: Seeded) -> None:
    assert people.get_person(owner, arms.people["Anna"]).person.consent is None

    assert people.record_consent(owner, arms.people["Anna"]).consent == people.CONSENT


def test_an_editor_names_people_of_the_owner_and_sees_who_is_in_it(
    accounts: dict[str, User], arms: Seeded, settings: Settings
) -> None:
    seed_dataset(accounts["owner"], settings.instance_dir, 2, name="Other", people=("Clara",))

    person, _ = people.create_person(accounts["helper"], arms.dataset_id, "Zoe", agreed=True)

    assert person.owner_id == accounts["owner"].id
    assert [one.name for one in people.people_for(accounts["helper"], arms.dataset_id)] == ["Anna", "Ben"]
    assert [one.name for one in people.people_for(accounts["owner"], arms.dataset_id)] == [
        "Anna",
        "Ben",
        "Clara",
        "Zoe",
    ]
    assert people.list_people(accounts["helper"]).total == 0


def test_nobody_else_sees_or_changes_them(accounts: dict[str, User], arms: Seeded) -> None:
    anna = arms.people["Anna"]

    for who in (accounts["stranger"], accounts["helper"]):
        for do in (
            lambda who=who: people.get_person(who, anna),
            lambda who=who: people.rename_person(who, anna, "Mine"),
            lambda who=who: people.record_consent(who, anna),
            lambda who=who: people.merge_people(who, anna, "Ben"),
            lambda who=who: erasing.losses_with(who, anna),
            lambda who=who: erasing.delete_person(who, anna),
        ):
            with pytest.raises(NotFoundError, match="among yours"):
                do()
    with pytest.raises(NotFoundError):
        people.create_person(accounts["stranger"], arms.dataset_id, "Zoe", agreed=False)
    assert people.get_person(accounts["chief"], anna).pictures == 3


def test_a_viewer_names_nobody(accounts: dict[str, User], settings: Settings) -> None:
    stranger = accounts["stranger"]
    seeded = seed_dataset(accounts["owner"], settings.instance_dir, 1, name="Legs", members={stranger.id: "viewer"})

    with pytest.raises(NotAllowedError):
        people.create_person(stranger, seeded.dataset_id, "Zoe", agreed=True)


def test_the_list_says_where_each_is_and_can_be_searched(owner: User, arms: Seeded) -> None:
    everybody, found = people.list_people(owner), people.list_people(owner, "EN")

    assert [(one.person.name, one.pictures) for one in everybody.people] == [("Anna", 3), ("Ben", 3)]
    assert [(one.dataset.name, one.pictures) for one in everybody.people[0].appearances] == [("Arms", 3)]
    assert [one.person.name for one in found.people] == ["Ben"]
    assert people.list_people(owner, "%").total == 0


def test_administrators_list_the_people_of_others_and_nobody_else(accounts: dict[str, User], arms: Seeded) -> None:
    owner_id = accounts["owner"].id

    assert people.list_people(accounts["chief"], owner_id=owner_id).total == 2
    with pytest.raises(NotAllowedError):
        people.list_people(accounts["helper"], owner_id=owner_id)


def test_the_list_comes_in_pages(owner: User, arms: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "PAGE", 1)

    second, beyond = people.list_people(owner, number=2), people.list_people(owner, number=9)

    assert [one.person.name for one in second.people] == ["Ben"]
    assert (second.pages, beyond.number) == (2, 2)


def test_two_names_of_one_person_become_one(owner: User, arms: Seeded) -> None:
    version_id = frozen(arms, arms.sample_ids)
    people.record_consent(owner, arms.people["Anna"])
    before = db.session.get_one(Dataset, arms.dataset_id).change_number

    kept = people.merge_people(owner, arms.people["Anna"], "ben")

    assert (kept.name, kept.consent) == ("Ben", people.CONSENT)
    assert people.get_person(owner, kept.id).pictures == 6
    held = select(VersionSample.person_id).where(VersionSample.version_id == version_id)
    assert set(db.session.scalars(held)) == {kept.id, None}
    assert db.session.get(PicturedPerson, arms.people["Anna"]) is None
    assert db.session.get_one(Dataset, arms.dataset_id, populate_existing=True).change_number == before + 1


@pytest.mark.parametrize(("into", "said"), [("Anna", "cannot be merged with themselves"), ("Nobody", "nobody named")])
def test_only_two_different_people_are_merged(owner: User, arms: Seeded, into: str, said: str) -> None:
    with pytest.raises((InvalidInputError, NotFoundError), match=said):
        people.merge_people(owner, arms.people["Anna"], into)


def test_a_name_that_is_taken_says_so(owner: User, arms: Seeded) -> None:
    with pytest.raises(InvalidInputError, match="choose another name, or merge the two"):
        people.rename_person(owner, arms.people["Anna"], "BEN")


def test_an_import_finds_people_by_name_or_makes_them(owner: User, arms: Seeded) -> None:
    with transaction() as session:
        known = people.find_or_create(session, owner.id, " anna ")
        new = people.find_or_create(session, owner.id, "Clara")

    assert known.id == arms.people["Anna"]
    assert (new.name, new.consent) == ("Clara", None)


def test_there_is_a_most_of_people(owner: User, arms: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "MAX_PEOPLE", 2)

    with pytest.raises(InvalidInputError, match="there are 2 people"):
        people.create_person(owner, arms.dataset_id, "Clara", agreed=True)


class TestDeleting:
    """The name is one that stands nowhere else, so that it can be searched for."""

    NAME = "Quirinalia"

    @pytest.fixture
    def arms(self, accounts: dict[str, User], settings: Settings) -> Seeded:
        seeded = seed_dataset(accounts["owner"], settings.instance_dir, 6, name="Arms", people=(self.NAME, "Ben"))
        seed_dataset(accounts["owner"], settings.instance_dir, 2, name="Same pictures", people=(None,))
        return seeded

    @pytest.fixture
    def traces(self, owner: User, arms: Seeded, settings: Settings) -> list[str]:
        """Whatever an import, an export, thumbnails and a version leave of the person; the hashes of their pictures."""
        theirs = select(Picture).join(Sample).where(Sample.person_id == arms.people[self.NAME])
        pictures = db.session.scalars(theirs).all()
        frozen(arms, arms.sample_ids)
        store = store_of(settings)
        with transaction() as session:
            brought = Job(kind="import", dataset_id=arms.dataset_id, state="succeeded", parameters="{}")
            export = Job(kind="export", dataset_id=arms.dataset_id, state="succeeded", parameters="{}")
            draft = Job(
                kind="import",
                dataset_id=arms.dataset_id,
                state="draft",
                parameters=f'{{"person_id": "{arms.people[self.NAME]}"}}',
            )
            looked = Job(kind="propose", dataset_id=arms.dataset_id, state="succeeded", parameters="{}")
            session.add_all([brought, export, draft, looked])
            session.flush()
            for name in ("ben/1.jpg", f"{self.NAME.lower()}/1.jpg", pictures[0].file_name):
                session.add(JobFile(job_id=brought.id, name=name, size_bytes=1))
                for job in (brought, looked):
                    session.add(JobFinding(job_id=job.id, kind="noted", file_name=name, reason="small"))
            session.add(JobFile(job_id=draft.id, name="more.jpg", size_bytes=1))
        only_one = f"{self.NAME} is the only person in all 6 samples."
        run_id = seed_run(arms, owner.id, state="failed", message=only_one, metrics=None)
        packed = run_dir(settings, run_id) / ARCHIVE
        packed.parent.mkdir(parents=True)
        packed.write_bytes(b" ".join(picture.sha256.encode() for picture in pictures))
        with transaction() as session:
            for picture in pictures:
                session.get_one(Picture, picture.id).job_id = brought.id
        for folder in (
            exports_dir(settings, export.id),
            *(uploads_dir(settings.instance_dir, j.id) for j in (brought, draft)),
        ):
            folder.mkdir(parents=True)
            (folder / "1.part").write_bytes(b" ".join(picture.sha256.encode() for picture in pictures))
        for picture in pictures:
            thumbnails_beside(store).ready(picture.sha256, picture.suffix, Box(5, 5, 100, 100))
        return [picture.sha256 for picture in pictures]

    def test_leaves_nothing_of_theirs_anywhere(
        self, owner: User, arms: Seeded, traces: list[str], settings: Settings
    ) -> None:
        found_before = places_of([self.NAME.lower(), *traces], settings.instance_dir)
        assert any(place.startswith("datasets/exports") for place in found_before)
        assert any(place.startswith("runs") for place in found_before)
        assert {"pictures", "pictured_people", "job_files", "job_findings", "jobs"} <= set(found_before)

        losses = erasing.delete_person(owner, arms.people[self.NAME])
        kept = [file.read_bytes().lower() for file in settings.instance_dir.glob("*.sqlite3*")]

        assert not any(self.NAME.lower().encode() in data for data in kept), "neither in the database nor in its log"
        assert [(loss.dataset.name, loss.pictures) for loss in losses] == [("Arms", 3), ("Same pictures", 1)]
        assert places_of([self.NAME.lower(), arms.people[self.NAME], *traces], settings.instance_dir) == []
        assert db.session.scalars(select(JobFile.name)).all() == ["ben/1.jpg"]
        assert "somebody is the only person in all 6 samples." in db.session.scalars(select(Job.message)).all()

    def test_says_beforehand_what_would_go(self, owner: User, arms: Seeded, traces: list[str]) -> None:
        losses = erasing.losses_with(owner, arms.people[self.NAME])

        assert [(loss.pictures, loss.samples, loss.samples_of_others) for loss in losses] == [(3, 3, 0), (1, 1, 1)]
        assert [list(loss.versions) for loss in losses] == [[1], []]

    def test_leaves_others_and_their_pictures(self, owner: User, arms: Seeded, traces: list[str]) -> None:
        erasing.delete_person(owner, arms.people[self.NAME])

        left = db.session.scalars(select(Sample).where(Sample.dataset_id == arms.dataset_id)).all()
        assert {sample.person_id for sample in left} == {arms.people["Ben"]}
        assert len(db.session.scalars(select(VersionSample)).all()) == 3
        assert db.session.get_one(Dataset, arms.dataset_id).change_number == 1

    def test_takes_others_in_the_same_picture_along_and_says_so(self, owner: User, arms: Seeded) -> None:
        with transaction() as session:
            other = session.get_one(Sample, arms.sample_ids[1])
            other.picture_id = session.get_one(Sample, arms.sample_ids[0]).picture_id

        loss = erasing.delete_person(owner, arms.people[self.NAME])[0]

        assert (loss.pictures, loss.samples, loss.samples_of_others) == (3, 4, 1)
        assert db.session.get(Sample, arms.sample_ids[1]) is None

    def test_waits_for_jobs_that_may_bring_or_read_their_pictures(self, owner: User, arms: Seeded) -> None:
        with transaction() as session:
            session.add(Job(kind="export", dataset_id=arms.dataset_id, state="running", parameters="{}"))

        with pytest.raises(InvalidInputError, match="a job is at work in Arms"):
            erasing.delete_person(owner, arms.people[self.NAME])

        assert people.get_person(owner, arms.people[self.NAME]).pictures == 3


def frozen(seeded: Seeded, sample_ids: tuple[str, ...]) -> str:
    """A version that holds these samples as they are; its id."""
    with transaction() as session:
        version = DatasetVersion(dataset_id=seeded.dataset_id, number=1, reason="hand", change_number=0)
        session.add(version)
        session.flush()
        for sample in session.scalars(select(Sample).where(Sample.id.in_(sample_ids))):
            held = VersionSample(version_id=version.id, sample_id=sample.id, revision=sample.revision)
            held.state, held.person_id = sample.state, sample.person_id
            session.add(held)
        return version.id


def places_of(words: list[str], instance_dir: Path) -> list[str]:
    """Every table and every file of the instance that holds one of these words, in any case."""
    if db.engine.dialect.name == "sqlite":  # what is only in its log is written into its file, where it could be found
        db.session.commit()
        db.session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    tables = [
        table.name
        for table in Base.metadata.sorted_tables
        if any(word in str(tuple(row)).lower() for row in db.session.execute(table.select()) for word in words)
    ]
    files = [
        str(file.relative_to(instance_dir))
        for file in instance_dir.rglob("*")
        if file.is_file() and any(word.encode() in str(file).encode() + file.read_bytes().lower() for word in words)
    ]
    return tables + sorted(files)
