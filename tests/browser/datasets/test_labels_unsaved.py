"""Labels that could not be saved: offline, logged out, closed, killed; nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import BrowserContext, Dialog, Playwright, Route, expect

from tests.browser.chromium import QUIET
from tests.browser.driving import log_in, wait_until
from tests.browser.labelling import AWAY, Labeller, OpenLabeller, seed
from tests.browser.running import RunningServer

pytestmark = pytest.mark.browser


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
