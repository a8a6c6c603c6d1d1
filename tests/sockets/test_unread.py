"""A browser that does not read what it is sent: it is not read from either, and in the end cut off."""

from __future__ import annotations

from collections.abc import Iterable

from webapp.config import Settings
from webapp.pipeline.messages import FrameMessage
from webapp.sockets.connections import Connection
from webapp.sockets.live import LiveNamespace
from webapp.sockets.sessions import LiveSession, LiveSessions, session_rates

FRAME = ({"frame_id": 1, "time_s": 0.0}, b"\xff\xd8\xff a picture")


class Sleeper:
    """Socket.IO as far as the namespace sleeps with it: time passes at once."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


class HeardBus:
    """Keeps the frames that were let through."""

    def __init__(self) -> None:
        self.frames: list[FrameMessage] = []

    def submit(self, frame: FrameMessage) -> None:
        self.frames.append(frame)


def send_one_frame(unsent_packets: Iterable[int]) -> tuple[HeardBus, list[str], float]:
    """Send a frame over a connection that has these numbers of unread packets, look after look."""
    time, bus, sessions, cuts, looks = Sleeper(), HeardBus(), LiveSessions(), list[str](), iter(unsent_packets)
    connection = Connection("s1", lambda: next(looks), lambda: cuts.append("cut"))
    sessions.open(LiveSession("s1", 7, connection, session_rates(60, lambda: 0.0)))
    namespace = LiveNamespace(sessions, bus, None, Settings(), clock=lambda: time.now_s)  # type: ignore[arg-type]
    namespace.socketio = time
    namespace.trigger_event("frame", "s1", *FRAME)
    return bus, cuts, time.now_s


def test_a_frame_is_taken_at_once_while_answers_are_read() -> None:
    bus, cuts, waited_s = send_one_frame([16])

    assert (len(bus.frames), cuts, waited_s) == (1, [], 0)


def test_a_frame_waits_until_the_browser_has_read_its_answers() -> None:
    bus, cuts, waited_s = send_one_frame([20, 19, 18, 17, 16])

    assert (len(bus.frames), cuts) == (1, [])
    assert 0 < waited_s < 1


def test_a_browser_that_reads_nothing_for_10_s_is_cut_off() -> None:
    bus, cuts, waited_s = send_one_frame([17] * 10_000)

    assert (len(bus.frames), cuts) == (0, ["cut"])
    assert 10 < waited_s < 10.1
