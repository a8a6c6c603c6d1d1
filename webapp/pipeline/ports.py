"""FrameBus: how frames reach workers and answers come back. Socket.IO is the default adapter, Ray another."""

from __future__ import annotations

from typing import Protocol

from webapp.pipeline.messages import FrameMessage


class FrameBus(Protocol):
    """Frames in, answers out through the relay given at construction; never queues more than the newest per session."""

    def open_session(self, session_id: str, bank_id: str) -> None: ...
    def submit(self, frame: FrameMessage) -> None: ...
    def close_session(self, session_id: str) -> None: ...
    def bank_changed(self, bank_id: str) -> None: ...
