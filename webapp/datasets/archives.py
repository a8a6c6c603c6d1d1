"""Folders and archives that somebody hands in, and the archive that an export is written into."""

from __future__ import annotations

import io
import os
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from webapp.core.errors import InvalidInputError
from webapp.datasets.picture_store import SCRATCH_PREFIX
from webapp.datasets.records import Finding
from webapp.datasets.zip_list import zip_of

MAX_ENTRIES = 400_000
"""Of an archive: pictures and label files of the largest import, and then some."""
MAX_RATIO = 200
"""An entry that unpacks to more times its size is a bomb; labels in text reach 30."""
_SMALL_BYTES = 2**20
"""Below this, no ratio is looked at: a mask of one colour packs well."""
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
_NEXT_TO_NOTHING = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})
_DRIVE = re.compile(r"[A-Za-z]:")
_STEP_BYTES = 2**20
_MADE = (2000, 1, 1, 0, 0, 0)
"""Of every entry that is written, so that the same export has the same bytes."""
_READ_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


class NamedFiles:
    """Files by the names that somebody gave them, wherever they lie: uploads, or a folder's."""

    def __init__(self, paths: Mapping[str, Path], findings: Sequence[Finding] = ()) -> None:
        self._paths = dict(sorted(paths.items()))
        self.findings = tuple(findings)

    def names(self) -> Sequence[str]:
        """Every file, in the order of the names."""
        return list(self._paths)

    def size_bytes(self, name: str) -> int:
        return self.path(name).stat().st_size

    def open(self, name: str) -> BinaryIO:
        """InvalidInputError where it cannot be read any more."""
        try:
            return self.path(name).open("rb")
        except OSError as error:
            raise InvalidInputError(f"{name} cannot be read: {error.strerror}") from error

    def path(self, name: str) -> Path:
        """Where the file lies."""
        if name not in self._paths:
            raise InvalidInputError(f"there is no file {name!r:.200} among these")
        return self._paths[name]


def folder_files(folder: Path) -> NamedFiles:
    """Every file of a folder and those in it. Hidden ones are skipped, links that lead out of it are refused."""
    root = folder.resolve()
    paths: dict[str, Path] = {}
    findings: list[Finding] = []
    for where, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        for name in sorted(files):
            path = Path(where, name)
            relative = path.relative_to(root).as_posix()
            if _is_hidden(name):
                continue
            if any("\ud800" <= character <= "\udfff" for character in relative):
                findings.append(Finding(relative, "its name is not in UTF-8 and cannot be stored; rename it"))
            elif not path.resolve().is_relative_to(root):
                findings.append(Finding(relative, "it is a link to a file outside the folder; hand in the file itself"))
            elif path.is_file():  # no pipes, no devices
                paths[relative] = path
    return NamedFiles(paths, findings)


class ZipFiles:
    """The good entries of a zip archive. findings: those that are refused, each with its reason.

    Nothing is ever unpacked onto the disk by its name. Use as a context manager.
    """

    def __init__(self, archive: zipfile.ZipFile, file: BinaryIO, max_bytes: int) -> None:
        """InvalidInputError where the archive as a whole is too much. file: what the archive reads from."""
        self._archive = archive
        self._file = file
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self._twice: set[str] = set()
        self.findings: list[Finding] = []
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise InvalidInputError(f"it has {len(entries)} entries; at most {MAX_ENTRIES} are read; split it")
        for entry in entries:
            self._take(entry)
        total = sum(entry.file_size for entry in self._entries.values())
        if total > max_bytes:
            raise InvalidInputError(
                f"it unpacks to {total} bytes; an import may have {max_bytes}; split it or raise max_import_bytes"
            )
        self._entries = dict(sorted(self._entries.items()))

    def __enter__(self) -> ZipFiles:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._archive.close()
        self._file.close()

    def names(self) -> Sequence[str]:
        """Every file, in the order of the names."""
        return list(self._entries)

    def size_bytes(self, name: str) -> int:
        """As its header says; `open` holds it to that."""
        return self._entry(name).file_size

    def open(self, name: str) -> BinaryIO:
        """Unpacks as it is read; reading raises InvalidInputError where it is damaged or longer than it says."""
        entry = self._entry(name)
        try:
            return io.BufferedReader(_Unpacked(self._archive.open(entry), entry), _STEP_BYTES)
        except _READ_ERRORS as error:
            raise InvalidInputError(f"{name} is damaged in the archive: {error}") from error

    def _entry(self, name: str) -> zipfile.ZipInfo:
        if name not in self._entries:
            raise InvalidInputError(f"there is no file {name!r:.200} in this archive")
        return self._entries[name]

    def _take(self, entry: zipfile.ZipInfo) -> None:
        name = entry.orig_filename  # ZipInfo.filename has been mended already: cut at a zero byte, backslashes turned
        reason = _bad_name(name) or _bad_entry(entry)
        if reason is None and name in self._twice:
            return
        if reason is None and name in self._entries:
            del self._entries[name]  # which of them is meant, nobody knows
            self._twice.add(name)
            reason = "this name is in the archive more than once; none of them is taken"
        if reason is not None:
            self.findings.append(Finding(name[:512], reason))
        elif not entry.is_dir() and not any(_is_hidden(part) for part in PurePosixPath(name).parts):
            self._entries[name] = entry


class _Unpacked(io.RawIOBase):
    """One entry while it is unpacked, never more than its header said."""

    def __init__(self, packed: IO[bytes], entry: zipfile.ZipInfo) -> None:
        self._packed = packed
        self._entry = entry
        self._left = entry.file_size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        try:
            data = self._packed.read(min(len(view), self._left + 1))
        except _READ_ERRORS as error:
            raise InvalidInputError(f"{self._entry.filename} is damaged in the archive: {error}") from error
        self._left -= len(data)
        if self._left < 0 or (not data and self._left):
            raise InvalidInputError(
                f"{self._entry.filename} does not unpack to the {self._entry.file_size} bytes that the archive says"
            )
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._packed.close()
        super().close()


def open_zip(path: Path, max_bytes: int) -> ZipFiles:
    """A zip archive to read from. InvalidInputError where all of it is damaged, or unpacks to more than max_bytes."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise InvalidInputError(f"it cannot be read: {error.strerror}") from error
    try:
        return ZipFiles(zip_of(file), file, max_bytes)
    except InvalidInputError:
        file.close()
        raise
    except _READ_ERRORS as error:
        file.close()
        raise InvalidInputError(f"it is damaged or no zip archive ({error}); pack it again") from error


class ZipWriter:
    """An export's archive while it is written. Labels are packed; pictures, which are so already, are not."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def write(self, name: str, data: bytes) -> None:
        with self._archive.open(_entry_named(name), "w", force_zip64=len(data) > zipfile.ZIP64_LIMIT) as file:
            file.write(data)

    def open(self, name: str) -> BinaryIO:
        """A file to be written in pieces, of any size; closed by the caller before the next is begun."""
        # a zip entry being written is binary and writable, and typed as IO[bytes]
        return self._archive.open(_entry_named(name), "w", force_zip64=True)  # type: ignore[return-value]

    def copy(self, name: str, path: Path) -> None:
        """The whole of a file on the disk."""
        with path.open("rb") as source, self._archive.open(_entry_named(name), "w", force_zip64=True) as file:
            while piece := source.read(_STEP_BYTES):
                file.write(piece)


@contextmanager
def zip_written(path: Path) -> Iterator[ZipWriter]:
    """Write an archive; it is at `path` when all went well, whole and on the disk, and nothing is there otherwise."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=SCRATCH_PREFIX)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", allowZip64=True) as archive:
                yield ZipWriter(archive)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def _entry_named(name: str) -> zipfile.ZipInfo:
    reason = _bad_name(name)
    if reason is not None:
        raise InvalidInputError(f"{name!r:.200} cannot be written into an archive: {reason}")
    entry = zipfile.ZipInfo(name, _MADE)
    packed_already = name.lower().endswith((".jpg", ".jpeg", ".png", ".webp"))
    entry.compress_type = zipfile.ZIP_STORED if packed_already else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    entry.create_system = 3  # Unix, wherever it is written: otherwise the attributes mean something else
    return entry


def _bad_name(name: str) -> str | None:
    """Why a name may not be used; None for a good one: relative, forward slashes, within the archive."""
    if not name or "\0" in name or len(name) > 512:
        return "its name is empty, longer than 512 characters, or holds a zero byte; rename it"
    if "\\" in name:
        return "its name holds a backslash; pack it again with a program that writes forward slashes"
    if name.startswith("/") or _DRIVE.match(name):
        return "its name is an absolute path; pack the folder itself"
    if ".." in name.split("/"):
        return "its name leads outside the archive"
    return None


def _bad_entry(entry: zipfile.ZipInfo) -> str | None:
    if entry.flag_bits & 0x1:
        return "it is encrypted; pack it without a password"
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "it is a link or a device; pack the file itself"
    if entry.filename.lower().endswith(_ARCHIVES):
        return "it is an archive within the archive; hand it in by itself"
    if entry.file_size > _SMALL_BYTES and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
        return f"it unpacks to more than {MAX_RATIO} times its size; this is how archives are made that fill a disk"
    return None


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in _NEXT_TO_NOTHING
