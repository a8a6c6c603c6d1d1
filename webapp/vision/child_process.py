"""Modules of ours run by a process of its own: what a conversion needs of time and memory ends with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[2]


def run_module(
    module: str, arguments: Sequence[str], limit_s: float, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it to its end, in the project's folder, and not beyond this process's own; environment: what is added to it.

    subprocess.TimeoutExpired after limit_s.
    """
    command = [sys.executable, "-m", "webapp.lifeline", module, *arguments]
    lifeline, held = os.pipe()  # the end that is held closes when this process dies, and the module's process ends
    try:
        return subprocess.run(
            command,
            cwd=_PROJECT,
            stdin=lifeline,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
            env={**os.environ, **(environment or {})},
        )
    finally:
        os.close(lifeline)
        os.close(held)
