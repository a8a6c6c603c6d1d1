"""Labelling in a real browser: by mouse, by keys, by fingers, two at once, offline, and how few inputs it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, Playwright, Route, ViewportSize, expect

from tests.browser.chromium import QUIET
from tests.browser.conftest import OpenPage
from tests.browser.driving import log_in, wait_until
from tests.browser.labelling import Labeller, seed
from tests.browser.running import RunningServer
from tests.browser.seeding import add_account, app_of
from tests.browser.test_pages import Look, needs_axe
from webapp.core.skeleton import COCO_17
from webapp.datasets.records import ABSENT, HIDDEN, VISIBLE
from webapp.services.accounts import get_account
from webapp.services.sample_edits import edit_samples

pytestmark = pytest.mark.browser

DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
AWAY = "ERR_INTERNET_DISCONNECTED|ERR_FAILED|Failed to load resource"
OpenLabeller = Callable[..., Labeller]


@pytest.fixture(scope="module", autouse=True)
def people(server: RunningServer) -> None:
    for name in ("labeller", "colleague", "looker"):
        add_account(server, name)


@pytest.fixture
def open_labeller(open_page: OpenPage) -> OpenLabeller:
    """The labelling page of a dataset, with its first picture."""

    def opened(dataset_id: str, sample_id: str = "", *, username: str = "labeller", **options: Any) -> Labeller:
        path = f"/datasets/{dataset_id}/label" + (f"?sample={sample_id}" if sample_id else "")
        page = open_page(path, username=username, **({"viewport": DESK} | options))
        labeller = Labeller(page, dataset_id)
        labeller.wait_for_picture()
        return labeller

    return opened


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


def test_offline_nothing_is_lost_and_labels_are_saved_in_order_afterwards(
    server: RunningServer, open_labeller: OpenLabeller
) -> None:
    seeded = seed(server, "labeller", 8)
    labeller = open_labeller(seeded.dataset_id, expected_errors=AWAY)
    page = labeller.page
    fetched = "performance.getEntriesByType('resource').filter((e) => e.name.includes('/pictures/')).length"
    wait_until(page, lambda: page.evaluate(fetched) >= 6, "pictures ahead")
    page.wait_for_timeout(300)
    saved: list[str] = []
    page.on(
        "response", lambda answer: saved.append(answer.url) if answer.request.method == "PUT" and answer.ok else None
    )

    page.context.set_offline(True)
    done = []
    for _ in range(4):
        done.append(labeller.sample_id)
        labeller.press("1", "ArrowLeft", "Enter")
        labeller.wait_for_picture(other_than=done[-1])
    expect(page.locator("[data-notice=away]")).to_contain_text("out of reach")
    expect(page.locator("[data-saving]")).to_have_text("4 pictures wait to be saved")
    page.context.set_offline(False)

    expect(page.locator("[data-notice=away]")).to_have_count(0, timeout=30_000)
    for sample_id in done:
        assert labeller.wait_for_revision(sample_id, 2)["state"] == "reviewed"
    assert [url.split("/")[-2] for url in saved] == done


def test_labels_that_were_not_sent_before_the_tab_was_closed_are_sent_by_the_next_visit(
    server: RunningServer, open_labeller: OpenLabeller
) -> None:
    seeded = seed(server, "labeller", 6)
    labeller = open_labeller(seeded.dataset_id, expected_errors=AWAY)
    context, first = labeller.page.context, labeller.sample_id
    context.route("**/samples/*/label", lambda route: route.abort())
    labeller.press("Enter")
    second = labeller.wait_for_picture(other_than=first)
    labeller.press("1", "ArrowLeft")  # a draft, never handed over
    labeller.page.close(run_before_unload=False)
    context.unroute("**/samples/*/label")

    page = context.new_page()
    page.goto(f"/datasets/{seeded.dataset_id}/label?sample={seeded.sample_ids[5]}")
    again = Labeller(page, seeded.dataset_id)

    assert again.wait_for_revision(first, 2)["state"] == "reviewed"
    if second != seeded.sample_ids[5]:
        expect(page.locator("[data-notice=drafts]")).to_contain_text("not saved")
        page.locator("[data-notice=drafts]").get_by_role("button", name="Show").click()
        again.wait_for_picture(other_than=seeded.sample_ids[5])
    expect(page.get_by_text("Your changes that were not saved are back.")).to_be_visible()
    assert again.sample_id == second
    again.press("Enter")
    again.wait_for_revision(second, 2)


def test_whether_the_present_picture_is_saved_is_said(server: RunningServer, open_labeller: OpenLabeller) -> None:
    seeded = seed(server, "labeller", 3)
    labeller = open_labeller(seeded.dataset_id, seeded.sample_ids[0])
    said = labeller.page.locator("[data-saving]")
    expect(said).to_have_text("")

    labeller.press("1", "ArrowLeft")
    expect(said).to_have_text("Not saved yet")
    labeller.press("Shift+Enter")
    expect(said).to_have_text("Saved")
    labeller.press("ArrowLeft")
    expect(said).to_have_text("Not saved yet")
    labeller.press("Control+z")
    expect(said).to_have_text("Saved")


def test_what_was_changed_outlives_the_whole_browser_being_killed(
    server: RunningServer, playwright: Playwright, chromium_path: str, tmp_path: Path
) -> None:
    seeded = seed(server, "labeller", 3)
    first, second, _ = seeded.sample_ids
    path = f"/datasets/{seeded.dataset_id}/label?sample="
    with killed_browser(playwright, chromium_path, tmp_path, server.url) as context:
        page, other = context.new_page(), context.new_page()
        log_in(page, "labeller")
        context.route("**/samples/*/label", lambda route: route.abort())
        excluding, moving = (Labeller(each, seeded.dataset_id) for each in (page, other))
        page.goto(path + first)
        excluding.wait_for_picture()
        excluding.press("e")
        expect(page.locator("[data-saving]")).to_have_text("1 picture waits to be saved")
        excluding.press("Control+z")
        excluding.expect_state("proposed")
        other.goto(path + second)
        moving.wait_for_picture()
        moving.press("1", "ArrowLeft")
        expect(other.locator("[data-saving]")).to_have_text("Not saved yet")
        other.wait_for_timeout(500)

    with killed_browser(playwright, chromium_path, tmp_path, server.url) as context:
        page = context.new_page()
        log_in(page, "labeller")
        again = Labeller(page, seeded.dataset_id)
        page.goto(path + second)
        expect(page.get_by_text("Your changes that were not saved are back.")).to_be_visible()
        again.press("Enter")
        again.wait_for_revision(second, 2)
        assert again.stored(first)["state"] == "proposed"


def test_leaving_with_an_unsaved_label_is_warned(server: RunningServer, open_labeller: OpenLabeller) -> None:
    labeller = open_labeller(seed(server, "labeller", 3).dataset_id, expected_errors=AWAY)
    labeller.page.context.route("**/samples/*/label", lambda route: route.abort())
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    labeller.page.on("dialog", leave)
    labeller.press("1", "ArrowLeft")
    labeller.page.goto("/actions/")

    assert asked == ["beforeunload"]


def test_two_are_given_different_pictures(server: RunningServer, open_labeller: OpenLabeller) -> None:
    seeded = seed(server, "labeller", 24, members={"colleague": "labeller"})
    mine = open_labeller(seeded.dataset_id)
    theirs = open_labeller(seeded.dataset_id, username="colleague")
    shown: dict[str, set[str]] = {"mine": set(), "theirs": set()}

    for _ in range(6):
        for name, labeller in (("mine", mine), ("theirs", theirs)):
            sample_id = labeller.sample_id
            shown[name].add(sample_id)
            labeller.press("Enter")
            labeller.wait_for_picture(other_than=sample_id)

    assert len(shown["mine"]) == len(shown["theirs"]) == 6
    assert not shown["mine"] & shown["theirs"]


@pytest.mark.parametrize("choice", ["Keep mine", "Take theirs", "Edit on from mine", "Edit on from theirs"])
def test_two_change_one_picture_and_nothing_is_lost(
    server: RunningServer, open_labeller: OpenLabeller, choice: str
) -> None:
    seeded = seed(server, "labeller", 3, members={"colleague": "labeller"})
    shared = seeded.sample_ids[1]
    conflict = "409 \\(CONFLICT\\)"
    mine = open_labeller(seeded.dataset_id, shared, expected_errors=conflict)
    theirs = open_labeller(seeded.dataset_id, shared, username="colleague")
    theirs.press("1", "Shift+Digit0", "Shift+Enter")
    others = theirs.wait_for_revision(shared, 2)["keypoints"]

    mine.press("2", "Shift+Digit0", "Shift+Enter")
    panel = mine.page.locator("[data-conflict]")
    expect(panel).to_contain_text("colleague labelled this picture meanwhile")
    expect(panel).to_contain_text("Yours, not saved yet")
    panel.get_by_role("button", name=choice, exact=True).click()
    expect(panel).to_be_hidden()

    if choice == "Take theirs":
        assert mine.stored(shared)["revision"] == 2
        mine.press("Control+z", "Shift+Enter")  # and back to mine
        stored = mine.wait_for_revision(shared, 3)
        assert stored["keypoints"][1][2] == ABSENT
        assert stored["keypoints"][0][2] != ABSENT
        return
    if choice.startswith("Edit"):
        assert mine.stored(shared)["revision"] == 2
        mine.press("3", "Shift+Digit0", "Shift+Enter")
    stored = mine.wait_for_revision(shared, 3)
    absent = [k for k in range(6) if stored["keypoints"][k][2] == ABSENT]
    if choice == "Edit on from theirs":
        assert absent[:1] == [0]
        assert stored["keypoints"][1][2] == others[1][2]
    else:
        assert 1 in absent
        assert 0 not in absent
    if choice.startswith("Edit"):
        assert 2 in absent


def test_a_conflict_of_a_picture_that_was_left_waits_until_one_looks(
    server: RunningServer, open_labeller: OpenLabeller
) -> None:
    seeded = seed(server, "labeller", 6, members={"colleague": "labeller"})
    mine = open_labeller(seeded.dataset_id, expected_errors="409 \\(CONFLICT\\)")
    shared = mine.sample_id
    theirs = open_labeller(seeded.dataset_id, shared, username="colleague")
    theirs.press("1", "Shift+Digit0", "Shift+Enter")
    theirs.wait_for_revision(shared, 2)

    mine.press("Enter")
    other = mine.wait_for_picture(other_than=shared)
    notice = mine.page.locator("[data-notice=conflicts]")
    expect(notice).to_contain_text("was labelled by colleague meanwhile")
    assert mine.sample_id == other
    mine.page.reload()  # it is not forgotten
    mine.wait_for_picture()
    notice.get_by_role("button", name="Compare").click()
    mine.page.locator("[data-conflict]").get_by_role("button", name="Keep mine").click()

    assert mine.wait_for_revision(shared, 3)["labelled_by"] == "labeller"


def test_labels_of_samples_that_were_deleted_meanwhile_are_told_and_discarded_one_by_one(
    server: RunningServer, open_labeller: OpenLabeller
) -> None:
    seeded = seed(server, "labeller", 6)
    labeller = open_labeller(seeded.dataset_id, expected_errors="404")
    page, gone = labeller.page, []
    for _ in range(2):
        gone.append(labeller.sample_id)
        with app_of(server).app_context():
            edit_samples(get_account("labeller"), seeded.dataset_id, gone[-1:], "delete")
        labeller.press("Enter")
        labeller.wait_for_picture(other_than=gone[-1])
    notice = page.locator("[data-notice=refused]")
    expect(notice).to_contain_text("Nor could another one.")
    expect(notice).to_contain_text("may have been deleted")

    notice.get_by_role("button", name="Discard my change").click()
    expect(notice).not_to_contain_text("another one")
    notice.get_by_role("button", name="Discard my change").click()
    expect(notice).to_have_count(0)
    page.reload()
    here = labeller.wait_for_picture()
    expect(page.locator("[data-notice]")).to_have_count(0)

    labeller.press("Enter")
    assert labeller.wait_for_revision(here, 2)["state"] == "reviewed"


def test_who_is_logged_out_logs_in_elsewhere_and_loses_nothing(
    server: RunningServer, open_labeller: OpenLabeller
) -> None:
    labeller = open_labeller(seed(server, "labeller", 4).dataset_id, expected_errors="401|400|Failed to load")
    first = labeller.sample_id
    cookies = labeller.page.context
    cookies.clear_cookies()
    labeller.press("Enter")
    expect(labeller.page.locator("[data-notice=away]")).to_contain_text("You are logged out")

    other = cookies.new_page()
    log_in(other, "labeller")
    labeller.page.evaluate("dispatchEvent(new Event('online'))")

    assert labeller.wait_for_revision(first, 2)["state"] == "reviewed"


def test_who_logs_in_elsewhere_while_a_label_is_on_its_way_has_it_saved(
    server: RunningServer, open_labeller: OpenLabeller
) -> None:
    labeller = open_labeller(seed(server, "labeller", 4).dataset_id, expected_errors="401|400|Failed to load")
    page, first = labeller.page, labeller.sample_id
    on_its_way: list[Route] = []

    def hold_two(route: Route) -> None:
        if len(on_its_way) < 2:
            on_its_way.append(route)
        else:
            route.continue_()

    page.context.clear_cookies()
    page.route("**/samples/*/label", hold_two)
    labeller.press("Enter")
    wait_until(page, lambda: len(on_its_way) == 1, "the first try")
    on_its_way[0].continue_()
    wait_until(page, lambda: len(on_its_way) == 2, "the second try, its token fetched in vain")

    log_in(page.context.new_page(), "labeller")
    on_its_way[1].continue_()

    assert labeller.wait_for_revision(first, 2)["state"] == "reviewed"
    expect(page.locator("[data-notice]")).to_have_count(0)


def test_who_may_only_look_sees_pictures_and_changes_nothing(
    server: RunningServer, open_labeller: OpenLabeller
) -> None:
    seeded = seed(server, "labeller", 3, members={"looker": "viewer"})
    looker = open_labeller(seeded.dataset_id, username="looker")
    sent: list[str] = []
    looker.page.on("request", lambda request: sent.append(request.method) if request.method != "GET" else None)

    assert looker.sample_id == seeded.sample_ids[0]
    expect(looker.page.locator("[data-do=accept]")).to_have_count(0)
    looker.press("1", "ArrowLeft", "v", "x", "e")
    looker.wait_for_picture()
    looker.page.goto(f"/datasets/{seeded.dataset_id}/label")
    looker.wait_for_picture()
    looker.press("PageDown")
    assert looker.wait_for_picture(other_than=seeded.sample_ids[0]) == seeded.sample_ids[1]
    assert sent == []


def test_a_finger_drags_a_keypoint_under_a_glass_and_two_fingers_zoom(
    server: RunningServer, open_labeller: OpenLabeller
) -> None:
    seeded = seed(server, "labeller", 3)
    labeller = open_labeller(seeded.dataset_id, seeded.sample_ids[0], **PHONE)
    page, sample = labeller.page, labeller.stored()
    k = next(k for k, point in enumerate(sample["keypoints"]) if point[2] == VISIBLE)
    x, y, *_ = sample["keypoints"][k]
    start, end = (labeller.point(*at, sample["box_px"]) for at in ((x, y), (x + 12, y + 8)))
    fingers = Fingers(page)

    fingers.down((start[0] + 10, start[1] + 12))  # beside it: what is under the finger is not hidden by it
    fingers.move((end[0] + 10, end[1] + 12))
    expect(page.locator("[data-loupe]")).to_be_visible()
    fingers.up()
    expect(page.locator("[data-loupe]")).to_be_hidden()
    fingers.down((150, 400), (240, 400))
    fingers.move((110, 400), (280, 400))
    fingers.up()
    page.locator("[data-do=accept]").tap()

    stored = labeller.wait_for_revision(sample["sample_id"], 2)
    assert stored["keypoints"][k][:2] == pytest.approx([x + 12, y + 8], abs=0.8)
    others = [point[:3] for position, point in enumerate(sample["keypoints"]) if position != k]
    assert [point[:3] for position, point in enumerate(stored["keypoints"]) if position != k] == others


@needs_axe
def test_the_labelling_page_is_accessible_and_fits_the_screen(
    server: RunningServer, open_labeller: OpenLabeller
) -> None:
    seeded = seed(server, "labeller", 6, skeleton=COCO_17, members={"colleague": "labeller"})
    labeller = open_labeller(seeded.dataset_id, seeded.sample_ids[2], expected_errors="409 \\(CONFLICT\\)")
    look = Look(labeller.page)

    look.at("label")
    labeller.press("7", "m")
    look.at("label-mirror")
    labeller.press("?")
    look.at("label-help")
    labeller.press("Escape")
    other = open_labeller(seeded.dataset_id, seeded.sample_ids[2], username="colleague")
    other.press("1", "Shift+ArrowLeft", "Shift+ArrowLeft", "Shift+Enter")
    other.wait_for_revision(seeded.sample_ids[2], 2)
    labeller.press("2", "Shift+ArrowRight", "Shift+Enter")
    expect(labeller.page.locator("[data-conflict]")).to_be_visible()
    look.at("label-conflict")

    assert not look.problems, "\n".join(look.problems)


@contextmanager
def killed_browser(
    playwright: Playwright, chromium_path: str, profile: Path, base_url: str
) -> Iterator[BrowserContext]:
    """A browser that keeps what it has in this folder, and is killed in the end with all its processes."""
    context = playwright.chromium.launch_persistent_context(
        profile, executable_path=chromium_path, args=list(QUIET), base_url=base_url
    )
    yield context
    running = psutil.process_iter(["cmdline"])
    killed = [each for each in running if any(str(profile) in word for word in each.info["cmdline"] or ())]
    for process in killed:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(killed, timeout=10)


class Fingers:
    """Touches, as a phone's screen sends them."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)

    def down(self, *at: tuple[float, float]) -> None:
        self._send("touchStart", *at)

    def move(self, *at: tuple[float, float]) -> None:
        self._send("touchMove", *at)

    def up(self) -> None:
        self._send("touchEnd")

    def _send(self, kind: str, *at: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(at)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
