"""Conversions in a process of their own: they are heard to the end, bounded, and do not outlive who started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from webapp.vision.child_process import run_module

SLEEPS = "webapp.vision.child_process.run_module('timeit', ['-n1', '-r1', 'import time; time.sleep(60)'], 60)"


def test_what_a_module_says_and_how_it_ended_is_answered() -> None:
    done = run_module("timeit", ["-n1", "-r1", "import os; print(os.environ['SAID'])"], 30, {"SAID": "so"})

    assert done.returncode == 0
    assert "so" in done.stdout
    assert run_module("no_such_module", [], 30).returncode != 0


def test_a_module_that_takes_too_long_is_ended() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_module("timeit", ["-n1", "-r1", "import time; time.sleep(60)"], 0.5)


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
def test_a_module_ends_with_the_process_that_started_it_however_that_died() -> None:
    command = [sys.executable, "-c", f"import webapp.vision.child_process; {SLEEPS}"]
    parent = subprocess.Popen(command, cwd=Path(__file__).resolve().parents[2])
    child = _first_child(psutil.Process(parent.pid))

    parent.send_signal(signal.SIGKILL)
    parent.wait(10)

    _, alive = psutil.wait_procs([child], timeout=10)
    assert not alive


def _first_child(parent: psutil.Process) -> psutil.Process:
    until_s = time.monotonic() + 20
    while time.monotonic() < until_s:
        if children := parent.children():
            return children[0]
        time.sleep(0.02)
    raise AssertionError("the module was not started")
