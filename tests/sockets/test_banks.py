"""Which worker has which bank: each number once, for as long as a session of it needs it."""

from __future__ import annotations

import pytest

from webapp.pipeline.messages import Bank
from webapp.sockets.banks import Banks


class Desk:
    """Banks with sessions at workers, and what workers were told."""

    def __init__(self) -> None:
        self.worker_of: dict[str, str] = {}
        self.told: list[tuple[str, int]] = []
        self.banks = Banks(self.worker_of.get, self._tell)

    def _tell(self, worker_id: str, event: str, payload: object) -> None:
        assert event == "bank"
        assert isinstance(payload, dict)
        self.told.append((worker_id, payload["number"]))

    def begin(self, session_id: str, worker_id: str) -> None:
        self.banks.open_session(session_id, "user-1")
        self.banks.keep(Bank("user-1", 1, ()))
        self.worker_of[session_id] = worker_id
        self.banks.bring(worker_id, session_id)

    def close(self, session_id: str) -> None:
        self.banks.close_session(session_id, self.worker_of.pop(session_id))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_two_sessions_at_one_worker_send_it_their_bank_once(desk: Desk) -> None:
    desk.begin("s1", "w1")
    desk.begin("s2", "w1")
    desk.begin("s3", "w2")

    assert desk.told == [("w1", 1), ("w2", 1)]


def test_a_newer_bank_goes_to_every_worker_and_an_older_one_to_none(desk: Desk) -> None:
    desk.begin("s1", "w1")
    desk.begin("s2", "w2")
    desk.told.clear()

    desk.banks.keep(Bank("user-1", 3, ()))
    desk.banks.keep(Bank("user-1", 2, ()))

    assert sorted(desk.told) == [("w1", 3), ("w2", 3)]
    assert desk.banks.number("user-1") == 3


def test_a_worker_is_sent_a_bank_again_after_the_last_of_its_sessions(desk: Desk) -> None:
    desk.begin("s1", "w1")
    desk.begin("s2", "w2")

    desk.close("s1")
    desk.begin("s3", "w1")

    assert desk.told == [("w1", 1), ("w2", 1), ("w1", 1)]


def test_a_worker_that_came_back_is_sent_it_again(desk: Desk) -> None:
    desk.begin("s1", "w1")

    desk.banks.worker_lost("w1")
    desk.banks.bring("w1", "s1")

    assert desk.told == [("w1", 1), ("w1", 1)]


def test_nobody_is_left_and_the_bank_is_forgotten(desk: Desk) -> None:
    desk.begin("s1", "w1")

    desk.close("s1")

    assert not desk.banks.is_used("user-1")
    assert desk.banks.number("user-1") is None
