"""Pose sequences cut and mirrored in the browser."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage
from tests.movements import arm_raise
from webapp.core.records import PoseSequence
from webapp.core.sequences import mirrored
from webapp.core.skeleton import Skeleton
from webapp.services.sequence_json import sequence_to_json

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page("/login", username=None)


def run(page: Page, body: str, *arguments: object) -> Any:
    script = f"async (a) => {{ const m = await import('/static/js/sequences.js'); return {body}; }}"
    return page.evaluate(script, arguments)


def test_a_stretch_keeps_its_frames_and_begins_at_zero(page: Page) -> None:
    whole = arm_raise(frames=30)

    cut = run(page, "m.cutSequence(...a)", sequence_to_json(whole), 0.3, 0.6)

    expected = sequence_to_json(whole.between(0.3 - 1e-6, 0.6 + 1e-6))
    assert cut["times_s"] == pytest.approx(expected["times_s"], abs=1e-5)
    assert {key: cut[key] for key in ("keypoints", "scores", "world_m")} == {
        key: expected[key] for key in ("keypoints", "scores", "world_m")
    }


def test_a_mirror_exchanges_left_and_right_as_the_server_does(page: Page) -> None:
    sequence = arm_raise(frames=4)
    sequence.keypoints[:, 15] += 0.1  # the left wrist elsewhere than the right one

    mirror = run(page, "m.mirroredSequence(a[0])", sequence_to_json(sequence))

    expected: Any = sequence_to_json(mirrored(sequence))
    shift = expected["keypoints"][0][0][0] - mirror["keypoints"][0][0][0]  # where the mirror stands is all the same
    for pose, other in zip(mirror["keypoints"], expected["keypoints"], strict=True):
        assert [x + shift for x, _ in pose] == pytest.approx([x for x, _ in other], abs=1e-4)
        assert [y for _, y in pose] == [y for _, y in other]


@pytest.mark.parametrize("pairs", [None, (("tip", "end_right_far"),), ()])
def test_a_skeleton_of_the_users_own_is_mirrored_by_its_names_or_its_pairs(
    page: Page, pairs: tuple[tuple[str, str], ...] | None
) -> None:
    skeleton = Skeleton("rod", ("tip", "left_end", "end_right_far", "right_end"), (("tip", "left_end"),), pairs)
    points = np.linspace(0, 1, 16, dtype=np.float32).reshape(2, 4, 2)
    sequence = PoseSequence(skeleton, np.array([0.0, 0.1]), points, np.ones((2, 4), np.float32))

    mirror = run(page, "m.mirroredSequence(a[0])", sequence_to_json(sequence))

    expected: Any = sequence_to_json(mirrored(sequence))
    assert (mirror["keypoints"], mirror["skeleton"]) == (expected["keypoints"], expected["skeleton"])
