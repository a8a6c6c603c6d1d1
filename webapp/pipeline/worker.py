"""The worker process: comes in as a client of the web process, recognises what it is sent, one frame at a time.

Threads: the link's keep the connection and fill the inbox; one prepares banks; one loads models; one works out what it
is asked; the main thread does all the rest. So a slow step never stops the connection's own heartbeat, while the
supervisor's comes from the working loop and stops when that hangs.
"""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.lifeline import beat, end_with_parent
from webapp.listener import address_in_url
from webapp.pipeline import wire, wire_inquiries, wire_sessions, wire_stream
from webapp.pipeline.access import worker_token
from webapp.pipeline.analyses import analysed
from webapp.pipeline.analyst import Analyst
from webapp.pipeline.bank_preparer import BankPreparer
from webapp.pipeline.inbox import STREAM_EVENTS, Inbox, Item
from webapp.pipeline.link import CONNECTED, Link, keep_connected
from webapp.pipeline.messages import (
    ModelChoice,
    ModelsAsked,
    ModelsReady,
    ModelsRefused,
    SessionEvent,
    SessionNote,
    StreamMessage,
    WorkerHello,
)
from webapp.pipeline.models import ModelLoader, Models
from webapp.pipeline.pipeline import SessionPipeline
from webapp.pipeline.shelf import ModelShelf
from webapp.recognition.compatibility import incompatibility, unrecognised
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
    loader, choice = ModelLoader(settings), ModelChoice(settings.detector, settings.pose_model)
    models = loader.load()  # before the shelf's thread begins
    analyst = Analyst(partial(analysed, settings=settings))
    worker = Worker(models, _worker_id(), analyst, ModelShelf(loader.load), choice)
    work(inbox, worker, beat if settings.supervised else _no_beat)
    return 0


def work(inbox: Inbox[Link], worker: Worker, heartbeat: Callable[[], None]) -> None:
    """The working loop; it ends only with the process."""
    beaten_s = float("-inf")
    while True:
        if time.monotonic() - beaten_s >= BEAT_EVERY_S:
            beaten_s = time.monotonic()
            heartbeat()
        item = inbox.get(timeout_s=BEAT_EVERY_S / 2)
        if item is None:
            worker.catch_up()
        else:
            worker.take(item)


@dataclass
class _Session:
    """link: where what becomes of the models asked for is told. asked: what it waits for, if anything. note: what was
    told of actions that it cannot recognise.
    """

    session_id: str
    link: Link
    bank_id: str
    pipeline: SessionPipeline
    asked: ModelsAsked | None = None
    has_begun: bool = False
    note: str | None = None


class Worker:
    """The sessions of one worker, the banks they are recognised against and the models that find their people.

    models: those of its own settings, which the settings call `choice`.
    """

    def __init__(
        self, models: Models, worker_id: str, analyst: Analyst, shelf: ModelShelf, choice: ModelChoice | None = None
    ) -> None:
        self._models = models
        self._own = {choice, models.names}
        self._worker_id = worker_id
        self._preparer = BankPreparer()
        self._shelf = shelf
        self._analyst = analyst
        self._banks: dict[str, TemplateBank | None] = {}  # None while the first of that id is being prepared
        self._sessions: dict[str, _Session] = {}

    def take(self, item: Item[Link]) -> None:
        """Do what one message asks for. Whatever is wrong with it is logged, and a frame is answered all the same.

        Banks and models that have become ready take effect before it.
        """
        self.catch_up()
        handlers: dict[str, Callable[..., None]] = {
            CONNECTED: self._begin,
            "bank": self._bank,
            "session_opened": self._open,
            "session_models": self._change_models,
            "follow": self._follow,
            "session_closed": self._close,
            "frame": self._frame,
            "poses": self._poses,
            "inquiry": self._inquire,
        }
        try:
            handlers[item.event](item.link, *item.arguments)
        except InvalidInputError as error:
            self._refuse(item, str(error))
        except Exception:  # noqa: BLE001 one bad frame or bank must not take the other sessions with it
            _log.exception("%s failed", item.event)
            self._refuse(item, FAILED)

    def catch_up(self) -> None:
        """Use the banks and models that have become ready; to be called now and then."""
        for prepared_id, prepared in self._preparer.take_prepared():
            if prepared_id not in self._banks:  # forgotten meanwhile
                continue
            self._banks[prepared_id] = prepared
            for session in self._sessions.values():
                if session.bank_id == prepared_id:
                    session.pipeline.set_bank(prepared)
                    _tell_note(session)
        for choice, result in self._shelf.take_settled():
            for session in self._sessions.values():
                if session.asked is not None and session.asked.models == choice:
                    self._settle(session, session.asked, result)

    def _begin(self, link: Link) -> None:
        self._banks.clear()
        self._sessions.clear()
        self._want_what_is_asked()
        self._analyst.forget()
        link.send("hello", wire_sessions.hello_to_wire(WorkerHello(self._worker_id, self._models.loaded)))

    def _bank(self, _link: Link, raw: object) -> None:
        bank = wire.bank_from_wire(raw)
        self._banks.setdefault(bank.bank_id, None)  # until the new one is ready, an older one goes on
        self._preparer.want(bank)

    def _open(self, link: Link, raw: object) -> None:
        opened = wire_sessions.session_from_wire(raw)
        if opened.bank_id not in self._banks:
            raise InvalidInputError(f"session {opened.session_id} begins with the unknown bank {opened.bank_id!r}")
        pipeline = SessionPipeline(self._models, opened.session_id, self._banks[opened.bank_id])
        session = self._sessions[opened.session_id] = _Session(opened.session_id, link, opened.bank_id, pipeline)
        if opened.models is not None:  # until they are loaded, frames are answered by the worker's own
            self._ask(session, ModelsAsked(opened.session_id, opened.models))
        session.has_begun = session.asked is None
        _tell_note(session)

    def _change_models(self, _link: Link, raw: object) -> None:
        asked = wire_sessions.models_asked_from_wire(raw)
        self._ask(self._session(asked.session_id), asked)

    def _ask(self, session: _Session, asked: ModelsAsked) -> None:
        session.asked = asked
        choice = asked.models
        models = self._models if choice is None or choice in self._own else self._shelf.get(choice)
        self._want_what_is_asked()
        if models is not None:
            self._settle(session, asked, models)

    def _want_what_is_asked(self) -> None:
        """Of wishes that follow each other faster than models are loaded, all but the last are skipped."""
        self._shelf.want_only({each.asked.models for each in self._sessions.values() if each.asked is not None})

    def _settle(self, session: _Session, asked: ModelsAsked, result: Models | str) -> None:
        """Change the models of a session between two frames, or say why not."""
        result = self._checked(session, result)
        session.asked, session.has_begun = None, True
        if isinstance(result, Models):
            if result is not session.pipeline.models:
                session.pipeline.set_models(result)
            ready = ModelsReady(asked.session_id, asked.models, result.loaded)
            told = wire_sessions.models_ready_to_wire(ready)
        else:
            told = wire_sessions.models_refused_to_wire(ModelsRefused(asked.session_id, asked.models, result))
        session.link.send("session_models", told)
        _tell_note(session)

    def _checked(self, session: _Session, result: Models | str) -> Models | str:
        """The models, or why they cannot be had: a running session keeps what can recognise its actions."""
        bank = session.pipeline.bank
        if isinstance(result, str) or bank is None or not session.has_begun:
            return result
        return incompatibility(bank.actions, result.loaded.skeleton, result.loaded.pose_model) or result

    def _follow(self, _link: Link, raw: object) -> None:
        follow = wire_sessions.follow_from_wire(raw)
        self._session(follow.session_id).pipeline.follow(follow.person_id)

    def _close(self, link: Link, raw: object) -> None:
        session_id = wire_sessions.session_id_from_wire(raw)
        session = self._sessions.pop(session_id, None)
        if session is None:
            return
        self._want_what_is_asked()
        if all(other.bank_id != session.bank_id for other in self._sessions.values()):
            self._banks.pop(session.bank_id, None)  # the web process sends it again with the next session that needs it
        events = session.pipeline.flush()
        if events:
            link.send("events", {"session_id": session_id}, _events_to_wire(events))

    def _frame(self, link: Link, raw: object, jpeg: object) -> None:
        self._answer(link, wire_stream.frame_from_wire(raw, jpeg))

    def _poses(self, link: Link, raw: object, packed: object) -> None:
        self._answer(link, wire_stream.poses_from_wire(raw, packed))

    def _answer(self, link: Link, message: StreamMessage) -> None:
        session = self._session(message.session_id)
        try:
            answer, events = session.pipeline.step(message)
        except InvalidInputError:
            raise
        except Exception:
            # whatever state the fault has left behind must not spoil the frames to come
            bank = self._banks[session.bank_id]
            session.pipeline = SessionPipeline(session.pipeline.models, message.session_id, bank)
            raise
        link.send("answer", wire.answer_to_wire(answer), _events_to_wire(events))

    def _inquire(self, link: Link, raw: object) -> None:
        self._analyst.ask(raw, lambda reply: link.send("reply", wire_inquiries.reply_to_wire(reply)))

    def _session(self, session_id: str) -> _Session:
        session = self._sessions.get(session_id)
        if session is None:
            raise InvalidInputError("the session is not known to the worker")
        return session

    def _refuse(self, item: Item[Link], reason: str) -> None:
        if item.event in STREAM_EVENTS:
            item.link.refuse(item, reason)
        else:
            _log.warning("%s was not accepted: %s", item.event, reason)


def _tell_note(session: _Session) -> None:
    """Say which actions the session cannot recognise, where that is news, and nothing is being loaded."""
    bank, loaded = session.pipeline.bank, session.pipeline.models.loaded
    if bank is None or session.asked is not None:
        return
    sentence = unrecognised(bank.actions, loaded.skeleton, loaded.pose_model)
    if sentence != session.note:
        session.note = sentence
        note = SessionNote(session.session_id, sentence)
        session.link.send("session_note", wire_sessions.note_to_wire(note))


def _events_to_wire(events: Sequence[SessionEvent]) -> list[wire.Wire]:
    return [wire.event_to_wire(event) for event in events]


def _worker_id() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def _no_beat() -> None:
    """Nobody listens."""
