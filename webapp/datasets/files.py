"""The ports of exchange: a folder or an archive to read from, and one to write into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Protocol


class Files(Protocol):
    """What somebody handed in. Names are relative, with forward slashes, and never lead outside."""

    def names(self) -> Sequence[str]:
        """Every file, in a fixed order; folders are not listed."""
        ...

    def size_bytes(self, name: str) -> int:
        """Unpacked."""
        ...

    def open(self, name: str) -> BinaryIO:
        """The unpacked bytes, to be read once from the start; InvalidInputError when damaged or larger than said."""
        ...


class FileWriter(Protocol):
    """Where an export goes: files are written whole, one after the other."""

    def write(self, name: str, data: bytes) -> None: ...

    def open(self, name: str) -> BinaryIO:
        """A file to be written in pieces; closed by the caller before the next is begun."""
        ...
