"""The set-up says what is missing before it begins."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from webapp.config import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")

OLD_NODE = '#!/bin/sh\n[ "$1" = --version ] && echo v18.19.0 && exit 0\nexit 1\n'
RECORDS_ITS_CALL = '#!/bin/sh\ntouch "$(dirname "$0")/called"\n'


def install_browser_libraries(folder: Path, **commands: str) -> subprocess.CompletedProcess[str]:
    """Run that step of the set-up, with these commands in place of the real ones."""
    for name, script in commands.items():
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    (folder / "venv").mkdir()
    (folder / "venv" / "pyvenv.cfg").touch()
    return subprocess.run(
        ["make", f"VENV={folder}/venv", f"{folder}/venv/stamps/node"],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_node_too_old_is_named_and_nothing_is_installed(tmp_path: Path) -> None:
    done = install_browser_libraries(tmp_path, node=OLD_NODE, npm=RECORDS_ITS_CALL)

    assert done.returncode != 0
    assert "Node.js >= 20 is needed, this is v18.19.0" in done.stdout
    assert not (tmp_path / "called").exists()


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_this_node_is_new_enough(tmp_path: Path) -> None:
    done = install_browser_libraries(tmp_path, npm=RECORDS_ITS_CALL)

    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "called").exists()
