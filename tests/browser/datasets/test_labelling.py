"""Labelling in a real browser: by mouse and by keys, and how few inputs it takes."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.driving import wait_until
from tests.browser.labelling import AWAY, OpenLabeller, seed
from tests.browser.running import RunningServer
from webapp.core.skeleton import COCO_17
from webapp.datasets.records import ABSENT, HIDDEN, VISIBLE

pytestmark = pytest.mark.browser


def test_a_picture_that_is_right_takes_one_input_and_a_corrected_joint_two_at_most(
    server: RunningServer, open_labeller: OpenLabeller
) -> None:
    seeded = seed(server, "labeller", 12)
    labeller = open_labeller(seeded.dataset_id)
    done: list[str] = []

    for number in range(10):
        sample_id = labeller.sample_id
        sample = labeller.stored()
        before = labeller.inputs
        if number % 3 == 1:  # a drag
            k = next(k for k, point in enumerate(sample["keypoints"]) if point[2] == VISIBLE)
            x, y, *_ = sample["keypoints"][k]
            box = sample["box_px"]
            labeller.drag(labeller.point(x, y, box), labeller.point(x + 6, y - 4, box))
            assert labeller.inputs - before == 1
        elif number % 3 == 2:  # a number, then where it belongs
            labeller.press("3")
            labeller.click(labeller.point(150, 120, sample["box_px"]))
            assert labeller.inputs - before == 2
        corrected = labeller.inputs - before
        labeller.press("Enter")
        assert labeller.inputs - before == corrected + 1
        labeller.wait_for_picture(other_than=sample_id)
        done.append(sample_id)

    for number, sample_id in enumerate(done):
        stored = labeller.wait_for_revision(sample_id, 2)
        assert stored["state"] == "reviewed"
        assert stored["labelled_by"] == "labeller"
        if number % 3 == 2:
            assert stored["keypoints"][2][:3] == pytest.approx([150, 120, VISIBLE], abs=1)
    assert len(set(done)) == 10


def test_the_next_five_pictures_are_there_before_they_are_asked_for(
    server: RunningServer, open_labeller: OpenLabeller
) -> None:
    seeded = seed(server, "labeller", 8)
    labeller = open_labeller(seeded.dataset_id, expected_errors=AWAY)
    fetched = "performance.getEntriesByType('resource').filter((e) => e.name.includes('/pictures/')).length"
    wait_until(labeller.page, lambda: labeller.page.evaluate(fetched) >= 6, "six pictures")
    labeller.page.wait_for_timeout(300)  # the last one is decoded
    asked: list[str] = []
    labeller.page.on("request", lambda request: asked.append(request.url) if "/pictures/" in request.url else None)
    labeller.page.context.set_offline(True)

    shown = [labeller.sample_id]
    for _ in range(5):
        labeller.press("PageDown")
        shown.append(labeller.wait_for_picture(other_than=shown[-1]))

    assert len(set(shown)) == 6
    expect(labeller.page.locator("[data-message]")).to_be_hidden()
    labeller.page.context.set_offline(False)


def test_nothing_labelled_yet_each_click_places_a_keypoint_and_the_next_one_follows(
    server: RunningServer, open_labeller: OpenLabeller
) -> None:
    seeded = seed(server, "labeller", 3, states=("unlabelled",))
    labeller = open_labeller(seeded.dataset_id, seeded.sample_ids[0])
    sample = labeller.stored()
    places = [(100 + 9 * k, 90 + 12 * k) for k in range(6)]

    assert labeller.selected() == "left_shoulder"
    for k, (x, y) in enumerate(places):
        labeller.click(labeller.point(x, y, sample["box_px"]), button="right" if k == 4 else "left")
    assert labeller.inputs == 6
    assert labeller.selected() is None
    labeller.press("Enter")

    stored = labeller.wait_for_revision(sample["sample_id"], 1)
    assert [point[2] for point in stored["keypoints"]] == [2, 2, 2, 2, HIDDEN, 2]
    assert [value for point in stored["keypoints"] for value in point[:2]] == pytest.approx(
        [value for place in places for value in place], abs=0.6
    )


def test_a_keypoint_is_chosen_by_two_digits_nudged_hidden_and_brought_back(
    server: RunningServer, open_labeller: OpenLabeller
) -> None:
    seeded = seed(server, "labeller", 2, skeleton=COCO_17)
    labeller = open_labeller(seeded.dataset_id, seeded.sample_ids[1])
    k = COCO_17.index["right_hip"]
    x, y, *_ = labeller.stored()["keypoints"][k]

    labeller.press("1", "3")
    assert labeller.selected() == "right_hip"
    labeller.press("ArrowRight", "ArrowRight", "Shift+ArrowUp")
    expect(labeller.page.locator("[data-said]")).to_contain_text(f"right hip: visible, {round(x + 2)} across")
    labeller.press("Shift+Digit1")
    assert labeller.visibilities()[k] == HIDDEN
    labeller.press("v")
    assert labeller.visibilities()[k] == ABSENT
    labeller.press("v")
    assert labeller.visibilities()[k] == VISIBLE
    labeller.press("Shift+Enter")

    stored = labeller.wait_for_revision(seeded.sample_ids[1], 2)
    assert stored["keypoints"][k][:2] == pytest.approx([x + 2, y - 10], abs=0.02)
    assert labeller.sample_id == seeded.sample_ids[1]


def test_undo_goes_back_across_pictures_and_redo_forth(server: RunningServer, open_labeller: OpenLabeller) -> None:
    seeded = seed(server, "labeller", 6)
    labeller = open_labeller(seeded.dataset_id)
    first = labeller.sample_id
    before = labeller.stored()["keypoints"]
    labeller.press("1", "v", "Enter")
    labeller.wait_for_picture(other_than=first)
    labeller.wait_for_revision(first, 2)

    labeller.press("Control+z")
    labeller.expect_state("proposed")
    assert labeller.sample_id == first
    labeller.press("Control+z")
    assert labeller.visibilities() == [point[2] for point in before]
    labeller.press("Control+y", "Control+Shift+z")
    labeller.expect_state("reviewed")
    labeller.press("Control+z", "Control+z", "PageDown")

    stored = labeller.wait_for_revision(first, 3)
    assert [point[2] for point in stored["keypoints"]] == [point[2] for point in before]
    assert stored["state"] == "proposed"


def test_a_label_is_copied_from_the_picture_before_of_the_same_session(
    server: RunningServer, open_labeller: OpenLabeller
) -> None:
    seeded = seed(server, "labeller", 3, states=("reviewed", "unlabelled", "unlabelled"))
    labeller = open_labeller(seeded.dataset_id, seeded.sample_ids[2])
    source = labeller.stored(seeded.sample_ids[0])

    labeller.press("c")
    expect(labeller.page.locator("[data-placed]")).not_to_have_text("0 of 6")
    labeller.press("Enter")

    stored = labeller.wait_for_revision(seeded.sample_ids[2], 1)
    assert [point[2] for point in stored["keypoints"]] == [point[2] for point in source["keypoints"]]
    (x1, y1, x2, y2), (left, top, right, bottom) = source["box_px"], stored["box_px"]
    for (x, y, visibility, _), (new_x, new_y, *_) in zip(source["keypoints"], stored["keypoints"], strict=True):
        if visibility != ABSENT:
            assert (new_x - left) / (right - left) == pytest.approx((x - x1) / (x2 - x1), abs=0.01)
            assert (new_y - top) / (bottom - top) == pytest.approx((y - y1) / (y2 - y1), abs=0.01)


def test_left_and_right_are_exchanged_by_one_key_and_the_mirror_shows_it(
    server: RunningServer, open_labeller: OpenLabeller
) -> None:
    seeded = seed(server, "labeller", 4)
    labeller = open_labeller(seeded.dataset_id, seeded.sample_ids[3])
    before = labeller.stored()["keypoints"]

    labeller.press("m")
    expect(labeller.page.locator("[data-mirror]")).to_be_visible()
    labeller.press("x", "Shift+Enter")

    after = labeller.wait_for_revision(seeded.sample_ids[3], 2)["keypoints"]
    for k in range(0, 6, 2):
        assert after[k][:3] == pytest.approx(before[k + 1][:3], abs=0.02)
        assert after[k + 1][:3] == pytest.approx(before[k][:3], abs=0.02)


def test_the_box_is_edited_by_its_handles_and_by_keys(server: RunningServer, open_labeller: OpenLabeller) -> None:
    seeded = seed(server, "labeller", 2)
    labeller = open_labeller(seeded.dataset_id, seeded.sample_ids[0])
    box = labeller.stored()["box_px"]
    x1, y1, x2, y2 = box

    labeller.press("b")
    labeller.drag(labeller.point(x2, y2, box), labeller.point(x2 - 10, y2 - 20, box))
    labeller.press("ArrowRight", "Control+ArrowDown", "Shift+Enter")

    stored = labeller.wait_for_revision(seeded.sample_ids[0], 2)
    assert stored["box_px"] == pytest.approx([x1 + 1, y1, x2 - 9, y2 - 19], abs=0.8)
    labeller.press("Shift+b", "Shift+Enter")
    xs = [point[0] for point in labeller.wait_for_revision(seeded.sample_ids[0], 3)["keypoints"] if point[2]]
    fitted = labeller.stored(seeded.sample_ids[0])["box_px"]
    assert fitted[0] < min(xs)
    assert fitted[2] > max(xs)


def test_excluding_going_about_and_jumping(server: RunningServer, open_labeller: OpenLabeller) -> None:
    seeded = seed(server, "labeller", 8, states=("proposed", "reviewed"))
    labeller = open_labeller(seeded.dataset_id)
    page, first = labeller.page, labeller.sample_id

    labeller.press("e")
    second = labeller.wait_for_picture(other_than=first)
    assert labeller.wait_for_revision(first, 2)["state"] == "excluded"
    labeller.press("PageUp")
    labeller.expect_state("excluded")
    labeller.press("e")
    labeller.expect_state("proposed")
    labeller.press("PageDown")
    assert labeller.wait_for_picture(other_than=first) == second
    labeller.press("g")
    page.keyboard.type("5")
    labeller.press("Enter")
    assert labeller.wait_for_picture(other_than=second) == seeded.sample_ids[5]
    labeller.press(".")
    assert labeller.wait_for_picture(other_than=seeded.sample_ids[5]) == seeded.sample_ids[6]
    labeller.press(",")
    assert labeller.wait_for_picture(other_than=seeded.sample_ids[6]) == seeded.sample_ids[5]
    labeller.press("u")
    labeller.wait_for_picture(other_than=seeded.sample_ids[5])
    labeller.expect_state("proposed")
    page.goto(f"/datasets/{seeded.dataset_id}/label?sample={seeded.sample_ids[7]}")
    labeller.wait_for_picture()
    labeller.press(".")
    expect(page.get_by_text("This is the last picture.")).to_be_visible()
    labeller.press("g")
    page.keyboard.type("99")
    labeller.press("Enter")
    expect(page.get_by_text("There is no picture #99. This is the last one, #7.")).to_be_visible()


def test_a_number_that_no_picture_has_is_said_so(server: RunningServer, open_labeller: OpenLabeller) -> None:
    seeded = seed(server, "labeller", 8, states=("proposed", "reviewed"))
    labeller = open_labeller(seeded.dataset_id, seeded.sample_ids[2])
    for typed, number in (("99999", "99999"), ("1e3", "1000")):
        labeller.press("g")
        labeller.page.keyboard.type(typed)
        labeller.press("Enter")
        expect(labeller.page.get_by_text(f"There is no picture #{number}.")).to_be_visible()
        labeller.press(",")
        labeller.wait_for_picture(other_than=seeded.sample_ids[7])


def test_skipped_pictures_come_again_and_the_end_is_told(server: RunningServer, open_labeller: OpenLabeller) -> None:
    seeded = seed(server, "labeller", 3)
    labeller = open_labeller(seeded.dataset_id)
    page, shown = labeller.page, [labeller.sample_id]

    for _ in range(2):
        labeller.press("PageDown")
        shown.append(labeller.wait_for_picture(other_than=shown[-1]))
    assert set(shown) == set(seeded.sample_ids)
    for _ in range(2):
        last = labeller.sample_id
        labeller.press("Enter")
        labeller.wait_for_picture(other_than=last)
    last = labeller.sample_id
    labeller.press("Enter")

    expect(page.get_by_role("heading", name="Everything is reviewed")).to_be_visible()
    assert {labeller.wait_for_revision(sample_id, 2)["state"] for sample_id in shown} == {"reviewed"}
    labeller.press("PageUp")
    labeller.expect_state("reviewed")
    assert labeller.sample_id == last


def test_a_picture_is_labelled_by_the_keyboard_alone(server: RunningServer, open_labeller: OpenLabeller) -> None:
    seeded = seed(server, "labeller", 2, states=("unlabelled",))
    labeller = open_labeller(seeded.dataset_id, seeded.sample_ids[0])

    for _ in range(6):
        labeller.press("Shift+ArrowLeft", "Shift+ArrowUp", "ArrowUp", "Tab")
    assert labeller.visibilities() == [VISIBLE] * 6
    assert labeller.page.evaluate("document.activeElement.matches('[data-stage]')") is False, "Tab is no trap"
    labeller.press("Escape", "Enter") if labeller.page.evaluate("document.activeElement === document.body") else None
    labeller.page.locator("[data-do=accept]").press("Enter")

    assert labeller.wait_for_revision(seeded.sample_ids[0], 1)["state"] == "reviewed"


def test_every_key_is_in_the_help(server: RunningServer, open_labeller: OpenLabeller) -> None:
    labeller = open_labeller(seed(server, "labeller", 1).dataset_id)

    labeller.press("?")

    help_box = labeller.page.get_by_role("dialog", name="Keys")
    expect(help_box).to_be_visible()
    told = help_box.locator("kbd").all_inner_texts()
    keys = "m.GROUPS.flatMap(([, rows]) => rows.flatMap(([, keys]) => keys))"
    commands = labeller.page.evaluate(f"import('/static/js/label_keys.js').then((m) => {keys})")
    shown = {text.casefold().replace(" ", "") for text in told}
    missing = {key for key in commands if key.casefold().replace("+", "").replace(" ", "") not in shown and key != "+"}
    assert missing <= {"Shift+l", "Shift+k"}, "those stand in one line with l and k"
