"""The model files: what the manifest says of each, whether it is here and whole, and the one way to get at its path."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from webapp.core.errors import InvalidInputError, ModelUnavailableError

MANIFEST = Path(__file__).resolve().parents[2] / "weights" / "manifest.toml"


@dataclass(frozen=True)
class ModelFile:
    """One entry of the manifest; path is relative to the weights directory, permits says what the licence allows.

    It comes from a url; out of an npm package of package.json (package and package_file, from the byte package_offset
    on); or out of a larger npm package, fetched for it alone (package, package_version). sha256 and size_bytes are
    those of the file itself, but where it is made out of an archive those of the archive: archive_member is taken out
    of a zip; graph_model, a model.json in the package, is converted for pictures of graph_side_px x graph_side_px.
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
    package_offset: int = 0
    package_version: str = ""
    archive_member: str = ""
    graph_model: str = ""
    graph_side_px: int = 0

    @property
    def source(self) -> str:
        inside = self.package_file or self.archive_member or self.graph_model
        package = f"npm {self.package}{'@' if self.package_version else ''}{self.package_version}"
        return (self.url or package) + (f": {inside}" if inside else "")

    @property
    def is_pulled(self) -> bool:
        """Whether `weights pull` brings it; the others come with the set-up."""
        return not self.package_file

    @property
    def is_made(self) -> bool:
        """Whether it is made here out of what is fetched."""
        return bool(self.archive_member or self.graph_model)

    @property
    def remedy(self) -> str:
        """The command that brings the file."""
        return f"python -m webapp weights pull {self.name}" if self.is_pulled else "npm ci, then python -m tools.vendor"


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
    """Whether the file is here, byte for byte; a made one also counts as damaged when made of another archive."""
    path = weights_dir / file.path
    if not path.is_file():
        return FileState.MISSING
    expected = _made_sha256(file, path) if file.is_made else file.sha256
    return FileState.PRESENT if sha256_of(path) == expected else FileState.DAMAGED


def note_made(file: ModelFile, path: Path, told: Mapping[str, float]) -> None:
    """Keep beside a made file what it was made of and its own sha256, by which file_state goes, and what was told."""
    note = {**_made_of(file), "sha256": sha256_of(path), **told}
    _note_path(path).write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")


def _made_of(file: ModelFile) -> dict[str, str | int]:
    return {"source": file.source, "source_sha256": file.sha256, "side_px": file.graph_side_px}


def _made_sha256(file: ModelFile, path: Path) -> str:
    """What the note says, empty where there is none that fits the manifest."""
    try:
        note = json.loads(_note_path(path).read_text(encoding="utf-8"))
        return str(note["sha256"]) if _made_of(file).items() <= note.items() else ""
    except (OSError, ValueError, KeyError, AttributeError):
        return ""


def _note_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def model_path(name: str, weights_dir: Path) -> Path:
    """Path of a model file that is whole; ModelUnavailableError says how to get one that is missing or damaged."""
    file = model_file(name)
    path = weights_dir / file.path
    state = file_state(file, weights_dir)
    if state is not FileState.PRESENT:
        raise ModelUnavailableError(f"model file {path} is {state}; get it with: {file.remedy}")
    return path
