"""A browser's part without a browser: logs in over HTTP, then sends frames over `/live` and collects the answers."""

from __future__ import annotations

import http.cookiejar
import json
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from webapp.core.errors import MoveprintError
from webapp.pipeline.ordered_client import OrderedClient

NAMESPACE = "/live"
_PAGE_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
_CSRF = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def log_in(url: str, username: str, password: str) -> str:
    """The Cookie header of a fresh login."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    with opener.open(f"{url}/login", timeout=10) as page:
        token = _CSRF.search(page.read().decode())
    fields = {"identity": username, "password": password, "csrf_token": token.group(1) if token else ""}
    with opener.open(f"{url}/login", urllib.parse.urlencode(fields).encode(), timeout=10) as answer:
        if urllib.parse.urlsplit(answer.url).path.startswith("/login"):
            raise MoveprintError(f"{username} could not log in at {url}")
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def post_json(url: str, cookie: str, path: str, body: object) -> Any:
    """What a page's own script does: a JSON request with the page's token; the answer."""
    headers = {"Cookie": cookie}
    with urllib.request.urlopen(urllib.request.Request(f"{url}/actions/", headers=headers), timeout=30) as page:  # noqa: S310
        token = _PAGE_TOKEN.search(page.read().decode())
    headers |= {"X-CSRFToken": token.group(1) if token else "", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}{path}", json.dumps(body).encode(), headers, method="POST")  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # http by construction
        return json.loads(answer.read())


def answers_http(url: str) -> bool:
    """Whether a web server answers there at all."""
    try:
        urllib.request.urlopen(f"{url}/login", timeout=1).close()  # noqa: S310  # http by construction
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@dataclass(frozen=True)
class Answer:
    """What came back for one frame: event is result or drop; times by time.perf_counter."""

    event: str
    payload: dict[str, object]
    sent_s: float
    received_s: float

    @property
    def round_trip_ms(self) -> float:
        return (self.received_s - self.sent_s) * 1000


@dataclass
class LiveClient:
    """One connection to `/live`. Answers and notices are kept in the order in which they came."""

    url: str
    cookie: str
    on_answer: Callable[[Answer], None] | None = None
    purpose: str = "live"
    answers: list[Answer] = field(default_factory=list)
    notices: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    ready: dict[str, object] | None = None
    _sent_s: dict[object, float] = field(default_factory=dict)
    _client: OrderedClient = field(default_factory=OrderedClient)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def connect(self) -> dict[str, object]:
        """Connect and wait for `ready`. socketio ConnectionError when refused."""
        for event in ("result", "drop"):
            self._client.on(event, self._taker(event), namespace=NAMESPACE)
        for event in ("ready", "worker", "models_refused", "notice", "actions_changed"):
            self._client.on(event, self._noter(event), namespace=NAMESPACE)
        headers = {"Cookie": self.cookie}
        auth = {"purpose": self.purpose}
        self._client.connect(self.url, headers, auth, namespaces=[NAMESPACE], transports=["websocket"], wait_timeout=10)
        self.wait_for(lambda: self.ready is not None, "ready")
        return self.ready or {}

    @property
    def connected(self) -> bool:
        return bool(self._client.connected)

    @property
    def in_flight(self) -> int:
        return len(self._sent_s)

    def send(self, frame_id: int, time_s: float, jpeg: bytes) -> None:
        self._sent_s[frame_id] = time.perf_counter()
        self._client.emit("frame", ({"frame_id": frame_id, "time_s": time_s}, jpeg), namespace=NAMESPACE)

    def send_poses(self, described: dict[str, object], packed: bytes) -> None:
        self._sent_s[described["frame_id"]] = time.perf_counter()
        self._client.emit("poses", (described, packed), namespace=NAMESPACE)

    def choose_models(self, detector: str, pose_model: str) -> None:
        self.send_raw({"detector": detector, "pose_model": pose_model}, event="models")

    def send_raw(self, *arguments: object, event: str = "frame") -> None:
        """An event with whatever arguments."""
        self._client.emit(event, arguments, namespace=NAMESPACE)

    def wait_for(self, happened: Callable[[], bool], what: str, timeout_s: float = 30) -> None:
        """Return once it has happened; TimeoutError when it does not."""
        with self._changed:
            if not self._changed.wait_for(happened, timeout_s):
                raise TimeoutError(f"{what} did not come within {timeout_s} s; last: {self.notices[-3:]}")

    def wait_for_worker(self, *states: str, timeout_s: float = 60) -> None:
        """Return once a worker is there."""
        self.wait_for(lambda: self._worker_state() in states, f"worker {states}", timeout_s)

    def close(self) -> None:
        self._client.disconnect()

    def cut(self) -> None:
        """End the connection without a word, as a network does."""
        self._client.eio.ws.sock.close()

    def _worker_state(self) -> object:
        described = [payload for event, payload in self.notices if event == "worker"]
        if not described and self.ready is not None:
            described = [dict(self.ready["worker"])]  # type: ignore[call-overload]  # an object by the protocol
        return described[-1]["state"] if described else None

    def _taker(self, event: str) -> Callable[[dict[str, object]], None]:
        def take(payload: dict[str, object]) -> None:
            received_s = time.perf_counter()
            answer = Answer(event, payload, self._sent_s.pop(payload["frame_id"], received_s), received_s)
            with self._changed:
                self.answers.append(answer)
                self._changed.notify_all()
            if self.on_answer is not None:
                self.on_answer(answer)

        return take

    def _noter(self, event: str) -> Callable[[dict[str, object]], None]:
        def note(payload: dict[str, object]) -> None:
            with self._changed:
                self.notices.append((event, payload))
                if event == "ready":
                    self.ready = payload
                self._changed.notify_all()

        return note
