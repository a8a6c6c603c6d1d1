"""A command that holds a lifeline ends with whoever started it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from webapp.config import ROOT

MODULE = """
import sys, time
print(*sys.argv[1:], __name__, flush=True)
time.sleep(float(sys.argv[1]))
sys.exit(3)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """One in which the module `sleeper` can be imported."""
    (tmp_path / "sleeper.py").write_text(MODULE)
    return {**os.environ, "PYTHONPATH": str(tmp_path)}


def started(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "webapp.lifeline", "sleeper", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_any_module_runs_as_a_command_with_its_arguments_and_status(environment: dict[str, str]) -> None:
    with started(environment, "0", "--input-px", "320") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "0 --input-px 320 __main__\n"
        assert process.wait(timeout=10) == 3


def test_it_ends_when_its_standard_input_does(environment: dict[str, str]) -> None:
    with started(environment, "60") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()

        process.stdin.close()

        assert process.wait(timeout=10) == 0
