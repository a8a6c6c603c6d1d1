"""What holds for every command of the command line, whatever it does."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from webapp import weights_command
from webapp.cli import main
from webapp.config import ROOT


def test_a_reader_that_has_seen_enough_ends_any_command_without_a_word() -> None:
    reader, writer = os.pipe()
    os.close(reader)

    try:
        done = subprocess.run(
            [sys.executable, "-m", "webapp", "weights", "list"],
            cwd=ROOT,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writer)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_connection_that_breaks_is_not_taken_for_a_reader_that_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> tuple[int, str]:
        raise BrokenPipeError("of a connection")

    monkeypatch.setattr(weights_command, "run", broken)

    with pytest.raises(BrokenPipeError, match="of a connection"):
        main(["weights", "list"])
