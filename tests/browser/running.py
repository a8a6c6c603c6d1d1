"""The product as people run it: `python -m webapp serve` with its own instance directory and a real worker."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from webapp.config import ROOT

PASSWORD = "a quiet walk by the river"
UP_WITHIN_S = 60.0


class RunningServer:
    """One `serve` with its children; started, stopped and started anew on the same instance directory."""

    def __init__(self, instance_dir: Path) -> None:
        self.instance_dir = instance_dir
        self.log = instance_dir / "serve.log"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._command("migrate")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "webapp", "serve"],
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait_until_up()

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill_worker(self) -> None:
        """SIGKILL, so that it cannot say goodbye."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        workers = [child for child in children if "worker" in child.cmdline()]
        assert workers, f"no worker among {[child.cmdline() for child in children]}"
        for worker in workers:
            worker.kill()

    def add_account(self, username: str, role: str = "user") -> None:
        self._command("user", "add", username, "--role", role, text=f"{PASSWORD}\n")

    def _command(self, *arguments: str, text: str = "") -> None:
        done = subprocess.run(
            [sys.executable, "-m", "webapp", *arguments],
            cwd=ROOT,
            env=self._environment(),
            input=text,
            capture_output=True,
            text=True,
            timeout=UP_WITHIN_S,
            check=False,
        )
        assert done.returncode == 0, f"webapp {' '.join(arguments)} failed: {done.stdout}{done.stderr}"

    def _environment(self) -> dict[str, str]:
        ours = {"MOVEPRINT_INSTANCE_DIR": str(self.instance_dir), "PORT": str(self.port), "HOST": "127.0.0.1"}
        return {**os.environ, **ours}

    def _wait_until_up(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + UP_WITHIN_S
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"serve ended: {self.log.read_text()[-2000:]}"
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=2):
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.1)
        raise AssertionError(f"serve did not answer in {UP_WITHIN_S} s: {self.log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
