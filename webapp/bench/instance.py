"""A server of its own for a measurement or a test: temporary instance, free port, real commands."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from webapp.bench.browser import answers_http, log_in
from webapp.config import ROOT
from webapp.core.errors import MoveprintError

PASSWORD = "one-long-password-for-one-server"


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class ProcessInfo:
    """One process of the machine."""

    pid: int
    parent_pid: int
    rss_mb: float
    cpu_s: float
    command: str


@dataclass
class Instance:
    """An instance directory with its own port; every command runs as a process with these settings."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        own = {"MOVEPRINT_INSTANCE_DIR": str(self.folder), "HOST": "127.0.0.1", "PORT": str(self.port)}
        return {**os.environ, **own, **self.settings}

    def command(self, *arguments: str, text: str = "") -> str:
        """Run one command to its end; its output. MoveprintError with what it said when it fails."""
        done = subprocess.run(
            _webapp(*arguments), input=text, env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise MoveprintError(f"{' '.join(arguments)} failed: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def prepare(self, *usernames: str) -> None:
        """Make the database and these accounts."""
        self.command("migrate")
        for username in usernames:
            self.command("user", "add", username, text=f"{PASSWORD}\n")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command that goes on; its output goes to a file in the instance directory."""
        with (self.folder / f"{arguments[0]}.log").open("a", encoding="utf-8") as log:
            return subprocess.Popen(
                _webapp(*arguments),
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                text=True,
            )

    def log(self, command: str) -> str:
        return (self.folder / f"{command}.log").read_text(encoding="utf-8")

    def wait_for_http(self, process: subprocess.Popen[str], timeout_s: float = 60) -> None:
        """Return once the server answers; MoveprintError when it ends before, or does not in time."""
        until_s = time.monotonic() + timeout_s
        while not answers_http(self.url):
            if process.poll() is not None or time.monotonic() > until_s:
                raise MoveprintError(f"the server did not come up; look into {self.folder}")
            time.sleep(0.02)

    def log_in(self, username: str) -> str:
        """The Cookie header of a fresh login."""
        return log_in(self.url, username, PASSWORD)


def end(process: subprocess.Popen[str], timeout_s: float = 15) -> int:
    """Ask a process to end, insist after a while; its status."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def children_of(pid: int) -> list[ProcessInfo]:
    """The direct children of a process."""
    listing = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,rss=,cputimes=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = (line.split(None, 4) for line in listing.splitlines())
    found = [ProcessInfo(int(r[0]), int(r[1]), int(r[2]) / 1024, float(r[3]), r[4]) for r in rows if len(r) == 5]
    return [process for process in found if process.parent_pid == pid]


def _webapp(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "webapp", *arguments]
