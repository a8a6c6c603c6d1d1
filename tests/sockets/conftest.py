"""Real servers for the tests of the sockets, one of each kind and mode for the whole session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

import cv2
import numpy as np
import pytest

from tests.sockets.scripted_worker import OnFrame, ScriptedWorker
from webapp.app import create_app
from webapp.bench.browser import LiveClient
from webapp.bench.instance import PASSWORD, Instance, children_of, end
from webapp.bench.live import SAMPLE, write_frames
from webapp.config import Settings
from webapp.db.schema import upgrade
from webapp.pipeline.access import worker_token
from webapp.services.accounts import create_account

USERS = ("alice", "bob")


@dataclass
class Server:
    """A running server and its accounts' cookies."""

    instance: Instance
    process: Popen[str]
    cookies: dict[str, str]
    connections: list[LiveClient | ScriptedWorker] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.instance.url

    @property
    def token(self) -> str:
        return worker_token(Settings(instance_dir=self.instance.folder))

    def add_account(self, username: str) -> None:
        """An account of one test's own, logged in."""
        with create_app(Settings(instance_dir=self.instance.folder)).app_context():
            create_account(username, PASSWORD)
        self.cookies[username] = self.instance.log_in(username)

    @property
    def worker_pid(self) -> int:
        """The process of the worker that was started with the server."""
        return next(child.pid for child in children_of(self.process.pid) if child.command.endswith(" worker"))

    def live(self, username: str, purpose: str = "live") -> LiveClient:
        """A connected browser of that account."""
        client = LiveClient(self.url, self.cookies[username], purpose=purpose)
        client.connect()
        self.connections.append(client)
        return client

    def worker(
        self,
        on_frame: OnFrame = ScriptedWorker.answer_nobody,
        hello: bool = True,
        on_inquiry: OnFrame | None = None,
    ) -> ScriptedWorker:
        """A connected worker of the test's own."""
        worker = ScriptedWorker(self.url, self.token, on_frame, on_inquiry)
        worker.connect(hello)
        self.connections.append(worker)
        return worker

    def close_connections(self) -> None:
        """What one test has connected must not stay for the next."""
        while self.connections:
            self.connections.pop().close()


def running(folder: Path, async_mode: str, command: str) -> Iterator[Server]:
    instance = Instance(folder, {"MOVEPRINT_ASYNC_MODE": async_mode})
    with create_app(Settings(instance_dir=folder)).app_context():  # in this process: three commands fewer to wait for
        upgrade()
        for username in USERS:
            create_account(username, PASSWORD)
    process = instance.start(command)
    try:
        instance.wait_for_http(process)
        yield Server(instance, process, {name: instance.log_in(name) for name in USERS})
    finally:
        end(process)


@pytest.fixture(scope="session", params=["eventlet", "threading"])
def async_mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def _alone(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    for name in {"web", "served"} & set(request.fixturenames):
        request.getfixturevalue(name).close_connections()


@pytest.fixture(scope="session")
def web(async_mode: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The web process alone: workers are the test's own."""
    yield from running(tmp_path_factory.mktemp(f"web-{async_mode}"), async_mode, "web")


@pytest.fixture(scope="session")
def served(async_mode: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Everything, with the real worker."""
    yield from running(tmp_path_factory.mktemp(f"served-{async_mode}"), async_mode, "serve")


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Sequence[bytes]:
    """The frames of a real video of a person."""
    if not SAMPLE.exists():
        pytest.skip("the sample clip is absent; make setup fetches it")
    folder = tmp_path_factory.mktemp("clip") / "frames"
    write_frames(SAMPLE, folder)
    return [path.read_bytes() for path in sorted(folder.iterdir())]


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    """A picture of 640x480 with nobody in it."""
    picture = np.random.default_rng(3).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    return encoded(cv2.resize(picture, (640, 480)))


def encoded(picture: np.ndarray) -> bytes:
    written, data = cv2.imencode(".jpg", picture)
    assert written
    return bytes(data.tobytes())
