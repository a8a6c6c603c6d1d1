"""The model files: what the manifest says of each, whether it is here and whole, and the one way to get at its path."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from webapp.core.errors import InvalidInputError, ModelUnavailableError

MANIFEST = Path(__file__).resolve().parents[2] / "weights" / "manifest.toml"


@dataclass(frozen=True)
class ModelFile:
    """One entry of the manifest; either url or package and package_file say where it comes from.

    path is relative to the weights directory; permits says in a few words what the licence allows.
    """

    name: str
    path: str
    sha256: str
    size_bytes: int
    licence: str
    permits: str
    url: str = ""
    package: str = ""
    package_file: str = ""

    @property
    def source(self) -> str:
        return self.url or f"npm {self.package}: {self.package_file}"

    @property
    def remedy(self) -> str:
        """The command that brings the file."""
        return f"python -m webapp weights pull {self.name}" if self.url else "npm ci, then python -m tools.vendor"


class FileState(StrEnum):
    """How a model file stands."""

    PRESENT = "present"
    MISSING = "missing"
    DAMAGED = "damaged"


def read_manifest(manifest: Path = MANIFEST) -> tuple[ModelFile, ...]:
    """All model files; InvalidInputError names the entry that is not as it must be."""
    try:
        entries: list[dict[str, Any]] = tomllib.loads(manifest.read_text(encoding="utf-8"))["file"]
        return tuple(ModelFile(**entry) for entry in entries)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise InvalidInputError(f"{manifest} is not a manifest of model files: {error}") from error


def model_file(name: str, files: Sequence[ModelFile] | None = None) -> ModelFile:
    """The entry of this name; InvalidInputError lists the known ones."""
    files = read_manifest() if files is None else files
    for file in files:
        if file.name == name:
            return file
    raise InvalidInputError(f"no model file is called {name!r}; known: {', '.join(file.name for file in files)}")


def sha256_of(path: Path) -> str:
    """Hexadecimal sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_state(file: ModelFile, weights_dir: Path) -> FileState:
    """Whether the file is here, byte for byte."""
    path = weights_dir / file.path
    if not path.is_file():
        return FileState.MISSING
    return FileState.PRESENT if sha256_of(path) == file.sha256 else FileState.DAMAGED


def model_path(name: str, weights_dir: Path) -> Path:
    """Path of a model file that is whole; ModelUnavailableError says how to get one that is missing or damaged."""
    file = model_file(name)
    path = weights_dir / file.path
    state = file_state(file, weights_dir)
    if state is not FileState.PRESENT:
        raise ModelUnavailableError(f"model file {path} is {state}; get it with: {file.remedy}")
    return path
