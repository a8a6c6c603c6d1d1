"""What a person calls something of theirs: cleaned, and compared without regard to case."""

from __future__ import annotations

import unicodedata

from webapp.core.errors import InvalidInputError

NAME_MAX = 80


def clean_name(text: str, nobody_said: str) -> str:
    """The name with single spaces; InvalidInputError when too long or not printable, with nobody_said when empty."""
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    if not name:
        raise InvalidInputError(nobody_said)
    if len(name) > NAME_MAX:
        raise InvalidInputError(f"the name has {len(name)} characters; at most {NAME_MAX} are kept")
    if not name.isprintable():
        raise InvalidInputError(f"the name {name!r} holds characters that cannot be shown; type it anew")
    return name


def name_key(name: str) -> str:
    """Two names are the same where their keys are."""
    return name.casefold()
