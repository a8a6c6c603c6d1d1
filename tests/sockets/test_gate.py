"""What a connection may send and keep before anyone looks at it: honest sessions are answered whatever strangers do."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import websocket

from tests.events import announced
from tests.sockets.asking import ask, ask_until_result
from tests.sockets.conftest import Server
from tests.sockets.scripted_worker import ScriptedWorker
from webapp.core.errors import InvalidInputError
from webapp.pipeline import wire
from webapp.sockets.gate import JOIN_WITHIN_S, Gate
from webapp.sockets.packets import BoundedPacket

FRAME = '["frame",{"frame_id":1,"time_s":0},{"_placeholder":true,"num":0}]'
FRAGMENT = bytes(2**20 + 1)


def knock(server: Server, cookie: str = "") -> websocket.WebSocket:
    """A connection that speaks Engine.IO by hand and has joined nothing."""
    address = server.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    connection = websocket.create_connection(address, timeout=20, cookie=cookie or None)
    connection.recv()
    return connection


def ends(connection: websocket.WebSocket, timeout_s: float = 8) -> bool:
    """Whether the server ends the connection; soon, for after 20 s it would anyway: nobody answers its pings."""
    until_s = time.monotonic() + timeout_s
    connection.settimeout(timeout_s)
    try:
        while time.monotonic() < until_s:
            frame = connection.recv_frame()  # type: ignore[no-untyped-call]  # websocket-client has few types
            if frame.opcode == websocket.ABNF.OPCODE_CLOSE:
                return True
    except websocket.WebSocketTimeoutException:
        return False
    except (websocket.WebSocketException, OSError):
        return True
    return False


def join_live(server: Server, username: str) -> websocket.WebSocket:
    """A logged-in connection that is in `/live`."""
    connection = knock(server, server.cookies[username])
    connection.send("40/live,")
    while "ready" not in str(connection.recv()):
        pass
    return connection


def send_fragments(connection: websocket.WebSocket, fragments: int) -> None:
    """The beginning of a message that never ends; stops where the server has had enough."""
    try:
        for number in range(fragments):
            opcode = websocket.ABNF.OPCODE_CONT if number else websocket.ABNF.OPCODE_BINARY
            connection.send_frame(websocket.ABNF.create_frame(FRAGMENT, opcode, fin=0))
    except (websocket.WebSocketException, OSError):
        pass  # cut off while sending, which is what is wanted


def test_a_message_in_fragments_is_held_to_the_limit_of_a_whole_one(web: Server, jpeg: bytes) -> None:
    web.worker()
    honest = web.live("alice")
    ask_until_result(honest, jpeg)
    stranger = knock(web)

    send_fragments(stranger, 4)

    assert ask(honest, jpeg).event == "result"
    assert ends(stranger)
    assert ask(honest, jpeg).event == "result"


@pytest.mark.parametrize("packet", ["59999999-/live,", "52-/live,", "69999999-/live,1", "59999999-/worker,", "51-"])
def test_announcing_attachments_that_no_event_has_ends_the_connection(web: Server, packet: str) -> None:
    greedy = join_live(web, "bob")

    greedy.send(f"4{packet}{FRAME}")

    assert ends(greedy)


@pytest.mark.parametrize(
    "packet", ['2/live,["connect"]', '2/live,["disconnect"]', "2/live,{}", "2/live,[]", "2/live,[[]]", "x", ""]
)
def test_what_is_no_event_ends_the_connection(web: Server, packet: str) -> None:
    bad = join_live(web, "bob")

    bad.send(f"4{packet}")

    assert ends(bad)


def test_text_in_place_of_an_attachment_ends_the_connection(web: Server) -> None:
    bad = join_live(web, "bob")

    bad.send(f"451-/live,{FRAME}")
    bad.send("4text")

    assert ends(bad)


def test_only_our_namespaces_can_be_joined(web: Server) -> None:
    stranger = knock(web)

    stranger.send("40")

    assert "Unable to connect" in str(stranger.recv())


def test_an_account_has_at_most_8_live_views(web: Server) -> None:
    web.add_account("gina")
    clients = [web.live("gina") for _ in range(8)]
    ninth = knock(web, web.cookies["gina"])

    ninth.send("40/live,")

    assert "8 live views" in str(ninth.recv())
    assert web.live("alice").ready
    clients.pop().close()
    assert web.live("gina").ready
    assert all(client.connected for client in clients)


def test_a_worker_may_tell_of_many_events_at_once(web: Server, jpeg: bytes) -> None:
    def tell(worker: ScriptedWorker, frame: Any) -> None:
        session_id = frame["session_id"]
        told = [replace(announced(f"{session_id}-{number}"), session_id=session_id) for number in range(20)]
        worker.answer_nobody(frame, tuple(wire.event_to_wire(event) for event in told))

    web.worker(tell)

    events: Any = ask_until_result(web.live("alice"), jpeg).payload["events"]

    assert len({event["event_key"] for event in events}) == 20


def test_the_attachments_of_one_packet_are_bounded_together() -> None:
    packet = BoundedPacket(encoded_packet='520-/worker,["events",{},[]]')
    piece = bytes(3 * 2**20)

    for _ in range(10):
        packet.add_attachment(piece)

    with pytest.raises(InvalidInputError, match="exceed"):
        packet.add_attachment(piece)


class SocketIO:
    """Socket.IO's server as far as the gate knows it."""

    reason = SimpleNamespace(SERVER_DISCONNECT="server disconnect")

    def __init__(self) -> None:
        self.joined: set[str] = set()
        self.environ: dict[str, dict[str, object]] = {}
        self.closed: list[str] = []
        self.manager = SimpleNamespace(sid_from_eio_sid=lambda eio_sid, _namespace: eio_sid in self.joined)
        self.eio = SimpleNamespace(handlers={"message": None}, on=lambda _event, _handler: None, sockets={})

    def connect(self, eio_sid: str) -> None:
        self.environ[eio_sid] = {}
        self.eio.sockets[eio_sid] = SimpleNamespace(close=lambda **_: self._close(eio_sid))

    def _close(self, eio_sid: str) -> None:
        self.closed.append(eio_sid)
        del self.environ[eio_sid]


def test_a_connection_that_joins_nothing_for_10_s_is_cut() -> None:
    server, now_s = SocketIO(), [0.0]
    gate = Gate(server, ("/live", "/worker"), lambda: now_s[0])
    for name in ("silent", "honest", "leaving"):
        server.connect(name)
    server.joined = {"leaving"}

    gate.cut_strangers()
    server.joined = {"honest"}
    now_s[0] += JOIN_WITHIN_S + 0.1
    gate.cut_strangers()
    assert server.closed == ["silent"]

    now_s[0] += JOIN_WITHIN_S + 0.1
    gate.cut_strangers()
    assert server.closed == ["silent", "leaving"]
