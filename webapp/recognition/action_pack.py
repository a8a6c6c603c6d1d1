"""An action pack: all actions of a person in one .zip, to carry to another installation or to the command line.

It holds `actions.json` (schema, names, options, takes) and one pose sequence per take. Read with every size checked
first. An action without options, as older packs have them, has the defaults.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from webapp.core import sequence_file
from webapp.core.errors import InvalidInputError
from webapp.recognition.feedback import FACTOR_MAX, FACTOR_MIN
from webapp.recognition.ports import Action, Take

SCHEMA = 1
MAX_TAKES = 10_000
_INDEX = "actions.json"
_MAX_INDEX_BYTES = 4 * 2**20


def to_bytes(actions: Sequence[Action]) -> bytes:
    """The pack as .zip bytes."""
    buffer = io.BytesIO()
    index = []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # the sequences are compressed already
        for action in actions:
            names = [f"takes/{uuid4().hex}.npz" for _ in action.takes]
            for name, take in zip(names, action.takes, strict=True):
                archive.writestr(name, sequence_file.to_bytes(take.sequence))
            options = {"mirror": action.mirror, "threshold_factor": action.threshold_factor}
            index.append({"name": action.name, **options, "takes": names})
        archive.writestr(_INDEX, json.dumps({"schema": SCHEMA, "actions": index}, ensure_ascii=False, indent=1))
    return buffer.getvalue()


def from_bytes(data: bytes) -> list[Action]:
    """The actions of a pack; InvalidInputError says what is wrong with anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [_action(archive, entry) for entry in _index(archive)]
    except sequence_file.DAMAGED_ZIP as error:
        raise InvalidInputError(f"not an action pack: {error}") from error


@dataclass(frozen=True)
class _Entry:
    name: str
    takes: Sequence[object]
    mirror: bool
    threshold_factor: float


def _action(archive: zipfile.ZipFile, entry: _Entry) -> Action:
    takes = [Take(str(take), sequence_file.from_bytes(_member(archive, take))) for take in entry.takes]
    return Action(entry.name, entry.name, takes, entry.mirror, entry.threshold_factor)


def _index(archive: zipfile.ZipFile) -> list[_Entry]:
    raw = _member(archive, _INDEX, _MAX_INDEX_BYTES)
    try:
        index = json.loads(raw)
        schema, listed = index["schema"], [_entry(entry) for entry in index["actions"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidInputError(f"not an action pack: its {_INDEX} cannot be read ({error!r})") from error
    if schema != SCHEMA:
        raise InvalidInputError(f"the action pack has schema {schema!r}, this version reads {SCHEMA}")
    for entry in listed:
        _check(entry)
    if sum(len(entry.takes) for entry in listed) > MAX_TAKES:
        raise InvalidInputError(f"the action pack holds more than {MAX_TAKES} takes")
    return listed


def _entry(raw: Mapping[str, Any]) -> _Entry:
    return _Entry(raw["name"], raw["takes"], raw.get("mirror", False), raw.get("threshold_factor", 1.0))


def _check(entry: _Entry) -> None:
    if (
        not isinstance(entry.name, str)
        or not entry.name.strip()
        or not isinstance(entry.takes, list)
        or not entry.takes
    ):
        raise InvalidInputError(f"the action pack's action {entry.name!r} has no name or no takes")
    if not isinstance(entry.mirror, bool):
        raise InvalidInputError(f"mirror of {entry.name!r} in the action pack must be true or false: {entry.mirror!r}")
    factor = entry.threshold_factor
    if type(factor) not in {int, float} or not FACTOR_MIN <= factor <= FACTOR_MAX:
        raise InvalidInputError(
            f"threshold_factor of {entry.name!r} in the action pack must lie within {FACTOR_MIN} to {FACTOR_MAX}, "
            f"got {factor!r}"
        )


def _member(archive: zipfile.ZipFile, name: object, max_bytes: int = sequence_file.MAX_BYTES) -> bytes:
    try:
        entry = archive.getinfo(str(name))
    except KeyError as error:
        raise InvalidInputError(f"not an action pack: it lacks {name!r}") from error
    if entry.file_size > max_bytes:
        raise InvalidInputError(f"{name} of the action pack unpacks to {entry.file_size} bytes, at most {max_bytes}")
    return archive.read(entry)
