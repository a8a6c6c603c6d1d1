"""What a user name, an e-mail address and a password must be; said to people and checked in one place."""

from __future__ import annotations

import re
import unicodedata

from email_validator import EmailNotValidError, validate_email

from webapp.core.errors import InvalidInputError

USERNAME_RULE = "2 to 32 letters, digits, dots, hyphens or underscores, beginning with a letter or digit"
PASSWORD_MIN, PASSWORD_MAX = 10, 128
PASSWORD_RULE = (
    f"{PASSWORD_MIN} to {PASSWORD_MAX} characters; "
    "not your user name, and not one of the passwords that everybody tries"
)
_USERNAME = re.compile(r"[^\W_][\w.-]{1,31}")

# the stems of the longest runs in public lists of leaked passwords; digits at the end save none of them
_COMMON_STEMS = frozenset(
    {
        "password",
        "passwort",
        "passw0rd",
        "p@ssw0rd",
        "qwertyuiop",
        "qwertzuiop",
        "qwerty",
        "iloveyou",
        "administrator",
        "letmein",
        "welcome",
        "football",
        "baseball",
        "sunshine",
        "princess",
        "superman",
        "changeme",
        "moveprint",
        "1q2w3e4r5t",
    }
)
_KEYBOARD_RUNS = ("01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz")


def clean_username(text: str) -> str:
    """The name in Unicode's composed form; InvalidInputError says the rule."""
    name = unicodedata.normalize("NFKC", text).strip()
    if not _USERNAME.fullmatch(name):
        raise InvalidInputError(f"user name {_shown(text)} is not possible: {USERNAME_RULE}")
    return name


def username_key(username: str) -> str:
    """The name as it is compared, without regard to case or to how it was typed."""
    return unicodedata.normalize("NFKC", username).strip().casefold()


def clean_email(text: str | None) -> str | None:
    """The address in lower case, None where none was given."""
    if text is None or not text.strip():
        return None
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise InvalidInputError(f"{_shown(text)} is not an e-mail address: {error}") from error


def check_password(password: str, username: str) -> None:
    """InvalidInputError, never naming the password, unless it keeps the rule."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise InvalidInputError(
            f"the password has {len(password)} characters; it needs {PASSWORD_MIN} to {PASSWORD_MAX}"
        )
    plain = password.casefold()
    stem = plain.rstrip("0123456789!.?")
    # a repeated character or two makes a password long, not strong
    if len(set(plain)) < 4:
        raise InvalidInputError("the password repeats the same few characters; use at least four different ones")
    if username_key(username) in {plain, stem}:
        raise InvalidInputError("the password is your user name; choose another")
    if {plain, stem} & _COMMON_STEMS or any(plain in run for run in _KEYBOARD_RUNS):
        raise InvalidInputError("this password is one of those that everybody tries first; choose another")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")
