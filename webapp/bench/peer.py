"""A peer measured beside ours: another Python process that times pictures one by one when it is told to."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from webapp.core.errors import InvalidInputError

SCRIPT = Path(__file__).with_name("mediapipe_peer.py")


class Peer:
    """MediaPipe in its own environment; a context manager. InvalidInputError where that Python cannot run it."""

    def __init__(self, python: Path, jpegs: Sequence[bytes]) -> None:
        self._python = python
        self._scratch = tempfile.TemporaryDirectory(prefix="moveprint-peer-")
        for number, jpeg in enumerate(jpegs):
            (Path(self._scratch.name) / f"{number:04}.jpg").write_bytes(jpeg)
        self._times_ms: list[float] = []

    def __enter__(self) -> Peer:
        command = [str(self._python), str(SCRIPT), self._scratch.name]
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        except OSError as error:
            self._scratch.cleanup()
            raise InvalidInputError(f"--peer-python {self._python} cannot be run: {error}") from error
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._process.communicate()  # closes its input, which ends it
        self._scratch.cleanup()

    def step(self, _image: object) -> float:
        """Milliseconds of the next picture; a new round is asked for when the last one's are used up."""
        if not self._times_ms:
            self._times_ms = self._round()
        return self._times_ms.pop(0)

    def _round(self) -> list[float]:
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
            raise InvalidInputError(f"--peer-python {self._python} does not run mediapipe 0.10.21; install it there")
        return [float(value) for value in line.split()]
