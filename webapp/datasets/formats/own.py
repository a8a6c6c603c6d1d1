"""What Moveprint knows and a format has no place for: one JSON object per person and per picture.

A format's own numbers count: ours only bring back what their rounding lost, and only where the two agree, so that
what somebody changed with another tool is never undone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.records import Box
from webapp.core.skeleton import Skeleton
from webapp.core.skeleton_json import skeleton_from_json, skeleton_to_json
from webapp.datasets.formats.checks import decimal, number, stored_text
from webapp.datasets.records import SPLITS, Extra, Label, LabelledPerson, LabelledPicture

SCHEMA = 1
FILE_NAME = "moveprint.json"
"""Beside the files of a format that has no place for an object of ours."""
STATES = ("unlabelled", "proposed", "reviewed", "excluded")
MAX_NAME = 80
MAX_TEACHER = 64
MAX_EXTRA_BYTES = 64 * 1024
"""Of what another tool said of one person or one picture; more is left out, and that is noted."""
_SAME = 1e-6  # of the box's longer side: nearer numbers differ by their rounding alone


@dataclass(frozen=True)
class OwnPerson:
    """What own_person wrote, checked."""

    state: str | None = None
    person: str | None = None
    split: str | None = None
    labelled: bool | None = None
    numbered: bool = False
    box: tuple[float, ...] | None = None
    confidence: tuple[float, ...] | None = None
    teacher: str | None = None
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True)
class OwnPicture:
    """What own_picture wrote, checked."""

    source: str | None = None
    session: str | None = None
    numbered: bool = False
    extra: Extra = field(default_factory=dict)


def own_header(skeleton: Skeleton) -> dict[str, object]:
    """What an annotation file of ours says of itself."""
    return {"schema": SCHEMA, "skeleton": skeleton_to_json(skeleton)}


def header_skeleton(header: object) -> Skeleton | None:
    """The skeleton of a file of ours; None where it is no file of ours."""
    if not isinstance(header, dict) or "skeleton" not in header:
        return None
    if header.get("schema") != SCHEMA:
        raise InvalidInputError(
            f"this was exported by another version of Moveprint (schema {header.get('schema')!r:.20}, known: {SCHEMA})"
        )
    return skeleton_from_json(header["skeleton"])


def own_person(person: LabelledPerson, native: str) -> dict[str, object]:
    """Everything but keypoints and what the format itself gives back: `native` is its key in the extra."""
    label, box = person.label, person.box
    confidence = None if label is None or label.confidence is None else label.confidence
    own: dict[str, object] = {
        "state": person.state,
        "person": person.person,
        "split": person.split,
        "labelled": label is not None,
        "box": [box.x1_px, box.y1_px, box.x2_px, box.y2_px],
        "confidence": None if confidence is None else [decimal(value) for value in confidence],
        "teacher": None if label is None else person.teacher,
        "extra": {key: value for key, value in person.extra.items() if key != native},
    }
    return _without_nothing(own)


def own_picture(picture: LabelledPicture, native: str) -> dict[str, object]:
    """Source, session, and what other formats said."""
    extra = {key: value for key, value in picture.extra.items() if key != native}
    return _without_nothing({"source": picture.source, "session": picture.session, "extra": extra})


def person_of(own: object) -> OwnPerson:
    """What own_person wrote; an empty one for None. InvalidInputError names what is wrong with it."""
    known = _object(own)
    box, confidence = known.get("box"), known.get("confidence")
    labelled = known.get("labelled")
    return OwnPerson(
        state=_one_of(known, "state", STATES),
        person=_name(known, "person"),
        split=_one_of(known, "split", SPLITS),
        labelled=labelled if isinstance(labelled, bool) else None,
        numbered=known.get("numbered") is True,
        box=None if box is None else _numbers(box, "box", 4),
        confidence=None if confidence is None else _numbers(confidence, "confidence", None),
        teacher=_name(known, "teacher", MAX_TEACHER),
        extra=_object(known.get("extra")),
    )


def picture_of(own: object) -> OwnPicture:
    """What own_picture wrote; an empty one for None."""
    known = _object(own)
    return OwnPicture(
        source=_name(known, "source"),
        session=_name(known, "session"),
        numbered=known.get("numbered") is True,
        extra=_object(known.get("extra")),
    )


def restored_box(box: Box, own: OwnPerson, within_px: tuple[int, int] | None = None) -> Box:
    """The box to the bit where the file's own numbers are those of it but for their rounding.

    within_px: (width, height) of the picture where the format cuts boxes off at its edge.
    """
    if own.box is None:
        return box
    corners = np.array(own.box)
    said = (box.x1_px, box.y1_px, box.x2_px, box.y2_px)
    distance = np.abs(np.array(said) - (corners if within_px is None else cut_off(corners, within_px))).max()
    return Box(*own.box) if distance <= _SAME * max(1.0, box.width_px, box.height_px) else box


def cut_off(corners: NDArray[np.float64], within_px: tuple[int, int]) -> NDArray[np.float64]:
    """x1, y1, x2, y2 without what leads beyond the picture of this width and height."""
    return np.clip(corners, 0, np.tile(within_px, 2))


def restored_label(label: Label, own: OwnPerson, same_keypoints: bool) -> Label | None:
    """With its confidence again; None where there was a box alone.

    same_keypoints: whether the file's keypoints are the skeleton's, in its order.
    """
    if not label.visibility.any() and own.labelled is not True:
        return None
    if own.confidence is None or not same_keypoints or len(own.confidence) != len(label.visibility):
        return label
    return replace(label, confidence=np.array(own.confidence, np.float32).clip(0, 1))


def kept_extra(native: str, said: Mapping[str, object], others: Extra) -> tuple[dict[str, object], str | None]:
    """The extra of a record: what the format said beside what we know, and what other formats had said before.

    Too large, or not JSON: left out, and the second value is the note for the report.
    """
    extra = {**others, **({native: dict(said)} if said else {})}
    try:
        size = len(json.dumps(extra, allow_nan=False, ensure_ascii=False).encode()) if extra else 0
    except (ValueError, TypeError, RecursionError):
        return {}, "its further fields were left out: they are nested too deep, or hold NaN or half a character"
    if size > MAX_EXTRA_BYTES:
        return {}, f"its further fields were left out: they have {size:,} bytes, at most {MAX_EXTRA_BYTES:,} are kept"
    return extra, None


def _without_nothing(own: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in own.items() if value is not None and value != {}}


def _object(value: object) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidInputError(f"moveprint must be an object, got {value!r:.60}; export the dataset again")
    return value


def _one_of(known: Mapping[str, object], key: str, choices: tuple[str, ...]) -> str | None:
    value = known.get(key)
    if value is not None and value not in choices:
        raise InvalidInputError(f"{key} must be one of {', '.join(choices)}, got {value!r:.60}")
    return None if value is None else str(value)


def _name(known: Mapping[str, object], key: str, most: int = MAX_NAME) -> str | None:
    value = known.get(key)
    if value is not None and (not isinstance(value, str) or not 0 < len(value) <= most):
        raise InvalidInputError(f"{key} must be a text of 1 to {most} characters, got {value!r:.60}")
    return None if value is None else stored_text(str(value), key)


def _numbers(value: object, what: str, count: int | None) -> tuple[float, ...]:
    if not isinstance(value, list) or (count is not None and len(value) != count):
        raise InvalidInputError(f"{what} must be a list of {count or 'all'} numbers, got {value!r:.60}")
    return tuple(number(each, what) for each in value)
