"""Jobs are asked for by who may edit the dataset, end when they are cancelled, and are never lost with the bell."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
from flask import Flask

from tests.conftest import MakeAccount
from webapp.core.errors import InvalidInputError, NotAllowedError, NotFoundError
from webapp.core.skeleton import UPPER_BODY_6
from webapp.core.skeleton_json import skeleton_reference
from webapp.db.accounts import User
from webapp.db.base import db, utc_now
from webapp.db.datasets import Dataset, DatasetMember
from webapp.db.engine import transaction
from webapp.db.jobs import Job, JobFinding
from webapp.services import dataset_jobs, jobs
from webapp.services.jobs import EXTENSION, MAX_UNENDED, cancel_job, create_job, job_for, start_job

pytestmark = pytest.mark.usefixtures("context")


@dataclass
class Bell:
    """A queue that remembers, and looks whether the row is there already when it rings."""

    rung: list[str] = field(default_factory=list)

    def enqueue(self, job_id: str, kind: str) -> None:
        db.session.rollback()
        job = db.session.get(Job, job_id)
        assert job is not None, "rung before the commit"
        assert job.kind == kind
        self.rung.append(job_id)


@pytest.fixture
def bell(app: Flask) -> Bell:
    bell = Bell()
    app.extensions[EXTENSION] = bell
    return bell


@pytest.fixture
def anna(context: None, make_account: MakeAccount) -> User:
    return account(make_account("anna"))


@pytest.fixture
def arms(anna: User) -> str:
    with transaction() as session:
        skeleton = json.dumps(skeleton_reference(UPPER_BODY_6))
        dataset = Dataset(owner_id=anna.id, name="Arms", name_key="arms", skeleton=skeleton)
        session.add(dataset)
    return dataset.id


def account(user_id: int) -> User:
    user = db.session.get(User, user_id)
    assert user is not None
    return user


def member(make_account: MakeAccount, dataset_id: str, role: str) -> User:
    user = account(make_account(role))
    with transaction() as session:
        session.add(DatasetMember(dataset_id=dataset_id, user_id=user.id, role=role))
    return user


def change(job: Job, **values: object) -> None:
    with transaction():
        for name, value in values.items():
            setattr(job, name, value)


def test_a_job_waits_and_the_bell_rings_after_the_commit(anna: User, arms: str, bell: Bell) -> None:
    job = create_job(anna, "curate", arms, {"pose_model": None})

    assert (job.state, job.created_by, jobs.parameters_of(job)) == ("queued", anna.id, {"pose_model": None})
    assert bell.rung == [job.id]


def test_a_draft_rings_no_bell_before_it_is_started_and_starting_twice_is_starting_once(
    anna: User, arms: str, bell: Bell
) -> None:
    job = create_job(anna, "import", arms, {}, draft=True)
    assert (job.state, bell.rung) == ("draft", [])
    assert jobs.jobs_of(anna, arms) == []

    start_job(anna, job.id)
    start_job(anna, job.id)

    assert job_for(anna, job.id).state == "queued"
    assert jobs.jobs_of(anna, arms) == [job]


def test_without_a_bell_the_row_waits(app: Flask, anna: User, arms: str) -> None:
    del app.extensions[EXTENSION]

    assert create_job(anna, "export", arms, {}).state == "queued"


@pytest.mark.parametrize("role", ["viewer", "labeller"])
def test_who_may_not_edit_sees_jobs_and_begins_none(
    anna: User, arms: str, make_account: MakeAccount, role: str
) -> None:
    job, other = create_job(anna, "export", arms, {}), member(make_account, arms, role)

    assert job_for(other, job.id).id == job.id
    with pytest.raises(NotAllowedError):
        create_job(other, "export", arms, {})
    with pytest.raises(NotAllowedError):
        cancel_job(other, job.id)


def test_for_strangers_there_is_no_job(anna: User, arms: str, make_account: MakeAccount) -> None:
    job, stranger = create_job(anna, "export", arms, {}), account(make_account("ben"))

    for ask in (job_for, cancel_job, start_job, jobs.findings_of):
        with pytest.raises(NotFoundError):
            ask(stranger, job.id)


def test_an_editor_begins_and_cancels_jobs(anna: User, arms: str, make_account: MakeAccount) -> None:
    editor = member(make_account, arms, "editor")

    job = create_job(editor, "export", arms, {})

    assert cancel_job(editor, job.id).state == "cancelled"


def test_one_search_for_outliers_at_a_time_is_enough(anna: User, arms: str) -> None:
    first = create_job(anna, "curate", arms, {})

    with pytest.raises(InvalidInputError, match="already; see its jobs"):
        create_job(anna, "curate", arms, {})

    cancel_job(anna, first.id)
    create_job(anna, "curate", arms, {})


def test_an_account_has_a_bounded_number_of_jobs_waiting(anna: User, arms: str) -> None:
    waiting = [create_job(anna, "export", arms, {}) for _ in range(MAX_UNENDED)]

    with pytest.raises(InvalidInputError, match="wait for one, or cancel one"):
        create_job(anna, "export", arms, {})

    cancel_job(anna, waiting[0].id)
    create_job(anna, "export", arms, {})


def test_what_has_not_begun_is_cancelled_at_once(anna: User, arms: str) -> None:
    job = cancel_job(anna, create_job(anna, "export", arms, {}).id)

    assert (job.state, job.message) == ("cancelled", "It was cancelled before it began.")
    assert job.ended_at is not None
    with pytest.raises(InvalidInputError, match="begin a new one"):
        start_job(anna, job.id)


@pytest.mark.parametrize(("state", "attempts"), [("running", 1), ("queued", 1), ("queued", 0)])
def test_what_has_begun_is_asked_to_end_since_it_has_something_to_take_back(
    anna: User, arms: str, state: str, attempts: int
) -> None:
    job = create_job(anna, "import", arms, {})
    # no attempt counts of one that ended with its server, or that came further each time
    change(job, state=state, attempts=attempts, started_at=utc_now())

    job = cancel_job(anna, job.id)

    assert (job.state, job.cancel_asked) == (state, True)


def test_cancelling_what_has_ended_changes_nothing(anna: User, arms: str) -> None:
    job = create_job(anna, "export", arms, {})
    change(job, state="succeeded", message="Done.")

    job = cancel_job(anna, job.id)

    assert (job.state, job.message, job.cancel_asked) == ("succeeded", "Done.", False)


def test_findings_come_in_order_however_many_there_are(anna: User, arms: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_FINDINGS_AT_ONCE", 3)
    job = create_job(anna, "import", arms, {})
    with transaction() as session:
        for number in range(8):
            kind = "refused" if number % 4 else "noted"
            session.add(JobFinding(job_id=job.id, kind=kind, file_name=f"{number}.jpg", reason="no"))
            session.flush()

    assert [finding.file_name for finding in jobs.findings_of(anna, job.id)] == [f"{n}.jpg" for n in range(8)]
    assert [finding.file_name for finding in jobs.findings_of(anna, job.id, 4)] == [f"{n}.jpg" for n in range(4)]
    assert jobs.finding_counts([job.id])[job.id] == jobs.FindingCounts(refused=6, noted=2)


def test_a_running_job_shows_what_it_has_looked_at_and_no_result(anna: User, arms: str) -> None:
    job = create_job(anna, "export", arms, {})
    change(job, state="running", done=100, result='{"looked_at": 164}')
    assert (jobs.done_of(job), jobs.result_of(job)) == (164, {})

    change(job, state="succeeded", done=200, result='{"samples": 200}')
    assert (jobs.done_of(job), jobs.result_of(job)) == (200, {"samples": 200})


def test_a_model_with_fewer_than_two_names_in_common_is_refused_with_both_lists(anna: User, arms: str) -> None:
    with pytest.raises(InvalidInputError, match=r"thumb_tip.* this dataset has left_shoulder"):
        dataset_jobs.ask_propose(anna, arms, "hand_full", ["unlabelled"], 0.5)

    assert "hand_full" not in {entry.name for entry in dataset_jobs.teachers(anna, account_dataset(arms))}


def test_only_what_nobody_has_seen_can_be_proposed_for(anna: User, arms: str) -> None:
    with pytest.raises(InvalidInputError, match="states must be some of unlabelled, proposed, got reviewed"):
        dataset_jobs.ask_propose(anna, arms, "blazepose_full", ["reviewed"], 0.5)


def test_an_export_of_a_version_that_is_not_there_is_refused(anna: User, arms: str) -> None:
    with pytest.raises(InvalidInputError, match="Arms has no version 3"):
        dataset_jobs.ask_export(anna, arms, "coco", 3, states=["reviewed"], side_px=128)


def account_dataset(dataset_id: str) -> Dataset:
    dataset = db.session.get(Dataset, dataset_id)
    assert dataset is not None
    return dataset


def test_a_job_waits_for_those_of_its_own_lane_alone(anna: User, arms: str) -> None:
    runs = [create_job(anna, "train", arms, {}) for _ in range(2)]
    others = [create_job(anna, kind, arms, {}) for kind in ("export", "import", "propose")]

    assert [dataset_jobs.waiting_before(job) for job in (*runs, *others)] == [0, 1, 0, 1, 2]
