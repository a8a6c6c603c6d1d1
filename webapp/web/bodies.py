"""What a request brought along: limited in size before anything reads it, then taken apart with every type checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import Flask, current_app, request

from webapp.core.errors import InvalidInputError
from webapp.services.sequence_json import parse_json

Value = TypeVar("Value")
View = TypeVar("View", bound=Callable[..., Any])

MAX_SMALL_BODY = 64 * 2**10
MAX_SEQUENCE_BODY = 16 * 2**20
"""3600 frames of 33 keypoints with world coordinates at full float precision come to 14 MB."""
MAX_PIECE_BODY = 8 * 2**20
"""A file that is handed in comes in pieces of at most so much."""
_ATTRIBUTE = "moveprint_most_bytes"


class BodyError(InvalidInputError):
    """The body is not of the form that the address takes. HTTP 400, where other invalid input is 422."""


def takes_sequences(view: View) -> View:
    """Declare on the route that a body may be as large as a pose sequence."""
    setattr(view, _ATTRIBUTE, MAX_SEQUENCE_BODY)
    return view


def takes_pieces(view: View) -> View:
    """Declare on the route that a body may be as large as a piece of a file."""
    setattr(view, _ATTRIBUTE, MAX_PIECE_BODY)
    return view


def init_bodies(app: Flask) -> None:
    """Set each request's limit; to be called before any extension that looks into forms."""
    app.before_request(_limit)


def _limit() -> None:
    if "\0" in request.path or "%00" in request.query_string.decode("latin-1"):
        raise BodyError("the address holds a character that no name has")
    view = current_app.view_functions.get(request.endpoint or "")
    request.max_content_length = getattr(view, _ATTRIBUTE, MAX_SMALL_BODY)


def json_body() -> Mapping[str, Any]:
    """The request's JSON object. BodyError for anything else."""
    try:
        body = parse_json(request.get_data())
    except InvalidInputError as error:
        raise BodyError(str(error)) from error
    if not isinstance(body, dict):
        raise BodyError(f"the body must be a JSON object, got {type(body).__name__}")
    return body


def text_of(body: Mapping[str, Any], key: str) -> str:
    return _value_of(body, key, str, "a text")


def flag_of(body: Mapping[str, Any], key: str) -> bool:
    return _value_of(body, key, bool, "true or false")


def optional_text_of(body: Mapping[str, Any], key: str) -> str | None:
    """The text; None where it is absent or null."""
    return None if body.get(key) is None else text_of(body, key)


def optional_id_of(body: Mapping[str, Any], key: str) -> str | None:
    """The id of something stored; None where it is absent or null."""
    value = optional_text_of(body, key)
    if value is not None and not (value.isalnum() and value.isascii() and len(value) <= 64):
        raise BodyError(f"{key} is no id: {value!r:.60}")
    return value


def whole_of(body: Mapping[str, Any], key: str) -> int:
    value = value_of(body, key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BodyError(f"{key} must be a whole number, got {value!r:.60}")
    return value


def optional_flag_of(body: Mapping[str, Any], key: str, default: bool) -> bool:
    return default if body.get(key) is None else flag_of(body, key)


def page_of(query: Mapping[str, str]) -> int:
    """The number of the page that an address asks for, 1 where it asks for none."""
    text = query.get("page", "1")
    if not text.isdecimal() or len(text) > 9:
        raise BodyError(f"page must be a whole number, got {text!r:.40}")
    return int(text)


def number_of(body: Mapping[str, Any], key: str) -> float:
    value = value_of(body, key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BodyError(f"{key} must be a number, got {value!r:.60}")
    try:
        return float(value)
    except OverflowError as error:
        raise BodyError(f"{key} is too large a number") from error


def _value_of(body: Mapping[str, Any], key: str, kind: type[Value], named: str) -> Value:
    value = value_of(body, key)
    if not isinstance(value, kind):
        raise BodyError(f"{key} must be {named}, got {value!r:.60}")
    return value


def value_of(body: Mapping[str, Any], key: str) -> Any:
    if key not in body:
        raise BodyError(f"the body lacks {key}")
    return body[key]
