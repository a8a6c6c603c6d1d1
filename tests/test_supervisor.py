"""serve: one command for everything, nothing left behind however it ends, and a dead or hung child is replaced."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from webapp.bench.instance import Instance, children_of, end

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


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    made = Instance(tmp_path_factory.mktemp("supervised"))
    made.prepare()
    return made


@pytest.fixture
def server(instance: Instance) -> Iterator[Popen[str]]:
    """serve, with the web process answering and the worker in its loop."""
    (instance.folder / "serve.log").unlink(missing_ok=True)
    process = instance.start("serve")
    try:
        instance.wait_for_http(process)
        eventually(lambda: "is ready: http" in instance.log("serve"), "the ready line")
        yield process
    finally:
        end(process)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_no_child_survives_however_it_is_ended(server: Popen[str], number: signal.Signals) -> None:
    pids = [process.pid for process in children_of(server.pid)]
    assert len(pids) == 2

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


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_killed_child_is_started_again(instance: Instance, server: Popen[str], name: str) -> None:
    first = child(server, name)
    assert first is not None

    os.kill(first, signal.SIGKILL)

    eventually(lambda: child(server, name) not in (None, first), f"another {name}")
    instance.wait_for_http(server)
    assert "has ended (status -9) and is started again" in instance.log("serve")


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
