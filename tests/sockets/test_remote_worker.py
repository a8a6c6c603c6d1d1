"""A worker started by hand, as on another machine: all it has is the URL and a file with the token."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sockets.asking import ask_until_result
from tests.sockets.conftest import Server, running
from webapp.bench.instance import Instance, children_of, end
from webapp.sockets.workers import REFUSED


@pytest.fixture
def without_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Everything but workers."""
    monkeypatch.setenv("MOVEPRINT_WORKERS", "0")
    monkeypatch.setenv("MOVEPRINT_JOB_WORKERS", "0")
    monkeypatch.setenv("MOVEPRINT_TRAINING_WORKERS", "0")
    folder = tmp_path / "web"
    folder.mkdir()
    yield from running(folder, "eventlet", "serve")


def wait_for_log(instance: Instance, sentence: str) -> None:
    for _ in range(600):
        if sentence in instance.log("worker"):
            return
        time.sleep(0.1)
    raise AssertionError(instance.log("worker"))


def test_a_remote_worker_says_that_its_token_is_wrong_and_comes_in_with_the_right_one(
    without_workers: Server, tmp_path: Path, jpeg: bytes
) -> None:
    (started,) = children_of(without_workers.process.pid)
    assert started.command.endswith(" web")
    elsewhere, token_file = Instance(tmp_path / "elsewhere"), tmp_path / "token"
    elsewhere.folder.mkdir()
    token_file.write_text("not the token\n")
    client = without_workers.live("alice")
    client.wait_for_worker("absent")

    worker = elsewhere.start("worker", "--url", without_workers.url, "--token-file", str(token_file))
    try:
        wait_for_log(elsewhere, REFUSED)
        assert worker.poll() is None
        token_file.write_text(f"{without_workers.token}\n")

        answer = ask_until_result(client, jpeg)
    finally:
        end(worker)
        without_workers.close_connections()

    assert answer.payload["people"] == []
