"""Whatever process dies or hangs, a job is done once and whole, or ends with a sentence; the row is the truth."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from tests.jobs.conftest import Desk, MakeConsumer, numbers
from webapp.bench.instance import children_of, end
from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.db.base import utc_now
from webapp.jobs.consumer import NICENESS, run_consumer
from webapp.jobs.queue import open_queue
from webapp.services.jobs import JOBS_LANE, cancel_job

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


def running_child(desk: Desk, job_id: str, consumer_pid: int, done: int = 0) -> int:
    """The number of the process that has done so much of the job."""
    desk.wait(job_id, lambda job: job.state == "running" and job.done >= done and job.pid != consumer_pid, "work")
    pid = desk.row(job_id).pid
    assert pid is not None
    assert pid in [process.pid for process in children_of(consumer_pid)]
    return pid


def undone(settings: Settings, job_id: str) -> int:
    path = settings.instance_dir / f"undone-{job_id}"
    return path.read_text().count("undone") if path.exists() else 0


def test_a_job_is_done_and_says_so(desk: Desk, consumer: MakeConsumer) -> None:
    job_id = desk.ask(total=3)

    consumer()

    job = desk.wait_for_end(job_id)
    assert (job.state, job.message, job.done, job.total, job.attempts) == ("succeeded", "3 were counted.", 3, 3, 1)
    assert job.started_at is not None
    assert desk.found(job_id) == numbers(3)


def test_a_job_whose_bell_was_lost_is_done_all_the_same(desk: Desk, consumer: MakeConsumer, settings: Settings) -> None:
    job_id = desk.ask(total=1)
    queue = open_queue(settings, JOBS_LANE, print)
    assert queue.pending_count() == 1
    queue.flush()

    consumer()

    assert desk.wait_for_end(job_id).state == "succeeded"


def test_a_queue_that_is_damaged_loses_no_job(desk: Desk, settings: Settings) -> None:
    (settings.instance_dir / "jobs.sqlite3").write_bytes(b"no database at all" * 100)

    job_id = desk.ask()

    assert desk.row(job_id).state == "queued"


def test_a_stopped_consumer_gives_its_jobs_back_and_the_next_one_goes_on(desk: Desk, consumer: MakeConsumer) -> None:
    job_id = desk.ask(total=20, pause_s=0.1)
    first = consumer()
    pid = running_child(desk, job_id, first.pid, done=3)

    status = end(first)  # type: ignore[arg-type]

    given_back = desk.row(job_id)
    assert (status, given_back.state, given_back.attempts) == (0, "queued", 0)
    assert not Path(f"/proc/{pid}").exists()
    consumer()
    assert desk.wait_for_end(job_id).state == "succeeded"
    assert desk.found(job_id) == numbers(20)


def test_a_busy_job_that_is_cancelled_takes_back_what_it_did(
    desk: Desk, consumer: MakeConsumer, settings: Settings
) -> None:
    job_id = desk.ask(kind="import", total=1000, pause_s=0.1)
    running_child(desk, job_id, consumer().pid, done=2)

    with desk.app.app_context():
        cancel_job(desk.owner, job_id)

    job = desk.wait_for_end(job_id)
    assert (job.state, job.message, job.attempts) == ("cancelled", "It was cancelled.", 1)
    assert undone(settings, job_id) == 1


def test_a_job_that_looks_at_nothing_is_forced_to_end_and_still_taken_back(
    desk: Desk, consumer: MakeConsumer, settings: Settings
) -> None:
    job_id = desk.ask("hang", kind="import")
    running_child(desk, job_id, consumer().pid)

    with desk.app.app_context():
        cancel_job(desk.owner, job_id)

    assert desk.wait_for_end(job_id).state == "cancelled"
    assert undone(settings, job_id) == 1


def test_taking_back_may_last_longer_than_a_job_may_take_to_notice(
    desk: Desk, consumer: MakeConsumer, settings: Settings
) -> None:
    job_id = desk.ask(kind="export", total=1000, pause_s=0.1)
    running_child(desk, job_id, consumer().pid, done=1)

    with desk.app.app_context():
        cancel_job(desk.owner, job_id)

    job = desk.wait_for_end(job_id)
    assert (job.state, job.attempts) == ("cancelled", 1)
    assert undone(settings, job_id) == 1


def test_a_job_that_refuses_fails_with_its_sentence(desk: Desk, consumer: MakeConsumer, settings: Settings) -> None:
    job_id = desk.ask("refuse", kind="import")

    consumer()

    job = desk.wait_for_end(job_id)
    assert (job.state, job.attempts) == ("failed", 1)
    assert job.message == "The picture 7.jpg is an elephant; hand in people."
    assert undone(settings, job_id) == 1


def test_a_fault_of_ours_is_a_general_sentence_and_stands_in_the_log(
    desk: Desk, consumer: MakeConsumer, tmp_path: Path
) -> None:
    job_id = desk.ask("break")

    consumer()

    job = desk.wait_for_end(job_id)
    assert job.state == "failed"
    assert job.message == "It met an error that nobody expected and that is written in the server's log."
    assert "ZeroDivisionError: of the work's own" in (tmp_path / "consumer.log").read_text()


def test_a_job_that_brings_every_process_down_is_given_up_and_taken_back(
    desk: Desk, consumer: MakeConsumer, settings: Settings
) -> None:
    job_id = desk.ask("hang", kind="import")
    desk.set(job_id, attempts=2)
    pid = running_child(desk, job_id, consumer().pid)

    os.kill(pid, signal.SIGKILL)

    job = desk.wait_for_end(job_id)
    assert job.state == "failed"
    assert job.message == "Its process ended 3 times without a word; the server's log may say why."
    assert undone(settings, job_id) == 1


def test_a_row_left_running_by_a_dead_process_is_begun_again(desk: Desk, consumer: MakeConsumer) -> None:
    job_id = desk.ask(total=6)
    now, dead_pid = utc_now(), 2**22 - 3
    desk.set(
        job_id,
        state="running",
        attempts=1,
        done=4,
        machine=socket.gethostname(),
        pid=dead_pid,
        heartbeat_at=now,
        started_at=now,
    )

    consumer()

    job = desk.wait_for_end(job_id)
    assert (job.state, job.attempts) == ("succeeded", 2)
    assert desk.found(job_id) == ["4.jpg", "5.jpg"]


def test_a_training_run_stands_back_for_others_and_no_other_job_does(desk: Desk, consumer: MakeConsumer) -> None:
    run, job = desk.ask(kind="train", total=1000, pause_s=0.1), desk.ask(total=1000, pause_s=0.1)
    process = consumer()

    pids = [running_child(desk, job_id, process.pid, done=1) for job_id in (run, job)]

    own = os.getpriority(os.PRIO_PROCESS, process.pid)
    assert [os.getpriority(os.PRIO_PROCESS, pid) - own for pid in pids] == [NICENESS, 0]


def test_a_training_run_may_take_one_slow_batch_to_notice_that_it_is_cancelled(
    desk: Desk, consumer: MakeConsumer, settings: Settings
) -> None:
    run = desk.ask("slow batches", kind="train")
    process = consumer()
    desk.wait(run, lambda job: job.step == "Training", "its first batch")
    running_child(desk, run, process.pid)

    with desk.app.app_context():
        cancel_job(desk.owner, run)

    job = desk.wait_for_end(run)
    assert (job.state, job.attempts) == ("cancelled", 1)
    assert undone(settings, run) == 1


def test_a_step_of_which_nothing_is_kept_is_cut_short_when_the_run_is_cancelled(
    desk: Desk, consumer: MakeConsumer, settings: Settings
) -> None:
    run = desk.ask("convert", kind="train")
    consumer()
    desk.wait(run, lambda job: job.step == "Converting", "its conversion")

    with desk.app.app_context():
        cancel_job(desk.owner, run)

    job = desk.wait_for_end(run)
    assert (job.state, job.message) == ("cancelled", "It was cancelled.")
    assert undone(settings, run) == 1


def test_without_any_workers_there_is_nothing_to_run(settings: Settings) -> None:
    with pytest.raises(InvalidInputError, match="nothing to run"):
        run_consumer(replace(settings, job_workers=0, training_workers=0))
