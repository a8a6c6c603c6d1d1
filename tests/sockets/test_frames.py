"""Which frames of a browser are taken, and what the others are told."""

from __future__ import annotations

import math

import pytest

from webapp.core.errors import InvalidInputError
from webapp.pipeline.messages import FrameMessage
from webapp.sockets.frames import FrameLimits, frame_from_browser, frame_id_of

JPEG = b"\xff\xd8\xff\xe0 a picture"
LIMITS = FrameLimits(max_bytes=1000)


def test_a_browsers_frame_is_taken_as_it_is() -> None:
    got = frame_from_browser("s1", ({"frame_id": 7, "time_s": 1}, JPEG), LIMITS)

    assert got == FrameMessage("s1", 7, 1.0, JPEG)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "two arguments"),
        (({"frame_id": 1, "time_s": 0.0},), "two arguments"),
        ((JPEG, {"frame_id": 1, "time_s": 0.0}), "must be an object, got bytes"),
        (({"frame_id": 1, "time_s": 0.0}, "text"), "must be JPEG bytes, got str"),
        (({"frame_id": 1, "time_s": 0.0}, b""), "0 bytes"),
        (({"frame_id": 1, "time_s": 0.0}, JPEG + bytes(1000)), "at most 1000"),
        (({"frame_id": 1, "time_s": 0.0}, b"\x89PNG\r\n\x1a\n"), "not a JPEG"),
        (({"frame_id": -1, "time_s": 0.0}, JPEG), "frame_id"),
        (({"frame_id": 2**53, "time_s": 0.0}, JPEG), "frame_id"),
        (({"frame_id": True, "time_s": 0.0}, JPEG), "frame_id"),
        (({"frame_id": 1.5, "time_s": 0.0}, JPEG), "frame_id"),
        (({"frame_id": 1}, JPEG), "time_s"),
        (({"frame_id": 1, "time_s": math.nan}, JPEG), "time_s"),
        (({"frame_id": 1, "time_s": math.inf}, JPEG), "time_s"),
        (({"frame_id": 1, "time_s": "1"}, JPEG), "time_s"),
    ],
)
def test_a_browsers_wrong_frame_is_refused_with_a_sentence(arguments: tuple[object, ...], sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=sentence):
        frame_from_browser("s1", arguments, LIMITS)


def test_the_id_of_a_wrong_frame_is_found_where_there_is_one() -> None:
    assert frame_id_of(({"frame_id": 7, "time_s": "x"}, b"")) == 7
    assert frame_id_of(({"frame_id": "7"}, JPEG)) is None
    assert frame_id_of(()) is None
