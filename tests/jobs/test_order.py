"""Jobs are begun as they were asked for; one whose process has died does not go to the end of the line."""

from __future__ import annotations

import os
import signal

import pytest

from tests.jobs.conftest import Desk, MakeConsumer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


def running_pid(desk: Desk, job_id: str) -> int:
    pid = desk.wait(job_id, lambda job: job.state == "running" and job.done >= 2, "two numbers").pid
    assert pid is not None
    return pid


@pytest.mark.parametrize("which", ["child", "consumer"])
def test_a_run_that_was_killed_goes_on_before_those_asked_for_later(
    desk: Desk, consumer: MakeConsumer, which: str
) -> None:
    killed = desk.ask(kind="train", total=30, pause_s=0.1)
    later = [desk.ask(kind="train", total=2) for _ in range(2)]
    process = consumer()
    child_pid = running_pid(desk, killed)

    os.kill(child_pid if which == "child" else process.pid, signal.SIGKILL)

    if which == "consumer":
        process.wait()
        consumer()
    ended_at = desk.wait_for_end(killed).ended_at
    began_at = [desk.wait_for_end(job_id).started_at for job_id in later]
    assert ended_at is not None
    assert all(each is not None and each >= ended_at for each in began_at)
    assert [desk.row(job_id).state for job_id in (killed, *later)] == ["succeeded"] * 3
