"""Answering inquiries beside the working loop: one after another in a thread, while frames go on."""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Callable

from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.pipeline import wire_inquiries
from webapp.pipeline.inquiries import Inquiry, Question, Reply
from webapp.pipeline.wire import Wire

MAX_HELD = 4
"""Waiting and in work; more would only be answered when nobody waits for them any more."""
MAX_RESULT_BYTES = 2 * 2**20
"""A longer message would end the connection."""
BUSY = "the worker has too much to work out at the moment; try again in a minute"
FAILED = "the worker could not work this out; its log says why"
_log = logging.getLogger(__name__)

Send = Callable[[Reply], None]
Work = Callable[[Question], Wire]
"""The answer to a question; InvalidInputError or ModelUnavailableError where it has none."""


class Analyst:
    """One thread. Whatever becomes of an inquiry, it gets one reply."""

    def __init__(self, work: Work, max_held: int = MAX_HELD) -> None:
        self._work = work
        self._max_held = max_held
        self._waiting: deque[tuple[Inquiry, Send]] = deque()
        self._in_work = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._answer_for_ever, name="analyst", daemon=True).start()

    def ask(self, raw: object, send: Send) -> None:
        """Take in an inquiry from the wire; the reply goes to `send`, from this thread or the analyst's own."""
        inquiry_id = wire_inquiries.inquiry_id_from_wire(raw)
        try:
            inquiry = wire_inquiries.inquiry_from_wire(raw)
        except InvalidInputError as error:
            send(Reply(inquiry_id, error=str(error), refused=True))
            return
        with self._changed:
            full = len(self._waiting) + self._in_work >= self._max_held
            if not full:
                self._waiting.append((inquiry, send))
                self._changed.notify()
        if full:
            send(Reply(inquiry_id, error=BUSY))

    def forget(self) -> None:
        """The connection is a new one: nobody waits for what was asked over the old one."""
        with self._changed:
            self._waiting.clear()

    def _answer_for_ever(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                inquiry, send = self._waiting.popleft()
                self._in_work = 1
            try:
                send(self._reply(inquiry))
            except Exception:  # noqa: BLE001 the next inquiry must still be answered
                _log.exception("the reply to inquiry %s was not sent", inquiry.inquiry_id)
            with self._changed:
                self._in_work = 0

    def _reply(self, inquiry: Inquiry) -> Reply:
        try:
            result = self._work(inquiry.question)
            size = len(json.dumps(result, allow_nan=False))
            if size > MAX_RESULT_BYTES:
                raise InvalidInputError(
                    f"the answer has {size} bytes, at most {MAX_RESULT_BYTES} are sent; ask for less"
                )
            return Reply(inquiry.inquiry_id, result)
        except (InvalidInputError, ModelUnavailableError) as error:
            return Reply(inquiry.inquiry_id, error=str(error), refused=True)
        except Exception:  # noqa: BLE001 the person who waits must be told, whatever went wrong
            _log.exception("inquiry %s failed", inquiry.inquiry_id)
            return Reply(inquiry.inquiry_id, error=FAILED)
