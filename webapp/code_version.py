"""Which code is running: kept with what it trained."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import tomllib
from functools import lru_cache

from webapp.config import ROOT

PACKAGE = "moveprint"
_GIT_S = 2.0


@lru_cache(maxsize=1)
def code_version() -> str:
    """The package's version and, in a git checkout, the commit and whether files differ from it, as when first asked.

    Such as `0.1.0, commit 1a2b3c4d5e6f, changed`; without git or a checkout, the version alone.
    """
    commit = _commit()
    return f"{_version()}, commit {commit}" if commit else _version()


def _version() -> str:
    project = ROOT / "pyproject.toml"
    if project.is_file():
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    return importlib.metadata.version(PACKAGE)


def _commit() -> str:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return ""
    command = [git, "-C", str(ROOT), "describe", "--always", "--exclude=*", "--abbrev=12", "--dirty=, changed"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_GIT_S, check=True)
    except (OSError, subprocess.SubprocessError):  # such as a checkout of another account's
        return ""
    return done.stdout.strip()
