"""An action pack: all actions of a person in one .zip, to carry to another installation or to the command line.

It holds `actions.json` (schema, names, takes) and one pose sequence per take. Read with every size checked first.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from uuid import uuid4

from webapp.core import sequence_file
from webapp.core.errors import InvalidInputError
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
            index.append({"name": action.name, "takes": names})
        archive.writestr(_INDEX, json.dumps({"schema": SCHEMA, "actions": index}, ensure_ascii=False, indent=1))
    return buffer.getvalue()


def from_bytes(data: bytes) -> list[Action]:
    """The actions of a pack; InvalidInputError says what is wrong with anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = _index(archive)
            return [
                Action(name, name, [Take(take, sequence_file.from_bytes(_member(archive, take))) for take in takes])
                for name, takes in entries
            ]
    except sequence_file.DAMAGED_ZIP as error:
        raise InvalidInputError(f"not an action pack: {error}") from error


def _index(archive: zipfile.ZipFile) -> list[tuple[str, list[str]]]:
    raw = _member(archive, _INDEX, _MAX_INDEX_BYTES)
    try:
        index = json.loads(raw)
        schema, listed = index["schema"], [(entry["name"], entry["takes"]) for entry in index["actions"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidInputError(f"not an action pack: its {_INDEX} cannot be read ({error!r})") from error
    if schema != SCHEMA:
        raise InvalidInputError(f"the action pack has schema {schema!r}, this version reads {SCHEMA}")
    for name, takes in listed:
        if not isinstance(name, str) or not name.strip() or not isinstance(takes, list) or not takes:
            raise InvalidInputError(f"the action pack's action {name!r} has no name or no takes")
    if sum(len(takes) for _, takes in listed) > MAX_TAKES:
        raise InvalidInputError(f"the action pack holds more than {MAX_TAKES} takes")
    return listed


def _member(archive: zipfile.ZipFile, name: object, max_bytes: int = sequence_file.MAX_BYTES) -> bytes:
    try:
        entry = archive.getinfo(str(name))
    except KeyError as error:
        raise InvalidInputError(f"not an action pack: it lacks {name!r}") from error
    if entry.file_size > max_bytes:
        raise InvalidInputError(f"{name} of the action pack unpacks to {entry.file_size} bytes, at most {max_bytes}")
    return archive.read(entry)
