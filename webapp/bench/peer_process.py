"""A peer that needs an environment of its own: another Python process that answers one JSON line for each asked for."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from webapp.core.errors import InvalidInputError


class PeerProcess:
    """A script of ours under another Python; a context manager. InvalidInputError where that Python cannot run it."""

    def __init__(self, python: Path, script: Path, arguments: Sequence[str], needs: str) -> None:
        self._python, self._needs = python, needs
        self._command = [str(python), str(script), *arguments]

    def __enter__(self) -> PeerProcess:
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(
                self._command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
            )
        except OSError as error:
            raise InvalidInputError(f"--peer-python {self._python} cannot be run: {error}") from error
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._process.communicate()  # closes its input, which ends it

    def ask(self) -> Any:
        """What it answers to an empty line."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            line = ""
        else:
            line = self._process.stdout.readline()
        if not line:
            raise InvalidInputError(f"--peer-python {self._python} does not run {self._needs}; install it there")
        return json.loads(line)
