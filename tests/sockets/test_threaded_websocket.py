"""When threads serve, what nobody has handled yet does not pile up."""

from __future__ import annotations

import socket
import threading
import time

import websocket

from webapp.sockets.threaded_websocket import MAX_UNREAD_MESSAGES, RECEIVE_BYTES, HeldBackServer

HANDSHAKE = {
    "HTTP_HOST": "localhost",
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
}
MESSAGES = 100


def test_a_peer_that_sends_faster_than_it_is_handled_is_held_back_and_loses_nothing() -> None:
    ours, theirs = socket.socketpair()
    server = HeldBackServer({"werkzeug.socket": ours, **HANDSHAKE}, receive_bytes=RECEIVE_BYTES)
    peer = websocket.WebSocket()
    peer.sock, peer.connected = theirs, True
    assert b"101" in theirs.recv(4096)
    sent = [bytes([number]) * RECEIVE_BYTES for number in range(MESSAGES)]
    sender = threading.Thread(target=lambda: [peer.send_binary(message) for message in sent])

    sender.start()
    sender.join(timeout=0.5)
    assert sender.is_alive()
    unread, received = [], []
    for _ in sent:
        unread.append(len(server.input_buffer))
        received.append(server.receive(timeout=10))

    sender.join()
    assert received == sent
    assert max(unread) <= MAX_UNREAD_MESSAGES
    server.close()
    theirs.close()


def test_a_held_back_reader_ends_with_its_connection() -> None:
    ours, theirs = socket.socketpair()
    server = HeldBackServer({"werkzeug.socket": ours, **HANDSHAKE}, receive_bytes=RECEIVE_BYTES)
    peer = websocket.WebSocket()
    peer.sock, peer.connected = theirs, True
    theirs.recv(4096)
    for _ in range(MAX_UNREAD_MESSAGES + 1):
        peer.send("x")
    while len(server.input_buffer) < MAX_UNREAD_MESSAGES:
        time.sleep(0.01)

    server.close()
    theirs.close()

    server.thread.join(timeout=10)
    assert not server.thread.is_alive()
