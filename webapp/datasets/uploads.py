"""Files that somebody hands in for an import: what they may be called, and where they lie until they are taken in."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath

from webapp.core.errors import InvalidInputError
from webapp.datasets.picture_file import PICTURE_SUFFIXES

VIDEO_SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm")
DATASET_SUFFIXES = (".csv", ".json", ".npz", ".txt", ".xml", ".yaml", ".yml", ".zip")
"""Of archives, and of the files in which exchange formats keep labels."""
TAKEN_SUFFIXES = (*PICTURE_SUFFIXES, *VIDEO_SUFFIXES, *DATASET_SUFFIXES)
NAME_MAX = 512
"""Characters of a file's name within its folder; as many as the tables keep."""
_NEVER = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Controls, halves of characters, ends of lines. Odd spaces are fine: macOS writes them into its screenshots' names."""


def uploads_dir(instance_dir: Path, job_id: str) -> Path:
    """The folder of one import's files."""
    return instance_dir / "datasets" / "uploads" / job_id


def upload_path(instance_dir: Path, job_id: str, file_id: int) -> Path:
    """Where the file of this JobFile lies: under a number, so that no name from outside is ever a path of ours."""
    return uploads_dir(instance_dir, job_id) / f"{file_id}.part"


def is_picture(name: str) -> bool:
    return name.lower().endswith(PICTURE_SUFFIXES)


def is_video(name: str) -> bool:
    return name.lower().endswith(VIDEO_SUFFIXES)


def checked_name(name: str) -> str:
    """The name as it is; InvalidInputError unless it is relative, leads nowhere else, and ends as a kind we take."""
    if not name or len(name) > NAME_MAX:
        raise InvalidInputError(f"a file's name has 1 to {NAME_MAX} characters, got {len(name)}; rename the file")
    if "\\" in name or any(unicodedata.category(character) in _NEVER for character in name):
        raise InvalidInputError(f"the name {name!r:.80} holds characters that no file may have here; rename the file")
    parts = name.split("/")
    if any(part in {"", ".", ".."} for part in parts) or (len(parts[0]) == 2 and parts[0][1] == ":"):
        raise InvalidInputError(f"the name {name!r:.80} must be relative, without . or .. as a folder")
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in TAKEN_SUFFIXES:
        raise InvalidInputError(
            f"{name!r:.80} is of no kind that is taken; taken are files that end in {', '.join(TAKEN_SUFFIXES)}"
        )
    return name
