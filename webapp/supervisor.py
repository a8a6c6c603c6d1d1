"""serve: starts web process, workers and job consumer as commands, restarts those that die, replaces one that hangs.

It never forks and imports nothing of what it starts. Children end with it (webapp.lifeline), however it ends.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence

from webapp.config import Settings
from webapp.lifeline import HEARTBEAT
from webapp.listener import address_in_url, listen
from webapp.pipeline.access import worker_token

LOOK_EVERY_S = 0.1
SILENT_S = 5.0
LOADING_S = 90.0
"""How long a worker may take until its first heartbeat: models are loaded, and compiled at the very first start."""
END_WITHIN_S = 4.0
FIRST_DELAY_S = 0.2
MAX_DELAY_S = 30.0
STEADY_S = 30.0
"""A child that has lived this long is restarted at once when it dies."""


class Child:
    """One command that is kept running."""

    def __init__(self, name: str, command: Sequence[str], has_heartbeat: bool) -> None:
        self.name = name
        self._command = command
        self._has_heartbeat = has_heartbeat
        self._process: subprocess.Popen[str] | None = None
        self._started_s = 0.0
        self._heartbeat_s: float | None = None
        self._failures = 0
        self._start_at_s = 0.0

    @property
    def has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def look(self, now_s: float) -> None:
        """Start it when it is due, replace it when it is silent, plan its restart when it has died."""
        if self._process is None:
            if now_s >= self._start_at_s:
                self._start(now_s)
        elif self._process.poll() is not None:
            self._plan_restart(now_s, self._process.returncode)
        elif self._is_silent(now_s):
            _say(f"the {self.name} does not answer any more and is replaced")
            self._process.kill()

    def terminate(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def end(self, until_s: float) -> None:
        """Wait for its end, and force it at that time."""
        if self._process is None:
            return
        try:
            self._process.wait(timeout=max(0.0, until_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self, now_s: float) -> None:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if self._has_heartbeat else None,
            text=True,
            env={**os.environ, "MOVEPRINT_SUPERVISED": "1"},
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which ends its children in order
        )
        self._started_s = now_s
        self._heartbeat_s = None
        if self._process.stdout is not None:
            threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()

    def _plan_restart(self, now_s: float, status: int) -> None:
        self._failures = 0 if now_s - self._started_s > STEADY_S else self._failures + 1
        delay_s = restart_delay_s(self._failures)
        _say(f"the {self.name} has ended (status {status}) and is started again" + _in_seconds(delay_s))
        self._process = None
        self._start_at_s = now_s + delay_s

    def _is_silent(self, now_s: float) -> bool:
        if not self._has_heartbeat:
            return False
        if self._heartbeat_s is None:
            return now_s - self._started_s > LOADING_S
        return now_s - self._heartbeat_s > SILENT_S

    def _listen(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            if line.strip() != HEARTBEAT:
                _say(line.rstrip(), prefix="")
            elif process is self._process:
                self._heartbeat_s = time.monotonic()


def restart_delay_s(failures: int) -> float:
    """How long to wait after so many failures in a row: none after none, then doubling up to MAX_DELAY_S."""
    # the exponent is held as well: 2**1025 is no float
    return min(MAX_DELAY_S, FIRST_DELAY_S * 2 ** min(failures, 10)) if failures else 0.0


def serve(settings: Settings) -> int:
    """Run everything until told to stop; 1 when the web process cannot start. InvalidInputError: the port is taken."""
    listen(settings.host, settings.port).close()  # said once, here, and not by a child again and again
    worker_token(settings)  # made before two processes would make it at once
    stop = threading.Event()
    with _stopping_signals(stop):
        return _run(settings, stop)


def _run(settings: Settings, stop: threading.Event) -> int:
    web = Child("web process", _command("web"), has_heartbeat=False)
    workers = [Child(f"worker {n}", _command("worker"), has_heartbeat=True) for n in range(1, settings.workers + 1)]
    runs_jobs = settings.job_workers or settings.training_workers
    jobs = [Child("job consumer", _command("jobs"), has_heartbeat=True)] if runs_jobs else []
    children = [web, *workers]
    has_answered = False
    try:
        while not stop.is_set():
            if not has_answered and web.has_ended:
                return 1  # it has said why; trying again would only say it again
            for child in children:
                child.look(time.monotonic())
            if not has_answered and _answers(settings):
                has_answered = True
                children += jobs  # not before the web process has found the database usable
                _say(f"Moveprint is ready: http://{address_in_url(settings.host, settings.port)}", prefix="")
            stop.wait(LOOK_EVERY_S)
        return 0
    finally:
        _end_all(children)


def _end_all(children: Sequence[Child]) -> None:
    for child in children:
        child.terminate()
    until_s = time.monotonic() + END_WITHIN_S
    for child in children:
        child.end(until_s)


def _command(name: str) -> tuple[str, ...]:
    return sys.executable, "-m", "webapp", name


@contextlib.contextmanager
def _stopping_signals(stop: threading.Event) -> Iterator[None]:
    names = ("SIGTERM", "SIGINT", "SIGHUP")  # the last when the terminal is closed; Windows has none
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    before = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}  # nohup stays so
    for number in before:
        signal.signal(number, lambda *_: stop.set())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _answers(settings: Settings) -> bool:
    connection = http.client.HTTPConnection(address_in_url(settings.host, settings.port), timeout=1)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _in_seconds(delay_s: float) -> str:
    return f" in {delay_s:.1f} s" if delay_s else ""


def _say(text: str, prefix: str = "moveprint: ") -> None:
    print(f"{prefix}{text}", flush=True)  # noqa: T201  # for the person at the terminal
