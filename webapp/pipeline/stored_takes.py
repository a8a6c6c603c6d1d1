"""Stored takes unpacked: bytes and trim times become the movements that are compared."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from webapp.core import sequence_file
from webapp.core.errors import InvalidInputError
from webapp.core.records import PoseSequence
from webapp.pipeline.messages import Bank, StoredTake
from webapp.recognition.ports import Action, Take

_log = logging.getLogger(__name__)


def unpacked(bank: Bank) -> tuple[Action, ...]:
    """The bank's actions with their trimmed takes. A damaged take is logged and left out, an action without any too."""
    actions = []
    for action in bank.actions:
        takes = unpacked_takes(action.takes)
        if takes:
            actions.append(Action(action.action_id, action.name, takes, action.mirror, action.threshold_factor))
    return tuple(actions)


def unpacked_takes(takes: Sequence[StoredTake]) -> list[Take]:
    """The trimmed takes without the damaged ones."""
    return [take for stored in takes if (take := _unpacked(stored)) is not None]


def unpacked_negatives(bank: Bank) -> tuple[PoseSequence, ...]:
    """The movements that are none of the actions; a damaged one is logged and left out."""
    negatives = []
    for index, stored in enumerate(bank.negatives):
        try:
            negatives.append(sequence_file.from_bytes(stored))
        except InvalidInputError as error:
            _log.warning("negative %d of bank %s is damaged and left out: %s", index, bank.bank_id, error)
    return tuple(negatives)


def _unpacked(stored: StoredTake) -> Take | None:
    try:
        sequence = sequence_file.from_bytes(stored.sequence)
    except InvalidInputError as error:
        _log.warning("the take %s is damaged and left out: %s", stored.take_id, error)
        return None
    return Take(stored.take_id, sequence.between(stored.trim_start_s, stored.trim_end_s))
