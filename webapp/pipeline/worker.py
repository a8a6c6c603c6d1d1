"""The worker process: comes in as a client of the web process, recognises what it is sent, one frame at a time.

Threads: the link's keep the connection and fill the inbox; one prepares banks; one works out what it is asked; the
main thread does all the rest. So a slow step never stops the connection's own heartbeat, while the supervisor's comes
from the working loop and stops when that hangs.
"""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable, Sequence

from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.lifeline import beat, end_with_parent
from webapp.listener import address_in_url
from webapp.pipeline import wire, wire_inquiries
from webapp.pipeline.access import worker_token
from webapp.pipeline.analyses import analysed
from webapp.pipeline.analyst import Analyst
from webapp.pipeline.bank_preparer import BankPreparer
from webapp.pipeline.inbox import Inbox, Item
from webapp.pipeline.link import CONNECTED, Link, keep_connected
from webapp.pipeline.messages import SessionEvent, WorkerHello
from webapp.pipeline.pipeline import Models, SessionPipeline, load_models
from webapp.recognition.template_bank import TemplateBank

BEAT_EVERY_S = 1.0
FAILED = "the worker failed on this frame"
_log = logging.getLogger(__name__)


def run_worker(settings: Settings, url: str | None = None, token_file: str | None = None) -> int:
    """Work until the process is ended. ModelUnavailableError when a model cannot be loaded."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s worker %(levelname)s %(message)s")
    if settings.supervised:
        end_with_parent()
    inbox: Inbox[Link] = Inbox()
    url = url or f"http://{address_in_url(settings.host, settings.port)}"
    keep_connected(url, lambda: worker_token(settings, token_file), inbox)  # while the models load
    work(
        inbox, Worker(load_models(settings), _worker_id(), Analyst(analysed)), beat if settings.supervised else _no_beat
    )
    return 0


def work(inbox: Inbox[Link], worker: Worker, heartbeat: Callable[[], None]) -> None:
    """The working loop; it ends only with the process."""
    beaten_s = float("-inf")
    while True:
        if time.monotonic() - beaten_s >= BEAT_EVERY_S:
            beaten_s = time.monotonic()
            heartbeat()
        item = inbox.get(timeout_s=BEAT_EVERY_S / 2)
        if item is not None:
            worker.take(item)


class Worker:
    """The sessions of one worker and the banks they are recognised against."""

    def __init__(self, models: Models, worker_id: str, analyst: Analyst) -> None:
        self._models = models
        self._worker_id = worker_id
        self._preparer = BankPreparer()
        self._analyst = analyst
        self._banks: dict[str, TemplateBank | None] = {}  # None while the first of that id is being prepared
        self._bank_of: dict[str, str] = {}
        self._pipelines: dict[str, SessionPipeline] = {}

    def take(self, item: Item[Link]) -> None:
        """Do what one message asks for. Whatever is wrong with it is logged, and a frame is answered all the same.

        Banks that have become ready take effect before it.
        """
        self._use_prepared()
        handlers: dict[str, Callable[..., None]] = {
            CONNECTED: self._begin,
            "bank": self._bank,
            "session_opened": self._open,
            "session_closed": self._close,
            "frame": self._frame,
            "inquiry": self._inquire,
        }
        try:
            handlers[item.event](item.link, *item.arguments)
        except InvalidInputError as error:
            self._refuse(item, str(error))
        except Exception:  # noqa: BLE001 one bad frame or bank must not take the other sessions with it
            _log.exception("%s failed", item.event)
            self._refuse(item, FAILED)

    def _begin(self, link: Link) -> None:
        self._banks.clear()
        self._bank_of.clear()
        self._pipelines.clear()
        self._analyst.forget()
        link.send("hello", wire.hello_to_wire(self._hello()))

    def _bank(self, _link: Link, raw: object) -> None:
        bank = wire.bank_from_wire(raw)
        self._banks.setdefault(bank.bank_id, None)  # until the new one is ready, an older one goes on
        self._preparer.want(bank)

    def _use_prepared(self) -> None:
        for prepared_id, prepared in self._preparer.take_prepared():
            if prepared_id not in self._banks:  # forgotten meanwhile
                continue
            self._banks[prepared_id] = prepared
            for session_id, bank_id in self._bank_of.items():
                if bank_id == prepared_id:
                    self._pipelines[session_id].set_bank(prepared)

    def _open(self, _link: Link, raw: object) -> None:
        session = wire.session_from_wire(raw)
        if session.bank_id not in self._banks:
            raise InvalidInputError(f"session {session.session_id} begins with the unknown bank {session.bank_id!r}")
        self._bank_of[session.session_id] = session.bank_id
        self._pipelines[session.session_id] = self._new_pipeline(session.session_id)

    def _close(self, link: Link, raw: object) -> None:
        session_id = wire.session_id_from_wire(raw)
        pipeline = self._pipelines.pop(session_id, None)
        bank_id = self._bank_of.pop(session_id, None)
        if bank_id is not None and bank_id not in self._bank_of.values():
            self._banks.pop(bank_id, None)  # the web process sends it again with the next session that needs it
        if pipeline is not None:
            events = pipeline.flush()
            if events:
                link.send("events", {"session_id": session_id}, _events_to_wire(events))

    def _frame(self, link: Link, raw: object, jpeg: object) -> None:
        frame = wire.frame_from_wire(raw, jpeg)
        pipeline = self._pipelines.get(frame.session_id)
        if pipeline is None:
            raise InvalidInputError("the session is not known to the worker")
        try:
            answer, events = pipeline.step(frame)
        except InvalidInputError:
            raise
        except Exception:
            # whatever state the fault has left behind must not spoil the frames to come
            self._pipelines[frame.session_id] = self._new_pipeline(frame.session_id)
            raise
        link.send("answer", wire.answer_to_wire(answer), _events_to_wire(events))

    def _inquire(self, link: Link, raw: object) -> None:
        self._analyst.ask(raw, lambda reply: link.send("reply", wire_inquiries.reply_to_wire(reply)))

    def _new_pipeline(self, session_id: str) -> SessionPipeline:
        return SessionPipeline(self._models, session_id, self._banks[self._bank_of[session_id]])

    def _refuse(self, item: Item[Link], reason: str) -> None:
        if item.event == "frame":
            item.link.refuse(item, reason)
        else:
            _log.warning("%s was not accepted: %s", item.event, reason)

    def _hello(self) -> WorkerHello:
        models = self._models
        return WorkerHello(self._worker_id, models.detector, models.pose_model, models.skeleton.name, models.runtime)


def _events_to_wire(events: Sequence[SessionEvent]) -> list[wire.Wire]:
    return [wire.event_to_wire(event) for event in events]


def _worker_id() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def _no_beat() -> None:
    """Nobody listens."""
