"""Socket.IO packets from outside, checked as they are read: nothing is kept for a message that nobody wants."""

from __future__ import annotations

from dataclasses import dataclass

from socketio.packet import BINARY_EVENT, EVENT, Packet

from webapp.core.errors import InvalidInputError
from webapp.sockets.bus import WORKER
from webapp.sockets.relay import LIVE

RESERVED = {"connect", "disconnect"}
"""What the library tells our handlers itself; sent as an event it would reach the same handlers."""


@dataclass(frozen=True)
class AttachmentLimit:
    """How many byte strings one event may bring, and how many bytes in all."""

    count: int
    total_bytes: int


LIMITS = {
    LIVE: AttachmentLimit(1, 8 * 2**20),  # the JPEG; how long it may be is settled when it is handled
    WORKER: AttachmentLimit(128, 32 * 2**20),  # the poses of the events that one answer or an ended session brings
}
NONE = AttachmentLimit(0, 0)


class BoundedPacket(Packet):  # type: ignore[misc]  # socketio has no types
    """A packet that refuses, with InvalidInputError, what no event of ours looks like."""

    attachments_bytes = 0

    def decode(self, encoded_packet: object) -> int:
        """How many attachments will follow."""
        if not isinstance(encoded_packet, str):
            raise InvalidInputError(f"a packet must be text, got {type(encoded_packet).__name__}")
        try:
            count = int(super().decode(encoded_packet))
        except Exception as error:  # all it reads came from outside, so whatever it stumbles over did
            raise InvalidInputError(f"a packet cannot be read: {error!r:.100}") from error
        limit = self._limit.count
        if count > limit:
            raise InvalidInputError(f"a packet announces {count} attachments, at most {limit} are allowed here")
        if self.packet_type in {EVENT, BINARY_EVENT}:
            self._require_event()
        return count

    def add_attachment(self, attachment: object) -> bool:
        """Whether it was the last; text may not stand for bytes."""
        if not isinstance(attachment, bytes):
            raise InvalidInputError(f"an attachment must be bytes, got {type(attachment).__name__}")
        self.attachments_bytes += len(attachment)
        if self.attachments_bytes > self._limit.total_bytes:
            raise InvalidInputError(f"the attachments of a packet exceed {self._limit.total_bytes} bytes")
        return bool(super().add_attachment(attachment))

    @property
    def _limit(self) -> AttachmentLimit:
        return LIMITS.get(self.namespace, NONE)

    def _require_event(self) -> None:
        if not isinstance(self.data, list) or not self.data or not isinstance(self.data[0], str):
            raise InvalidInputError("an event must be a list that begins with its name")
        if self.data[0] in RESERVED:
            raise InvalidInputError(f"{self.data[0]!r} is no event to be sent")
