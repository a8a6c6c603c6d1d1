"""Opening archives from outside: the list of what is in them is read whole, so it is bounded before that."""

from __future__ import annotations

import os
import zipfile
from typing import IO

from webapp.core.errors import InvalidInputError

MAX_LIST_BYTES = 64 * 2**20
"""400,000 entries with long names; a list of short ones so long takes 600 MB as Python keeps it."""


def zip_of(file: IO[bytes]) -> zipfile.ZipFile:
    """The archive, which leaves `file` to the caller to close.

    InvalidInputError where its list is too long, what zipfile raises where it is damaged.
    """
    return zipfile.ZipFile(_Bounded(file))


class _Bounded:
    """A file of which no more is read at once than a list may have."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            here = self.tell()
            size = self.seek(0, os.SEEK_END) - here
            self.seek(here)
        if size > MAX_LIST_BYTES:
            raise InvalidInputError(f"the list of its entries has {size} bytes; at most {MAX_LIST_BYTES} are read")
        return self._file.read(size)
