"""What the record page wants to see of somebody before it begins, by what the pose model can find at all."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage
from tests.browser.test_modules import run
from webapp.core.skeleton import BLAZEPOSE_33, UPPER_BODY_6, Skeleton

pytestmark = pytest.mark.browser

PICTURE = {"width_px": 640, "height_px": 480}
ADVICE = """
  const parts = m.partsInView(a.person, a.picture, a.skeleton);
  const { text, good } = m.advice(a.person, parts, a.picture, a.skeleton);
  return [m.partNames(a.skeleton), text, good];
"""


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page("/login", username=None)


def advice(page: Page, skeleton: Skeleton, unseen: tuple[str, ...] = ()) -> tuple[list[str], str, bool]:
    """The parts that are looked for, the sentence, and whether it may begin; all but the unseen is in view."""
    keypoints = [[320, 240, 0.1 if name in unseen else 0.9] for name in skeleton.keypoints]
    person = {"person_id": 1, "box_px": [100, 20, 500, 460], "keypoints": keypoints}
    argument = {"person": person, "picture": PICTURE, "skeleton": {"keypoints": skeleton.keypoints}}
    parts, text, good = run(page, "body.js", ADVICE, argument)
    return parts, text, good


def test_a_model_of_the_upper_body_waits_for_arms_alone(page: Page) -> None:
    assert advice(page, UPPER_BODY_6) == (["arms"], "All in view.", True)
    elbows = ("left_elbow", "right_elbow")
    assert advice(page, UPPER_BODY_6, elbows) == (["arms"], "Step back until your arms are in view.", False)


def test_a_model_of_the_whole_body_waits_for_hips_or_legs(page: Page) -> None:
    whole = ["head", "arms", "hips", "legs", "feet"]
    lower = ("left_hip", "right_hip", "left_knee", "right_knee")

    assert advice(page, BLAZEPOSE_33) == (whole, "All in view.", True)
    assert advice(page, BLAZEPOSE_33, lower) == (whole, "Step back until your whole body is in view.", False)


def test_a_model_with_names_of_ones_own_waits_for_somebody(page: Page) -> None:
    own = Skeleton("own", ("tip", "grip"), (("tip", "grip"),))

    assert advice(page, own) == ([], "All in view.", True)
