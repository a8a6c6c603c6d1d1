"""Numbers in sentences."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """So many of a thing: "1 picture", "1,200 pictures". many: where it is not `one` with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
