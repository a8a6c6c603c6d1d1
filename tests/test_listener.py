"""The address the web process listens on, as others name it."""

from __future__ import annotations

import pytest

from webapp.listener import address_in_url


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1:5000"),
        ("moveprint.local", "moveprint.local:5000"),
        ("0.0.0.0", "127.0.0.1:5000"),
        ("", "127.0.0.1:5000"),
        ("::", "[::1]:5000"),
        ("fd00::7", "[fd00::7]:5000"),
    ],
)
def test_an_address_to_listen_on_becomes_one_to_connect_to(host: str, address: str) -> None:
    assert address_in_url(host, 5000) == address
