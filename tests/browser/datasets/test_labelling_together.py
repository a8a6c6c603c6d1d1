"""Two at one dataset: nobody overwrites anybody, and who may only look changes nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.labelling import OpenLabeller, seed
from tests.browser.running import RunningServer
from tests.browser.seeding import app_of
from webapp.datasets.records import ABSENT
from webapp.services.accounts import get_account
from webapp.services.sample_edits import edit_samples

pytestmark = pytest.mark.browser


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
