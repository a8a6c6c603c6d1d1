"""Preparing banks beside the working loop: a large one takes seconds, in which frames and heartbeats go on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from webapp.pipeline.messages import Bank
from webapp.pipeline.stored_takes import unpacked, unpacked_negatives
from webapp.recognition.template_bank import TemplateBank, prepare_bank

_log = logging.getLogger(__name__)


class BankPreparer:
    """One thread that prepares one bank after another."""

    def __init__(self) -> None:
        self._wanted: dict[str, Bank] = {}
        self._prepared: list[tuple[str, TemplateBank]] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._prepare_for_ever, name="banks", daemon=True).start()

    def want(self, bank: Bank) -> None:
        """Prepare this bank next; an older one of the same id that still waits is not needed any more."""
        with self._changed:
            self._wanted[bank.bank_id] = bank
            self._changed.notify()

    def take_prepared(self) -> Sequence[tuple[str, TemplateBank]]:
        """The ids and banks that have become ready since the last call, the newer of one id later."""
        with self._changed:
            prepared, self._prepared = self._prepared, []
        return prepared

    def _prepare_for_ever(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted)
                bank = self._wanted.pop(next(iter(self._wanted)))
            try:
                prepared = prepare_bank(unpacked(bank), unpacked_negatives(bank)).with_flat()
            except Exception:  # noqa: BLE001 sessions go on with what they have; the next bank must still be prepared
                _log.exception("bank %s could not be prepared", bank.bank_id)
                continue
            with self._changed:
                self._prepared.append((bank.bank_id, prepared))
