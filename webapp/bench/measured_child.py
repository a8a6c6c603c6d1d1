"""A measurement in a process of its own, whose memory and threads are then nobody else's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from webapp.config import ROOT
from webapp.core.errors import MoveprintError

_LIMIT_S = 3600.0


def measured_in_child(
    module: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> Mapping[str, object]:
    """The JSON object in the last line of the module's output; MoveprintError says what it said where it failed."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise MoveprintError(f"{' '.join((module, *arguments))} could not be measured: {said}")
    measured: Mapping[str, object] = json.loads(done.stdout.splitlines()[-1])
    return measured


def number_of(measured: Mapping[str, object], name: str) -> float:
    """One of its numbers."""
    value = measured[name]
    assert isinstance(value, int | float)
    return float(value)
