"""The dtw bench prints every figure it promises, leaves absent peers out, and says how far ours is from theirs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from webapp.cli import main

AEON = """#!{python}
import json, sys
for _ in sys.stdin:
    print(json.dumps([7.0, 8.0, 9.0]), flush=True)
"""


def figures_of(capfd: pytest.CaptureFixture[str], *options: str) -> tuple[dict[str, float], str]:
    assert main(["bench", "dtw", "--json", "--rounds", "1", *options]) == 0
    out = capfd.readouterr().out
    figures: dict[str, float] = json.loads(out.splitlines()[-1])
    return figures, out


@pytest.mark.skipif(sys.platform == "win32", reason="a script of POSIX")
def test_the_last_line_is_one_flat_object_with_every_peer(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(AEON.format(python=sys.executable))
    python.chmod(0o755)

    figures, out = figures_of(capfd, "--peer-python", str(python))

    assert {"ours_ms", "fastdtw_ms", "dtaidistance_ms", "tslearn_ms", "first_call_ms"} <= set(figures)
    assert figures["aeon_ms"] == 8.0
    assert figures["max_relative_error"] < 1e-4
    assert figures["fastdtw_max_relative_error"] >= 0
    assert figures["times_faster_than_fastdtw"] > figures["times_faster_than_fastest_peer"] > 0
    assert "left out" not in out


def test_a_peer_that_is_not_installed_is_left_out_with_a_sentence(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("fastdtw", "dtaidistance", "tslearn"):
        monkeypatch.setitem(sys.modules, name, None)  # as Python marks what cannot be imported

    figures, out = figures_of(capfd)

    for name in ("fastdtw", "dtaidistance", "tslearn", "aeon"):
        assert f"{name} is left out" in out
        assert f"{name}_ms" not in figures
    assert "max_relative_error" not in figures
    assert all(value > 0 for value in figures.values())


def test_no_rounds_are_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "dtw", "--rounds", "0"]) == 1
    assert "--rounds must be at least 1, got 0" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("python", "sentence"),
    [("/absent/python", "--peer-python /absent/python cannot be run"), (sys.executable, "does not run aeon")],
)
def test_a_peer_environment_that_does_not_serve_is_named(
    capfd: pytest.CaptureFixture[str], python: str, sentence: str
) -> None:
    assert main(["bench", "dtw", "--rounds", "1", "--peer-python", python]) == 1
    assert sentence in capfd.readouterr().err
