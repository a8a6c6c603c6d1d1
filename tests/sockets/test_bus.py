"""The bus where two things happen at once: banks that change while they are loaded, a process that stands still."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from webapp.core.skeleton import COCO_17
from webapp.pipeline import wire_sessions
from webapp.pipeline.messages import Bank, DroppedFrame, FrameMessage, LoadedModels, StoredAction, WorkerHello
from webapp.sockets.bus import WorkerBus
from webapp.sockets.connections import Connection

HELLO = wire_sessions.hello_to_wire(WorkerHello("w1", LoadedModels("whole_frame", "scripted", "none", COCO_17)))


class HeardServer:
    """Keeps what workers are told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def emit(self, event: str, payload: object, to: str, namespace: str) -> None:
        self.told.append((event, payload))

    def bank_numbers(self) -> list[int]:
        return [payload["number"] for event, payload in self.told if event == "bank"]


class HeardRelay:
    """Keeps the frames that were dropped."""

    def __init__(self) -> None:
        self.lost: list[int] = []

    def dropped(self, frames: tuple[DroppedFrame, ...]) -> None:
        self.lost += [frame.frame_id for frame in frames]

    def worker_state(self, session_id: str, state: str, models: LoadedModels | None) -> None:
        """Nobody looks."""


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def bank(number: int) -> Bank:
    return Bank("user-1", number, (StoredAction("a1", f"name {number}", ()),))


def bus_with(load_bank: Callable[[str], Bank]) -> tuple[WorkerBus, HeardServer, HeardRelay, Clock]:
    """A bus with one ready worker."""
    server, relay, clock = HeardServer(), HeardRelay(), Clock()
    bus = WorkerBus(server, relay, load_bank, lambda: None, clock)  # type: ignore[arg-type]
    bus.worker_connected(Connection("w1", lambda: 0, lambda: None))
    bus.worker_ready("w1", HELLO)
    return bus, server, relay, clock


def test_a_change_while_a_session_loads_its_bank_reaches_the_worker() -> None:
    numbers = iter([1, 2])

    def load(_bank_id: str) -> Bank:
        loaded = bank(next(numbers))
        if loaded.number == 1:  # someone keeps a take just after this was read
            bus.bank_changed("user-1")
        return loaded

    bus, server, _, _ = bus_with(load)

    bus.open_session("s1", "user-1")

    assert server.bank_numbers()[-1] == 2
    assert bus.bank_number("user-1") == 2
    assert [event for event, _ in server.told] == ["bank", "session_opened"]


def test_a_session_whose_bank_cannot_be_loaded_leaves_nothing_behind() -> None:
    def fail(_bank_id: str) -> Bank:
        raise OSError("the database is gone")

    bus, server, _, _ = bus_with(fail)

    with pytest.raises(OSError, match="gone"):
        bus.open_session("s1", "user-1")
    bus.bank_changed("user-1")  # would load it again for a session that is there

    assert server.told == []


def test_a_session_that_ends_while_its_bank_loads_is_not_opened() -> None:
    def load(_bank_id: str) -> Bank:
        bus.close_session("s1")
        return bank(1)

    bus, server, _, _ = bus_with(load)

    bus.open_session("s1", "user-1")

    assert (server.told, bus.bank_number("user-1")) == ([], None)


def watch(bus: WorkerBus, clock: Clock, *pauses_s: float) -> None:
    for pause_s in pauses_s:
        clock.now_s += pause_s
        bus.cut_off_overdue()


def test_a_worker_is_not_cut_off_because_the_web_process_stood_still() -> None:
    bus, _, relay, clock = bus_with(lambda _bank_id: bank(1))
    bus.open_session("s1", "user-1")
    watch(bus, clock, 0.5)
    bus.submit(FrameMessage("s1", 1, 0.0, b""))

    watch(bus, clock, 0.5, 6.0)

    assert relay.lost == []
    watch(bus, clock, 0.5)
    assert relay.lost == [1]


def test_a_worker_that_hangs_is_cut_off_while_all_else_goes_on() -> None:
    bus, _, relay, clock = bus_with(lambda _bank_id: bank(1))
    bus.open_session("s1", "user-1")
    bus.submit(FrameMessage("s1", 1, 0.0, b""))

    watch(bus, clock, *[0.5] * 11)

    assert relay.lost == [1]
