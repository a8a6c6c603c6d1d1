"""What the pages say and draw of hands: parts in view, joints by name, and the strip of movement."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage
from tests.browser.test_modules import run
from tests.jointed_hand import fist, gestured
from webapp.core.angles import HAND_JOINTS, JOINTS
from webapp.core.skeleton import BLAZEPOSE_33, HAND_21
from webapp.services.sequence_json import sequence_to_json

pytestmark = pytest.mark.browser

PICTURE = {"width_px": 640, "height_px": 480}
HAND = {"keypoints": HAND_21.keypoints}
LOOK = "const parts = m.partsInView(a.person, a.picture, a.skeleton);"


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page("/login", username=None)


def hand_at(x_px: float, y_px: float, height_px: float = 200.0) -> dict[str, object]:
    """All keypoints on a line upwards from the wrist."""
    keypoints = [[x_px, y_px - height_px * place / 20, 0.9] for place in range(21)]
    return {"person_id": 2, "box_px": [x_px - 40, y_px - height_px, x_px + 40, y_px], "keypoints": keypoints}


def advice_for(page: Page, person: object) -> tuple[str, bool]:
    body = f"{LOOK} const said = m.advice(a.person, parts, a.picture, a.skeleton); return [said.text, said.good];"
    text, good = run(page, "body.js", body, {"person": person, "picture": PICTURE, "skeleton": HAND})
    return text, good


def test_a_hand_has_a_palm_a_thumb_and_fingers(page: Page) -> None:
    argument = {"person": hand_at(320, 400), "picture": PICTURE, "skeleton": HAND}

    assert run(page, "body.js", f"{LOOK} return parts;", argument) == {"palm": True, "thumb": True, "fingers": True}
    assert advice_for(page, hand_at(320, 400)) == ("All in view.", True)


def test_advice_for_a_hand_speaks_of_the_hand(page: Page) -> None:
    above, small, outside = hand_at(320, 90, height_px=200), hand_at(320, 300, height_px=40), hand_at(320, 700)

    assert "fingers are partly out of view" in advice_for(page, above)[0]
    assert "hold it closer" in advice_for(page, small)[0]
    assert advice_for(page, outside) == ("Move your hand into the picture.", False)
    nobody = "return m.advice(null, {}, a.picture, a.skeleton).text;"
    assert run(page, "body.js", nobody, {"picture": PICTURE, "skeleton": HAND}) == "Show your hand to the camera."


def test_hands_are_called_hands_and_people_persons(page: Page) -> None:
    body = "return a.map((skeleton) => m.personName(3, skeleton));"

    assert run(page, "body.js", body, [HAND, {"keypoints": BLAZEPOSE_33.keypoints}]) == ["Hand 3", "Person 3"]
    body = "return a.map((skeleton) => m.nobodySeen(skeleton));"
    seen = ["No hand was seen", "Nobody was seen", "Nobody was seen"]
    assert run(page, "body.js", body, [HAND, {"keypoints": BLAZEPOSE_33.keypoints}, None]) == seen


def test_every_joint_is_called_on_the_page_as_on_the_server(page: Page) -> None:
    joints = [*JOINTS, *HAND_JOINTS]

    labels = run(page, "joints.js", "return a.map(m.jointLabel);", [joint.name for joint in joints])
    meanings = run(page, "joints.js", "return a.map(m.jointMeaning);", [joint.name for joint in joints])

    assert labels == [joint.label for joint in joints]
    assert all(meanings)


def test_a_fist_shows_in_the_strip_of_movement(page: Page) -> None:
    sequence = sequence_to_json(gestured((fist, 1.0)))
    argument = {"sequence": sequence, "names": HAND_21.keypoints}

    energy = run(page, "motion.js", "return m.motionEnergy(a.sequence, a.names);", argument)

    assert max(energy) > 2 * min(energy)


def test_a_gesture_is_replayed_as_a_hand(page: Page) -> None:
    body = """const canvas = document.createElement('canvas');
              Object.assign(canvas.style, {width: '300px', height: '300px', position: 'fixed', top: 0, left: 0});
              document.body.append(canvas);
              const player = new m.SkeletonPlayer(canvas); player.show(a);
              const painted = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
              return [player.skeleton.name, painted.filter((v, i) => i % 4 === 3 && v > 0).length];"""

    name, pixels = run(page, "skeleton_player.js", body, sequence_to_json(gestured((fist, 1.0))))

    assert name == "hand_21"
    assert pixels > 2000
