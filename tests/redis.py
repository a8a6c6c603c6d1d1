"""A real Redis for the time of a test: a free port, a password, nothing kept on the disk."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from webapp.bench.instance import free_port

PASSWORD = "three-grey-herons"


@dataclass
class RedisServer:
    """One that can be killed and started anew at the same address; it has forgotten everything then."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        place = ("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder))
        self.process = subprocess.Popen(
            ("redis-server", *place, "--save", "", "--appendonly", "no", "--requirepass", PASSWORD),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        until_s = time.monotonic() + 20
        while not self._is_listening():
            assert self.process.poll() is None, "redis-server has ended at once"
            assert time.monotonic() < until_s, "redis-server does not listen"
            time.sleep(0.02)

    def freeze(self) -> None:
        """From now on it takes connections and answers nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def running_server() -> Iterator[RedisServer]:
    """Start a server that is thrown away afterwards. Skips where there is none."""
    if shutil.which("redis-server") is None:
        pytest.skip("Redis is not installed: redis-server was not found")
    with tempfile.TemporaryDirectory(prefix="moveprint-redis-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.kill()
