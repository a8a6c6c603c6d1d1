"""serve: one command for everything, nothing left behind however it ends, and a dead or hung child is replaced."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import Popen

import pytest

from webapp.bench.instance import Instance, children_of, end
from webapp.supervisor import MAX_DELAY_S, Child, restart_delay_s

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


def eventually(happened: Callable[[], bool], what: str, timeout_s: float = 60) -> None:
    until_s = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < until_s, f"{what} did not happen within {timeout_s} s"
        time.sleep(0.05)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split(") ")[-1][0] != "Z"
    except FileNotFoundError:
        return False


def child(server: Popen[str], name: str) -> int | None:
    return next((process.pid for process in children_of(server.pid) if process.command.endswith(f" {name}")), None)


def has_open(pid: int, name: str) -> bool:
    return any(file.readlink().name == name for file in Path(f"/proc/{pid}/fd").iterdir() if file.is_symlink())


@pytest.fixture(scope="module", autouse=True)
def a_terminal() -> Iterator[None]:
    """Signals as a terminal's shell hands them on, however the tests themselves were started (nohup, &)."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGHUP, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    made = Instance(tmp_path_factory.mktemp("supervised"))
    made.prepare()
    return made


@pytest.fixture
def server(instance: Instance) -> Iterator[Popen[str]]:
    """serve, with the web process answering, the worker in its loop, and the job consumer started."""
    (instance.folder / "serve.log").unlink(missing_ok=True)
    process = instance.start("serve")
    try:
        instance.wait_for_http(process)
        eventually(lambda: "is ready: http" in instance.log("serve"), "the ready line")
        eventually(lambda: child(process, "jobs") is not None, "the job consumer's start")
        yield process
    finally:
        end(process)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_no_child_survives_however_it_is_ended(server: Popen[str], number: signal.Signals) -> None:
    pids = [process.pid for process in children_of(server.pid)]
    assert len(pids) == 3

    server.send_signal(number)

    status = server.wait(timeout=20)
    eventually(lambda: not any(map(lives, pids)), "the children's end", timeout_s=10)
    assert status == (-signal.SIGKILL if number == signal.SIGKILL else 0)


def test_a_stopped_child_does_not_survive_either(server: Popen[str]) -> None:
    pids = [process.pid for process in children_of(server.pid)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)

    server.terminate()

    server.wait(timeout=20)
    eventually(lambda: not any(map(lives, pids)), "the children's end", timeout_s=10)


@pytest.mark.parametrize("name", ["web", "worker", "jobs"])
def test_a_killed_child_is_started_again(instance: Instance, server: Popen[str], name: str) -> None:
    first = child(server, name)
    assert first is not None

    os.kill(first, signal.SIGKILL)

    eventually(lambda: child(server, name) not in (None, first), f"another {name}")
    instance.wait_for_http(server)
    assert "has ended (status -9) and is started again" in instance.log("serve")


def test_a_job_consumer_that_hangs_is_replaced(server: Popen[str]) -> None:
    first = child(server, "jobs")
    assert first is not None
    eventually(lambda: has_open(first, "jobs.sqlite3"), "its look into the queue")
    time.sleep(1)  # and its first heartbeat; before that it is given a long time

    os.kill(first, signal.SIGSTOP)

    eventually(lambda: child(server, "jobs") not in (None, first), "another job consumer")


def test_without_job_workers_nothing_runs_jobs(instance: Instance) -> None:
    idle = replace(instance, settings={"MOVEPRINT_JOB_WORKERS": "0", "MOVEPRINT_TRAINING_WORKERS": "0"})
    server = idle.start("serve")
    try:
        idle.wait_for_http(server)
        eventually(lambda: child(server, "worker") is not None, "the worker's start")
        time.sleep(1)  # the consumer would have been started within LOOK_EVERY_S

        assert child(server, "jobs") is None
    finally:
        end(server)


def test_a_child_that_never_stays_up_is_tried_for_ever_at_last_every_half_minute() -> None:
    delays_s = [restart_delay_s(failures) for failures in range(5000)]

    assert delays_s[:4] == [0.0, 0.4, 0.8, 1.6]
    assert delays_s == sorted(delays_s)
    assert delays_s[-1] == MAX_DELAY_S


def test_a_child_that_has_failed_5000_times_is_planned_again(capfd: pytest.CaptureFixture[str]) -> None:
    failing = Child("worker 1", ("false",), has_heartbeat=False)
    failing._failures = 5000

    failing.look(now_s=100.0)
    eventually(lambda: failing.has_ended, "its end")
    failing.look(now_s=100.0)

    assert "is started again in 30.0 s" in capfd.readouterr().out


def test_under_nohup_the_end_of_the_terminal_ends_nothing(instance: Instance) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # children inherit it, as from nohup
    try:
        server = instance.start("serve")
    finally:
        signal.signal(signal.SIGHUP, before)
    try:
        instance.wait_for_http(server)

        server.send_signal(signal.SIGHUP)
        time.sleep(1)  # an end would have been noticed within LOOK_EVERY_S

        assert server.poll() is None
        instance.wait_for_http(server)
    finally:
        end(server)


def test_a_taken_port_is_one_sentence_and_no_restart(instance: Instance) -> None:
    with socket.create_server(("127.0.0.1", instance.port)):
        (instance.folder / "serve.log").unlink(missing_ok=True)
        status = instance.start("serve").wait(timeout=30)

    lines = instance.log("serve").strip().splitlines()
    assert status == 1
    assert lines == [
        f"moveprint: port {instance.port} on 127.0.0.1 is in use; stop what uses it or choose another: "
        f"PORT={instance.port + 1} make run"
    ]


def test_a_database_without_tables_is_one_sentence_and_no_restart(tmp_path: Path) -> None:
    status = (fresh := Instance(tmp_path)).start("serve").wait(timeout=60)

    assert status == 1
    assert fresh.log("serve").count("python -m webapp migrate") == 1
