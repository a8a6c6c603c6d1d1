"""A worker that does what a test says: for the faults that the real one does not have."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from webapp.core.skeleton import COCO_17
from webapp.pipeline import wire, wire_sessions
from webapp.pipeline.link import EVENTS
from webapp.pipeline.messages import FrameAnswer, LoadedModels, WorkerHello
from webapp.pipeline.ordered_client import OrderedClient

NAMESPACE = "/worker"

OnFrame = Callable[["ScriptedWorker", Any], None]


class ScriptedWorker:
    """Keeps everything it is told, in order; answers frames with `on_frame`, inquiries with `on_inquiry`."""

    def __init__(self, url: str, token: str, on_frame: OnFrame, on_inquiry: OnFrame | None = None) -> None:
        self.told: list[tuple[str, tuple[Any, ...]]] = []
        self._url = url
        self._token = token
        self._handlers = {"frame": on_frame, "poses": on_frame, "inquiry": on_inquiry}
        self._client = OrderedClient()
        self._changed = threading.Condition()
        for event in EVENTS:
            self._client.on(event, self._taker(event), namespace=NAMESPACE)

    def connect(self, hello: bool = True) -> None:
        auth = {"token": self._token}
        self._client.connect(self._url, auth=auth, namespaces=[NAMESPACE], transports=["websocket"], wait_timeout=10)
        if hello:
            models = LoadedModels("whole_frame", "scripted_pose", "none", COCO_17)
            self.send("hello", wire_sessions.hello_to_wire(WorkerHello("scripted", models)))

    def send(self, event: str, *payload: object) -> None:
        self._client.emit(event, payload, namespace=NAMESPACE)

    def answer_nobody(self, frame: Any, events: tuple[object, ...] = ()) -> None:
        answer = FrameAnswer(frame["session_id"], frame["frame_id"], 640, 480, (), {"total": 1.0})
        self.send("answer", wire.answer_to_wire(answer), list(events))

    def of(self, event: str) -> list[tuple[Any, ...]]:
        return [arguments for told, arguments in list(self.told) if told == event]

    def wait_for(self, happened: Callable[[], bool], timeout_s: float = 20) -> None:
        with self._changed:
            assert self._changed.wait_for(happened, timeout_s), f"did not happen; told: {self.told[-3:]!r:.500}"

    def wait_for_end(self, timeout_s: float = 20) -> None:
        """Return once the server has ended the connection."""
        reader = self._client.eio.read_loop_task
        if reader is not None:
            reader.join(timeout_s)
        assert self._client.eio.state != "connected"

    def close(self) -> None:
        self._client.disconnect()

    def _taker(self, event: str) -> Callable[..., None]:
        def take(*arguments: Any) -> None:
            with self._changed:
                self.told.append((event, arguments))
                self._changed.notify_all()
            handler = self._handlers.get(event)
            if handler is not None:
                handler(self, arguments[0])

        return take
