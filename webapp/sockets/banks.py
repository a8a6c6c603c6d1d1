"""The banks that open sessions are recognised against, and which of them each worker has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from webapp.pipeline import wire
from webapp.pipeline.messages import Bank


class Banks:
    """Keeps a bank as long as a session needs it, and sends it to the workers of those sessions, each number once.

    To be called with the bus's lock held, except is_used and number. worker_of: the worker of a session, None while
    it has none; tell: worker, event, payload.
    """

    def __init__(self, worker_of: Callable[[str], str | None], tell: Callable[[str, str, object], None]) -> None:
        self._worker_of, self._tell = worker_of, tell
        self._banks: dict[str, Bank] = {}
        self._of_session: dict[str, str] = {}
        self._sent: defaultdict[str, dict[str, int]] = defaultdict(dict)  # per worker, the numbers it was sent last

    def open_session(self, session_id: str, bank_id: str) -> None:
        self._of_session[session_id] = bank_id

    def close_session(self, session_id: str, worker_id: str | None) -> None:
        """worker_id: the worker that the session had, if any."""
        bank_id = self._of_session.pop(session_id, None)
        if bank_id is None:
            return
        # a worker forgets a bank with the last of its sessions, so it must be sent again with the next
        if worker_id is not None and worker_id not in self._workers_with(bank_id):
            self._sent[worker_id].pop(bank_id, None)
        if not self.is_used(bank_id):
            self._banks.pop(bank_id, None)

    def keep(self, bank: Bank) -> None:
        """A bank that was loaded: it goes to every worker that needs it, unless a newer one is here already."""
        held = self._banks.get(bank.bank_id)
        if held is not None and held.number >= bank.number:
            return
        self._banks[bank.bank_id] = bank
        for worker_id in self._workers_with(bank.bank_id):
            self._bring(worker_id, bank)

    def bring(self, worker_id: str, session_id: str) -> str:
        """The worker gets the bank of a session, unless it has it; the bank's id."""
        bank = self._banks[self._of_session[session_id]]
        self._bring(worker_id, bank)
        return bank.bank_id

    def worker_lost(self, worker_id: str) -> None:
        self._sent.pop(worker_id, None)

    def is_used(self, bank_id: str) -> bool:
        """Whether an open session needs it."""
        return bank_id in list(self._of_session.values())

    def number(self, bank_id: str) -> int | None:
        """None while nobody uses it."""
        bank = self._banks.get(bank_id)
        return None if bank is None else bank.number

    def _workers_with(self, bank_id: str) -> set[str]:
        sessions = (session_id for session_id, used in self._of_session.items() if used == bank_id)
        return {worker_id for session_id in sessions if (worker_id := self._worker_of(session_id))}

    def _bring(self, worker_id: str, bank: Bank) -> None:
        if self._sent[worker_id].get(bank.bank_id) != bank.number:
            self._sent[worker_id][bank.bank_id] = bank.number
            self._tell(worker_id, "bank", wire.bank_to_wire(bank))
