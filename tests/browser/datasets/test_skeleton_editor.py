"""A skeleton of one's own is made by mouse, keys and file."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.driving import wait_until
from tests.browser.running import RunningServer
from tests.browser.seeding import add_account, dataset
from webapp.core.skeleton import SKELETONS, Skeleton
from webapp.core.skeleton_json import skeleton_from_json, skeleton_to_json

pytestmark = pytest.mark.browser
CRAB = Skeleton(
    "crab", ("top", "claw", "pincer"), (("top", "claw"), ("top", "pincer")), flip_pairs=(("claw", "pincer"),)
)


@pytest.fixture(scope="session")
def maker(server: RunningServer) -> str:
    """Somebody who has a dataset "Kitchen" already."""
    add_account(server, "maker")
    dataset(server, "maker", 0, name="Kitchen", people=())
    return "maker"


@pytest.fixture
def new(open_page: OpenPage, maker: str) -> Page:
    """The page of a new dataset with the editor open."""
    page = open_page("/datasets/new", username=maker, expected_errors=r"status of 422")
    page.get_by_role("radio", name="Your own").check()
    expect(rows(page)).to_have_count(3)
    expect(page.locator("[data-problem]")).to_have_text("")
    return page


def rows(page: Page) -> Locator:
    return page.locator("[data-row]")


def names(page: Page) -> list[str]:
    return [row.input_value() for row in page.locator("[data-row] [data-name]").all()]


def point(page: Page, name: str) -> Locator:
    return page.locator(f"[data-point][aria-label='{name}']")


def height_of(place: Locator) -> float:
    return float(place.locator(".skeleton-reach").get_attribute("cy") or "nan")


def exported(page: Page) -> Skeleton:
    """What Export hands out, as the server reads it."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    return skeleton_from_json(json.loads(download.value.path().read_text(encoding="utf-8")))


def test_nothing_is_found_wrong_with_a_skeleton_before_anything_was_typed(new: Page) -> None:
    new.wait_for_timeout(600)
    expect(new.locator("[data-problem]")).to_have_text("")

    new.get_by_label("Name of the skeleton").press_sequentially("crab")
    expect(new.locator("[data-problem]")).to_have_text("This skeleton will do.")
    new.get_by_label("Name of the skeleton").fill("")
    expect(new.locator("[data-problem].is-wrong")).to_be_visible()


PARTS: Mapping[str, tuple[list[str], list[list[int]], list[list[int]]]] = {
    "two triangles": (list("abcdef"), [[0, 1], [1, 2], [2, 0], [3, 4], [4, 5], [5, 3]], [[0, 1, 2], [3, 4, 5]]),
    "beside a body": (
        ["head", "left_hand", "right_hand", "bat", "ball"],
        [[0, 1], [0, 2], [3, 4]],
        [[0, 1, 2], [3, 4]],
    ),
    "many": (list("abcdefghi"), [[0, 3], [1, 4], [2, 5]], [[0, 3], [1, 4], [2, 5], [6], [7]]),
    "one": (["a"], [], [[0]]),
}


def test_parts_of_a_skeleton_that_nothing_connects_lie_beside_each_other(new: Page) -> None:
    laid = "(skeleton) => import('/static/js/dataset_layout.js').then(({ layoutOf }) => layoutOf(skeleton))"
    for case, (keypoints, edges, parts) in PARTS.items():
        points = new.evaluate(laid, {"keypoints": keypoints, "edges": edges})

        assert all(0 <= value <= 1 for point in points for value in point), case
        boxes = [[(min(axis), max(axis)) for axis in zip(*(points[k] for k in part), strict=True)] for part in parts]
        for first, second in itertools.combinations(boxes, 2):
            gaps = (max(a[0], b[0]) - min(a[1], b[1]) for a, b in zip(first, second, strict=True))
            assert max(gaps) > 0.05, case


def test_a_skeleton_of_ones_own_becomes_a_dataset(new: Page) -> None:
    new.locator("#dataset-name").fill("Beach")
    new.get_by_label("Name of the skeleton").fill("crab")
    for position, name in enumerate(CRAB.keypoints):
        new.get_by_label(f"Name of keypoint {position + 1}").fill(name)
    rows(new).nth(2).locator("[data-partner]").select_option(label="claw")
    expect(new.locator("[data-problem]")).to_have_text("This skeleton will do.")
    assert exported(new) == CRAB

    new.get_by_role("button", name="Make the dataset").click()

    expect(new.get_by_role("heading", name="Beach")).to_be_visible()
    expect(new.locator("[data-skeleton] circle")).to_have_count(3)
    drawn = json.loads(new.locator("[data-skeleton]").get_attribute("data-skeleton") or "")
    assert skeleton_from_json(drawn) == CRAB


def test_points_are_connected_by_pressing_one_after_the_other(new: Page) -> None:
    new.get_by_label("Name of the skeleton").fill("crab")
    lines = new.locator(".skeleton-canvas line")
    expect(lines).to_have_count(2)

    for name in ("left_hand", "right_hand"):
        point(new, name).locator(".skeleton-reach").click()
    expect(lines).to_have_count(3)
    assert ("left_hand", "right_hand") in exported(new).edges
    for name in ("head", "left_hand"):
        point(new, name).locator(".skeleton-reach").click()
    expect(lines).to_have_count(2)


def test_the_drawing_works_from_the_keyboard(new: Page) -> None:
    lines = new.locator(".skeleton-canvas line")
    before_y = height_of(point(new, "head"))

    point(new, "left_hand").press("Enter")
    point(new, "right_hand").press("Enter")
    expect(lines).to_have_count(3)
    point(new, "head").press("ArrowDown")

    assert height_of(point(new, "head")) > before_y
    expect(point(new, "head")).to_be_focused()


def test_a_point_is_dragged_without_choosing_it(new: Page) -> None:
    head = point(new, "head").locator(".skeleton-reach")
    head.scroll_into_view_if_needed()
    before = head.bounding_box()
    assert before is not None
    middle = (before["x"] + before["width"] / 2, before["y"] + before["height"] / 2)

    new.mouse.move(*middle)
    new.mouse.down()
    new.mouse.move(middle[0] + 60, middle[1] + 40, steps=4)
    new.mouse.up()

    after = head.bounding_box()
    assert after is not None
    assert (after["x"] - before["x"], after["y"] - before["y"]) == pytest.approx((60, 40), abs=2)
    expect(point(new, "head")).to_have_attribute("aria-pressed", "false")


def test_keypoints_are_reordered_by_keyboard_and_by_dragging(new: Page) -> None:
    handle = rows(new).nth(0).locator("[data-handle]")
    handle.press("ArrowDown")
    assert names(new) == ["left_hand", "head", "right_hand"]
    expect(rows(new).nth(1).locator("[data-handle]")).to_be_focused()

    rows(new).nth(2).locator("[data-handle]").scroll_into_view_if_needed()
    start = rows(new).nth(2).locator("[data-handle]").bounding_box()
    end = rows(new).nth(0).bounding_box()
    assert start is not None
    assert end is not None
    new.mouse.move(start["x"] + 10, start["y"] + 10)
    new.mouse.down()
    new.mouse.move(start["x"] + 10, end["y"] + 2, steps=8)
    new.mouse.up()

    wait_until(new, lambda: names(new) == ["right_hand", "left_hand", "head"], "the last row is the first")


def test_what_is_added_removed_and_renamed_keeps_edges_and_pairs_in_order(new: Page) -> None:
    new.get_by_label("Name of the skeleton").fill("two hands")
    new.get_by_label("Name of a new keypoint").fill("tail")
    new.get_by_label("Name of a new keypoint").press("Enter")
    new.get_by_label("From", exact=True).select_option(label="tail")
    new.get_by_label("To", exact=True).select_option(label="left_hand")
    new.get_by_role("button", name="Connect").click()
    new.get_by_label("Remove head").click()
    new.get_by_label("Name of keypoint 1").fill("left_paw")
    new.get_by_label("Name of keypoint 1").press("Tab")

    made = exported(new)

    assert made.keypoints == ("left_paw", "right_hand", "tail")
    assert made.edges == (("tail", "left_paw"),)
    assert made.flip_indices == (0, 1, 2)  # the words left and right have no partners any more


def test_pairs_are_those_of_the_words_until_somebody_says_otherwise(new: Page) -> None:
    partner = rows(new).nth(1).locator("[data-partner]")
    expect(partner.locator("option:checked")).to_have_text("right_hand")
    again = new.get_by_role("button", name="Pair by the names again")
    expect(again).to_be_hidden()

    partner.select_option(label="nothing")
    expect(rows(new).nth(2).locator("[data-partner] option:checked")).to_have_text("nothing")
    again.click()

    expect(rows(new).nth(2).locator("[data-partner] option:checked")).to_have_text("left_hand")


def test_each_ready_made_one_is_a_start(new: Page) -> None:
    for skeleton in SKELETONS.values():
        new.locator("[data-start-from]").select_option(skeleton.name)
        new.get_by_label("Name of the skeleton").fill("mine")

        made = exported(new)

        assert (made.keypoints, made.edges) == (skeleton.keypoints, skeleton.edges), skeleton.name
        assert made.flip_indices == skeleton.flip_indices, skeleton.name


def test_a_file_is_read_and_what_is_none_says_why(new: Page, tmp_path: Path) -> None:
    file = tmp_path / "crab.json"
    for content, said in (
        ("{", "crab.json is no skeleton"),
        ('{"keypoints": 3}', "keypoints must be a list of names"),
        ('{"keypoints": ["a"], "edges": [[0, 7]]}', "edges must be pairs of positions"),
    ):
        file.write_text(content)
        new.locator("[data-import]").set_input_files(file)
        expect(new.locator("[data-problem]")).to_contain_text(said)

    file.write_text(json.dumps(skeleton_to_json(CRAB)))
    new.locator("[data-import]").set_input_files(file)

    expect(new.get_by_label("Name of the skeleton")).to_have_value("crab")
    assert exported(new) == CRAB


def test_a_refusal_loses_nothing_that_was_entered(new: Page) -> None:
    new.locator("#dataset-name").fill("Kitchen")
    new.get_by_label("Name of the skeleton").fill("crab")

    new.get_by_role("button", name="Make the dataset").click()

    expect(new.locator("[data-refused]")).to_have_text("There is another dataset named 'Kitchen'; choose another name.")
    expect(new.get_by_label("Name of the skeleton")).to_have_value("crab")
    expect(new.get_by_role("button", name="Make the dataset")).to_be_enabled()
