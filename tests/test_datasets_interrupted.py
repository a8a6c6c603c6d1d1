"""An import from the command line whose process is told to end, or is ended, in the middle."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from subprocess import Popen

import pytest

from tests.jobs.importing import coco_folder
from tests.test_accounts_command import Terminal, instance_dir, terminal
from tests.test_datasets_command import anna
from webapp.bench.instance import Instance, end

__all__ = ("anna", "instance_dir", "terminal")


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Pictures enough for a signal to come in the middle."""
    return coco_folder(tmp_path / "many", range(300))


def import_begun(instance: Instance, folder: Path) -> Popen[str]:
    """The command as a process that has stored its first batch and goes on."""
    process = instance.start("datasets", "import", str(folder), "--dataset", "Many", "--create")
    until_s = time.monotonic() + 60
    while not job_of(instance)[1]:
        assert process.poll() is None, instance.log("datasets")
        assert time.monotonic() < until_s
        time.sleep(0.01)
    return process


def job_of(instance: Instance) -> tuple[str, int, int]:
    """State, done and attempts of its only job."""
    with closing(sqlite3.connect(instance.folder / "moveprint.sqlite3")) as connection:
        row = connection.execute("SELECT state, done, attempts FROM jobs").fetchone()
    return row or ("", 0, 0)


def pictures_of(instance: Instance) -> tuple[int, int]:
    """How many rows there are, and how many files."""
    with closing(sqlite3.connect(instance.folder / "moveprint.sqlite3")) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM pictures").fetchone()
    return rows, len(list((instance.folder / "datasets" / "pictures").glob("??/*.jpg")))


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_import_that_is_interrupted_leaves_nothing_behind(
    terminal: Terminal, instance_dir: Path, anna: str, many: Path
) -> None:
    instance = Instance(instance_dir)
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)  # children inherit it, however the tests were started
    try:
        process = import_begun(instance, many)
    finally:
        signal.signal(signal.SIGINT, before)

    process.send_signal(signal.SIGINT)

    assert process.wait(60) == 1
    assert "It was cancelled." in instance.log("datasets")
    assert pictures_of(instance) == (0, 0)
    assert "There is no dataset yet" in terminal.run(instance_dir, "datasets", "list")[1]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_import_that_is_killed_is_gone_on_with_by_a_server(instance_dir: Path, anna: str, many: Path) -> None:
    instance = Instance(instance_dir)
    process = import_begun(instance, many)

    process.kill()
    process.wait()
    assert job_of(instance)[0] == "running"
    consumer = instance.start("jobs")
    try:
        until_s = time.monotonic() + 90
        while job_of(instance)[0] != "succeeded":
            assert time.monotonic() < until_s, instance.log("jobs")
            time.sleep(0.1)
    finally:
        end(consumer)

    assert job_of(instance) == ("succeeded", 300, 2)
    assert pictures_of(instance) == (300, 300)
