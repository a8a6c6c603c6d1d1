"""The product as people run it: `python -m webapp serve` with its own instance directory and a real worker."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from webapp.bench.instance import PASSWORD, Instance, children_of, end
from webapp.config import OWN_MODELS_DIR, ROOT

__all__ = ["PASSWORD", "RunningServer"]


class RunningServer:
    """One `serve` with its children; started, stopped and started anew on the same instance directory."""

    def __init__(self, instance_dir: Path) -> None:
        self.instance = Instance(instance_dir)
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return self.instance.url

    @property
    def port(self) -> int:
        return self.instance.port

    def use_own_weights(self, folder: Path) -> None:
        """Before it starts: every model file of this machine, in a folder into which models can be registered."""
        for path in (ROOT / "weights").iterdir():
            if path.name != OWN_MODELS_DIR:
                (folder / path.name).symlink_to(path)
        self.instance.settings = {**self.instance.settings, "MOVEPRINT_WEIGHTS_DIR": str(folder)}

    def start(self) -> None:
        self.instance.command("migrate")
        self._process = self.instance.start("serve")
        self.instance.wait_for_http(self._process)

    def stop(self) -> None:
        if self._process is not None:
            end(self._process)
        self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill_worker(self) -> None:
        """SIGKILL, so that it cannot say goodbye."""
        assert self._process is not None
        children = children_of(self._process.pid)
        workers = [child.pid for child in children if "worker" in child.command.split()]
        assert workers, f"no worker among {children}"
        for pid in workers:
            os.kill(pid, signal.SIGKILL)

    def add_account(self, username: str, role: str = "user") -> None:
        self.instance.command("user", "add", username, "--role", role, text=f"{PASSWORD}\n")
