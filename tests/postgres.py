"""A real PostgreSQL for the time of the tests, on a socket in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def binaries() -> Path | None:
    """The folder with initdb and pg_ctl, the newest version first; None where PostgreSQL is not installed."""
    in_path = shutil.which("initdb")
    folders = [Path(in_path).parent] if in_path and shutil.which("pg_ctl") else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


@contextmanager
def running_server() -> Iterator[str]:
    """Start a server that is thrown away afterwards; answers its SQLAlchemy URL. Skips where there is none."""
    bin_dir = binaries()
    if bin_dir is None:
        pytest.skip("PostgreSQL is not installed: initdb and pg_ctl were not found")
    # a short path: a socket's is limited to 107 characters
    folder = Path(tempfile.mkdtemp(prefix="moveprint-pg-", dir="/tmp"))
    account = _unprivileged()
    if account is not None:
        shutil.chown(folder, account)
    prefix = ["runuser", "-u", account, "--"] if account is not None else []
    data = folder / "data"
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    try:
        _run([*prefix, str(bin_dir / "initdb"), "-D", str(data), "-A", "trust", "-U", "moveprint", "-E", "UTF8"])
        _run([*prefix, str(bin_dir / "pg_ctl"), "-D", str(data), "-o", options, "-w", "-l", f"{folder}/log", "start"])
        try:
            yield f"postgresql://moveprint@/postgres?host={folder}"
        finally:
            _run([*prefix, str(bin_dir / "pg_ctl"), "-D", str(data), "-w", "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> str | None:
    """Whom to run the server as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _run(command: list[str]) -> None:
    # to files and not to a pipe: the server keeps its parent's open, and reading to the end would never end
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            command, check=False, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=60, cwd="/tmp"
        )
        output.seek(0)
        assert done.returncode == 0, f"{command} failed: {output.read().decode(errors='replace')}"
