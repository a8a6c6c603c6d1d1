"""A job has one holder: an attempt that was overtaken writes nothing more, and silence is noticed by the clock."""

from __future__ import annotations

import datetime as dt
import os
import socket
import subprocess
import sys
from dataclasses import replace

import psutil
import pytest

from tests.jobs.conftest import Desk
from tests.jobs.works import KINDS
from webapp.config import Settings
from webapp.datasets.records import Finding
from webapp.db.base import db, utc_now
from webapp.db.engine import transaction
from webapp.db.jobs import Job, JobFinding
from webapp.jobs import claims
from webapp.jobs.claims import MAX_ATTEMPTS, SILENT_AFTER, SILENT_HERE_AFTER, Claim, Standing
from webapp.jobs.context import JobCancelledError
from webapp.jobs.running import SHOW_EVERY_S, JobLostError, RunningJob, run_claimed
from webapp.services.jobs import cancel_job, create_job, done_of, parameters_of, result_of

pytestmark = pytest.mark.usefixtures("context")

DEAD_PID = 2**22 - 3
NO_TIME, A_SECOND = dt.timedelta(0), dt.timedelta(seconds=1)


def claimed(desk: Desk) -> Claim:
    held = claims.claim(desk.ask())
    assert held is not None
    return held


def row(held: Claim) -> Job:
    db.session.rollback()
    return db.session.get_one(Job, held.job_id)


def change(held: Claim, **values: object) -> None:
    job = row(held)
    with transaction():
        for name, value in values.items():
            setattr(job, name, value)


def context_of(settings: Settings, held: Claim, clock: list[float] | None = None) -> RunningJob:
    now = clock or [0.0]
    return RunningJob(settings, held, row(held), now_s=lambda: now[0])


def test_a_job_is_claimed_once(desk: Desk) -> None:
    job_id = desk.ask()

    first, second = claims.claim(job_id), claims.claim(job_id)

    assert first is not None
    assert (first.attempt, second) == (1, None)
    assert (row(first).pid, row(first).machine) == (os.getpid(), socket.gethostname())


def test_an_overtaken_attempt_writes_nothing_more(desk: Desk, settings: Settings) -> None:
    old = claimed(desk)
    context = context_of(settings, old)
    assert claims.give_back(old)
    new = claims.claim(old.job_id)
    assert new is not None
    assert new.attempt == 2

    with pytest.raises(JobLostError), transaction() as session:
        context.advance(session, 7, [Finding("a.jpg", "no")])

    assert (row(new).done, db.session.query(JobFinding).count()) == (0, 0)
    assert not claims.beat(old)
    assert not claims.end(old, "succeeded", "Done.")
    assert not claims.give_back(old)
    assert not claims.release(old)
    assert claims.standing(old) is None
    assert claims.standing(new) == Standing("curate", cancelled=False, step="")


def test_a_cancelled_job_rolls_the_batch_back_that_hears_of_it(desk: Desk, settings: Settings) -> None:
    held = claimed(desk)
    context = context_of(settings, held)
    with transaction() as session:
        context.advance(session, 3)
    cancel_job(desk.owner, held.job_id)

    with pytest.raises(JobCancelledError), transaction() as session:
        context.advance(session, 6, [Finding("a.jpg", "no")])

    assert (row(held).done, db.session.query(JobFinding).count()) == (3, 0)


def test_a_look_is_shown_but_a_later_attempt_goes_on_from_what_was_stored(desk: Desk, settings: Settings) -> None:
    held, clock = claimed(desk), [0.0]
    context = context_of(settings, held, clock)
    with transaction() as session:
        context.advance(session, 3)
    context.look(5)
    assert done_of(row(held)) == 5
    context.look(6)
    assert done_of(row(held)) == 5  # not every look is worth a write
    clock[0] += SHOW_EVERY_S
    context.look(7)

    assert done_of(row(held)) == 7
    assert context_of(settings, held).done == 3


@pytest.mark.parametrize(
    ("silent_for", "pid", "machine", "is_lost"),
    [
        (NO_TIME, os.getpid(), None, False),
        (NO_TIME, DEAD_PID, None, True),
        (NO_TIME, DEAD_PID, "another-machine", False),
        (SILENT_AFTER + A_SECOND, os.getpid(), None, False),
        (SILENT_AFTER + A_SECOND, os.getpid(), "another-machine", True),
        (SILENT_HERE_AFTER + A_SECOND, os.getpid(), None, True),
    ],
    ids=["alive", "dead", "elsewhere", "busy", "silent elsewhere", "stuck"],  # a process's number is another every time
)
def test_a_job_is_lost_when_its_process_here_is_dead_or_one_elsewhere_was_silent(
    desk: Desk, *, silent_for: dt.timedelta, pid: int, machine: str | None, is_lost: bool
) -> None:
    held, now = claimed(desk), utc_now()
    change(held, pid=pid, machine=machine or socket.gethostname(), heartbeat_at=now)

    found = claims.lost(claims.lives, now + silent_for)

    assert found == ([held] if is_lost else [])


def test_a_process_that_was_given_the_number_of_a_dead_one_keeps_no_job(desk: Desk) -> None:
    held = claimed(desk)
    change(held, pid=os.getpid(), heartbeat_at=utc_now() - dt.timedelta(days=300))

    assert not claims.lives(os.getpid(), row(held).heartbeat_at or utc_now())
    assert claims.lost(claims.lives) == [held]


@pytest.mark.skipif(os.name != "posix", reason="processes of POSIX")
def test_a_process_that_has_died_and_was_not_buried_keeps_no_job(desk: Desk) -> None:
    held = claimed(desk)
    with subprocess.Popen([sys.executable, "-c", ""]) as unburied:
        os.waitid(os.P_PID, unburied.pid, os.WEXITED | os.WNOWAIT)
        change(held, pid=unburied.pid, heartbeat_at=utc_now())

        assert psutil.pid_exists(unburied.pid)
        assert claims.lost(claims.lives) == [held]


def test_what_another_thread_has_taken_back_and_begun_anew_meanwhile_is_left_to_it(desk: Desk) -> None:
    held = claimed(desk)
    change(held, pid=DEAD_PID)

    def lives(pid: int, beat_at: dt.datetime) -> bool:
        assert claims.release(held)  # what the other does, and the attempt it begins has the same number
        assert claims.claim(held.job_id) is not None
        return False

    assert claims.take_back(lives) == []
    assert (row(held).state, row(held).attempts) == ("running", 1)


def test_an_attempt_that_ended_with_the_server_does_not_count_and_writes_nothing_more(desk: Desk) -> None:
    held = claimed(desk)

    assert claims.release(held)

    assert (row(held).state, row(held).attempts) == ("queued", 0)
    again = claims.claim(held.job_id)
    assert again is not None
    assert again.attempt == held.attempt
    assert not claims.beat(held)
    assert claims.beat(again)


@pytest.mark.parametrize(("cancelled", "state"), [(False, "failed"), (True, "cancelled")])
def test_a_job_whose_cleaning_up_dies_too_is_never_stuck(desk: Desk, cancelled: bool, state: str) -> None:
    held = claimed(desk)
    change(held, attempts=MAX_ATTEMPTS + 1, cancel_asked=cancelled, step="Reading pictures")

    assert claims.give_back(replace(held, attempt=MAX_ATTEMPTS + 1))

    assert row(held).state == state
    assert row(held).ended_at is not None


def test_a_job_of_a_deleted_dataset_ends_without_a_word(desk: Desk, settings: Settings) -> None:
    held = claimed(desk)
    with transaction() as session:
        session.delete(row(held))

    assert run_claimed(settings, held) is None


def test_an_import_that_is_to_be_labelled_is_followed_by_that_job_when_it_has_succeeded(
    desk: Desk, settings: Settings
) -> None:
    parameters = {"does": "count", "total": 2, "pause_s": 0.0, "label_with": "blazepose_lite"}
    held = claims.claim(create_job(desk.owner, "import", desk.dataset_id, parameters).id)
    assert held is not None
    assert db.session.query(Job).filter_by(kind="propose").all() == []

    ended = run_claimed(settings, held, kinds=KINDS)

    assert ended is not None
    assert ended.state == "succeeded"
    (following,) = db.session.query(Job).filter_by(kind="propose")
    assert (following.state, following.created_by) == ("queued", desk.owner_id)
    assert parameters_of(following)["pose_model"] == "blazepose_lite"
    assert parameters_of(following)["job_id"] == held.job_id
    assert result_of(ended)["next_job_id"] == following.id
