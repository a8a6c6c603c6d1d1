"""The quick unmasking does exactly what eventlet's own does; messages are bounded in test_gate.py."""

from __future__ import annotations

import os

import pytest
from eventlet.websocket import RFC6455WebSocket

from webapp.sockets import eventlet_fixes

ORIGINAL = RFC6455WebSocket._apply_mask


@pytest.mark.parametrize("offset", [0, 1, 2, 3, 4, 8095, 2**31 + 3])
@pytest.mark.parametrize("length", [*range(18), 125, 126, 1023, 4097])
def test_unmasking_equals_eventlets_own_at_every_offset_and_length(offset: int, length: int) -> None:
    data, mask = os.urandom(length), tuple(os.urandom(4))

    assert eventlet_fixes.apply_mask(data, mask, length=length, offset=offset) == ORIGINAL(data, mask, length, offset)


def test_unmasking_may_stop_before_the_end_of_the_data() -> None:
    data, mask = os.urandom(100), (1, 2, 3, 4)

    assert eventlet_fixes.apply_mask(data, mask, length=37, offset=2) == ORIGINAL(data, mask, 37, 2)
    assert eventlet_fixes.apply_mask(data, mask) == ORIGINAL(data, mask)


def test_importing_the_fix_applies_nothing() -> None:
    assert RFC6455WebSocket._apply_mask is ORIGINAL


def test_the_fix_reaches_every_websocket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RFC6455WebSocket, "_apply_mask", staticmethod(ORIGINAL))  # put back after the test
    monkeypatch.setattr(RFC6455WebSocket, "Message", RFC6455WebSocket.Message)

    eventlet_fixes.fix_websockets()

    assert RFC6455WebSocket._apply_mask is eventlet_fixes.apply_mask
