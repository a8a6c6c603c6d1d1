"""The check of the skeletons itself: it passes a skeleton that lies on the man and no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.browser.clips import JACKS, man_alone
from tests.browser.man_boxes import BoxPx, box_in, faults, man_boxes

BOX: BoxPx = (200, 30, 440, 330)
BODY = {
    "nose": (0.5, 0.1),
    "left_wrist": (0.98, 0.05),
    "right_wrist": (0.02, 0.05),
    "left_hip": (0.55, 0.5),
    "right_hip": (0.45, 0.5),
    "left_ankle": (0.7, 0.93),
    "right_ankle": (0.3, 0.93),
}
Move = Callable[[float, float], tuple[float, float]]


def person(move: Move = lambda x, y: (x, y), score: float = 0.9) -> dict[str, Any]:
    """A body that fills BOX, each of its keypoints moved; in and out in shares of the box."""
    x1, y1, x2, y2 = BOX
    moved = [move(x, y) for x, y in BODY.values()]
    return {"keypoints": [[x1 + x * (x2 - x1), y1 + y * (y2 - y1), score] for x, y in moved]}


def test_a_skeleton_on_the_man_has_no_faults() -> None:
    assert faults(person(), tuple(BODY), BOX) == []


@pytest.mark.parametrize(
    "move",
    [
        pytest.param(lambda x, y: (x + 0.2, y), id="aside"),
        pytest.param(lambda x, y: (x - 0.2, y), id="to the other side"),
        pytest.param(lambda x, y: (x, y - 0.2), id="up"),
        pytest.param(lambda x, y: (x, y + 0.2), id="down"),
        pytest.param(lambda x, y: (x, 1 - y), id="upside down"),
        pytest.param(lambda x, y: (0.5 + (x - 0.5) / 4, 0.5 + (y - 0.5) / 4), id="shrunk"),
        pytest.param(lambda x, y: (0.5 + (x - 0.5) * 1.5, 0.5 + (y - 0.5) * 1.5), id="too large"),
    ],
)
def test_a_skeleton_beside_the_man_is_found_out(move: Move) -> None:
    assert faults(person(move), tuple(BODY), BOX)


def test_a_skeleton_of_guesses_is_found_out() -> None:
    assert faults(person(score=0.1), tuple(BODY), BOX)


def test_the_boxes_are_narrow() -> None:
    shares = [(x2 - x1) * (y2 - y1) / (640 * 360) for x1, y1, x2, y2 in man_boxes()]

    assert max(shares) < 0.45
    assert sorted(shares)[len(shares) // 2] < 0.35


def test_a_picture_of_the_clip_is_found_again_by_its_looks(demo_clip: Path) -> None:
    wide = [number for number in JACKS if man_boxes()[number][2] - man_boxes()[number][0] > 200]
    pictures = man_alone(JACKS)

    for number in wide:
        sent = cv2.imencode(".jpg", pictures[number], [cv2.IMWRITE_JPEG_QUALITY, 60])[1].tobytes()
        assert box_in(sent) == man_boxes()[number]
