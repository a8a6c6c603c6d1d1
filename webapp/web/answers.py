"""What a request wants back and what it brought: HTML or JSON out, checked JSON in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from flask import request

from webapp.core.errors import InvalidInputError
from webapp.services.sequence_json import parse_json

Value = TypeVar("Value")

MAX_SMALL_BODY = 64 * 2**10
MAX_SEQUENCE_BODY = 16 * 2**20
"""3600 frames of 33 keypoints with world coordinates at full float precision come to 14 MB."""


def wants_json() -> bool:
    """Whether to answer JSON: asked for by Accept, or the body was JSON, or the method is no form's."""
    if request.is_json or request.method not in {"GET", "HEAD", "POST"}:
        return True
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def json_body(max_bytes: int = MAX_SMALL_BODY) -> Mapping[str, Any]:
    """The request's JSON object. BodyError for anything else; a larger body answers 413 before it is read."""
    request.max_content_length = max_bytes
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


def number_of(body: Mapping[str, Any], key: str) -> float:
    value = value_of(body, key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BodyError(f"{key} must be a number, got {value!r:.60}")
    try:
        return float(value)
    except OverflowError as error:
        raise BodyError(f"{key} is too large a number") from error


class BodyError(InvalidInputError):
    """The body is not of the form that the address takes. HTTP 400, where other invalid input is 422."""


def _value_of(body: Mapping[str, Any], key: str, kind: type[Value], named: str) -> Value:
    value = value_of(body, key)
    if not isinstance(value, kind):
        raise BodyError(f"{key} must be {named}, got {value!r:.60}")
    return value


def value_of(body: Mapping[str, Any], key: str) -> Any:
    if key not in body:
        raise BodyError(f"the body lacks {key}")
    return body[key]
