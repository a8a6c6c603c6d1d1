"""Answers that only a worker can work out: asked for once, and kept while the person's actions stay as they are."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from webapp.core.errors import MoveprintError
from webapp.db.base import db
from webapp.pipeline.inquiries import Question

EXTENSION = "moveprint_analysis"
MAX_KEPT = 64

Result = dict[str, object]
Ask = Callable[[Question], Result]


class WorkerUnavailableError(MoveprintError):
    """No worker can work this out at the moment; the text says what to do. HTTP 503."""


class Analysis:
    """Asks a worker and keeps the newest answers; one asked for twice at a time is worked out once."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._kept: OrderedDict[Hashable, Result] = OrderedDict()
        self._asking: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def answer(self, key: Hashable, question: Callable[[], Question]) -> Result:
        """The answer kept under this key, else a worker's. The key holds the bank number, so that it is never stale.

        WorkerUnavailableError where no worker answers; InvalidInputError where the question has no answer.
        """
        with self._lock:
            asking = self._asking.setdefault(key, threading.Lock())
        db.session.rollback()  # no connection of the database is held while waiting
        try:
            with asking:
                with self._lock:
                    kept = self._kept.get(key)
                if kept is not None:
                    return kept
                asked = question()
                db.session.rollback()
                return self._keep(key, self._ask(asked))
        finally:
            with self._lock:
                self._asking.pop(key, None)

    def fresh(self, question: Question) -> Result:
        """A worker's answer now, which is not kept. Errors as above."""
        db.session.rollback()
        return self._ask(question)

    def _keep(self, key: Hashable, result: Result) -> Result:
        with self._lock:
            self._kept[key] = result
            while len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        return result
