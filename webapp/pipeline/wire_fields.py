"""Reading a dict that came over a socket: every key with its check, every fault an InvalidInputError that names it."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.records import FloatArray

MAX_TEXT = 1000
MAX_ID = 2**53 - 1
"""The largest whole number that JavaScript keeps exactly."""
MAX_COORDINATE = 1e6
"""Beyond any picture; keeps a worker's nonsense out of the browsers."""


class Fields:
    """The keys of one wire dict, read with a check each; the error names message, key and value."""

    def __init__(self, message: str, raw: object) -> None:
        if not isinstance(raw, dict):
            raise InvalidInputError(f"{message} must be an object, got {type(raw).__name__}")
        self._message = message
        self._raw = raw

    def text(self, key: str) -> str:
        value = self._raw.get(key)
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            raise self._error(key, f"a text of at most {MAX_TEXT} characters")
        return value

    def optional_text(self, key: str) -> str | None:
        return None if self._raw.get(key) is None else self.text(key)

    def choice(self, key: str, choices: Sequence[str]) -> str:
        value = self._raw.get(key)
        if not isinstance(value, str) or value not in choices:
            raise self._error(key, f"one of {', '.join(choices)}")
        return value

    def optional_choice(self, key: str, choices: Sequence[str]) -> str | None:
        return None if self._raw.get(key) is None else self.choice(key, choices)

    def whole(self, key: str, least: int = 0, most: int = MAX_ID) -> int:
        value = self._raw.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self._error(key, f"a whole number from {least} to {most}")
        return value

    def optional_whole(self, key: str) -> int | None:
        return None if self._raw.get(key) is None else self.whole(key)

    def number(self, key: str) -> float:
        value = self._raw.get(key)
        if not _is_finite(value):
            raise self._error(key, "a finite number")
        return float(value)

    def numbers(self, key: str, most: int) -> Sequence[float]:
        """A list of finite numbers."""
        value = self.items(key, most)
        if not all(_is_finite(item) for item in value):
            raise self._error(key, "a list of finite numbers")
        return [float(item) for item in value]  # type: ignore[arg-type]  # checked just above

    def number_or_inf(self, key: str) -> float:
        return math.inf if self._raw.get(key) is None else self.number(key)

    def blob(self, key: str) -> bytes:
        value = self._raw.get(key)
        if not isinstance(value, (bytes, bytearray)):
            raise self._error(key, "bytes")
        return bytes(value)

    def blobs(self, key: str, most: int) -> tuple[bytes, ...]:
        """A list of bytes."""
        value = self.items(key, most)
        if not all(isinstance(item, (bytes, bytearray)) for item in value):
            raise self._error(key, "a list of bytes")
        return tuple(bytes(item) for item in value)  # type: ignore[call-overload]  # checked just above

    def flag(self, key: str) -> bool:
        value = self._raw.get(key)
        if not isinstance(value, bool):
            raise self._error(key, "true or false")
        return value

    def items(self, key: str, most: int) -> Sequence[object]:
        value = self._raw.get(key)
        if not isinstance(value, list) or len(value) > most:
            raise self._error(key, f"a list of at most {most}")
        return value

    def array(self, key: str, shape: tuple[int, ...]) -> FloatArray:
        """Numbers in that shape, null as NaN; finite ones stay below MAX_COORDINATE."""
        try:
            array: NDArray[np.float32] = np.array(self._raw.get(key), dtype=np.float32)
        except (TypeError, ValueError, OverflowError) as error:
            raise self._error(key, f"numbers in the shape {shape}") from error
        if array.shape != shape or bool(np.any(np.abs(array) > MAX_COORDINATE)):
            raise self._error(key, f"numbers below {MAX_COORDINATE:.0f} in the shape {shape}")
        return array

    def raw(self, key: str) -> object:
        return self._raw.get(key)

    def _error(self, key: str, wanted: str) -> InvalidInputError:
        return InvalidInputError(f"{self._message}: {key} must be {wanted}, got {self._raw.get(key)!r:.80}")


def _is_finite(value: object) -> TypeGuard[float]:
    """A whole number too large for a float is none either."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
