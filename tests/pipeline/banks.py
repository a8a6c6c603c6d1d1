"""Banks as the web process sends them, made of pose sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from webapp.core import sequence_file
from webapp.core.records import PoseSequence
from webapp.pipeline.messages import Bank, StoredAction, StoredTake


def stored_bank(number: int, takes: Mapping[str, Sequence[PoseSequence]], bank_id: str = "user-1") -> Bank:
    """A bank with these takes, untrimmed, by action id."""
    actions = [
        StoredAction(action_id, f"action {action_id}", tuple(_stored(action_id, one) for one in group))
        for action_id, group in takes.items()
    ]
    return Bank(bank_id, number, tuple(actions))


def _stored(action_id: str, sequence: PoseSequence) -> StoredTake:
    return StoredTake(f"take of {action_id}", sequence_file.to_bytes(sequence), 0.0, sequence.duration_s)
