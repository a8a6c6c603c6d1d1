"""A real PostgreSQL for the time of the tests, on a socket in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


def binaries() -> Path | None:
    """The folder with initdb and pg_ctl, the newest version first; None where PostgreSQL is not installed."""
    in_path = shutil.which("initdb")
    folders = [Path(in_path).parent] if in_path and shutil.which("pg_ctl") else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


@dataclass
class PostgresServer:
    """One that can be stopped without warning and started anew on the same data."""

    folder: Path
    bin_dir: Path

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql://moveprint@/{database}?host={self.folder}"

    def initialise(self) -> None:
        if (account := _unprivileged()) is not None:
            shutil.chown(self.folder, account)
        self._run("initdb", "-A", "trust", "-U", "moveprint", "-E", "UTF8")

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off"
        self._run("pg_ctl", "-o", options, "-w", "-l", f"{self.folder}/log", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        account = _unprivileged()
        prefix = ["runuser", "-u", account, "--"] if account is not None else []
        _run([*prefix, str(self.bin_dir / program), "-D", str(self.folder / "data"), *arguments])


@contextmanager
def a_server() -> Iterator[PostgresServer]:
    """Start a server that is thrown away afterwards. Skips where there is none."""
    bin_dir = binaries()
    if bin_dir is None:
        pytest.skip("PostgreSQL is not installed: initdb and pg_ctl were not found")
    # a short path: a socket's is limited to 107 characters
    folder = Path(tempfile.mkdtemp(prefix="moveprint-pg-", dir="/tmp"))
    server = PostgresServer(folder, bin_dir)
    try:
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_server() -> Iterator[str]:
    """As a_server; answers its SQLAlchemy URL."""
    with a_server() as server:
        yield server.url


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
