"""What the live page adds to what is recognised: the running set, "That was wrong" and "You missed one"."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.clips import FIRST_JACK, man_alone, write_video
from tests.browser.conftest import OpenPage
from tests.browser.driving import teach_from_file, wait_for_worker
from tests.browser.running import RunningServer
from tests.browser.seeding import add_account, learn
from tests.browser.test_feedback_dialog import ANSWER_MS, feedback, phase, shown
from tests.browser.test_pages import Look, needs_axe

pytestmark = pytest.mark.browser


@needs_axe
def test_repetitions_are_counted_and_what_went_wrong_can_be_said_at_once(
    open_page: OpenPage, server: RunningServer, tmp_path: Path
) -> None:
    add_account(server, "jumper")
    page = open_page("/record/", username="jumper")
    wait_for_worker(page)
    teach_from_file(page, "jumping jack", str(write_video(tmp_path / "jack.webm", man_alone(FIRST_JACK))))
    learn(server, "jumper", "Arm raise", 0.4)
    page.goto("/live/")
    expect(page.locator("[data-now-set]")).to_have_text(
        re.compile(r"jumping jack × \d+ · \d+ a minute"), timeout=ANSWER_MS
    )
    page.wait_for_timeout(3000)  # enough to have missed one in

    page.get_by_role("button", name="You missed one").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="You missed one")).to_be_visible()
    end = dialog.get_by_role("slider", name="End of the movement")
    end.focus()
    page.keyboard.press("End")
    before = float(end.get_attribute("aria-valuenow") or 0)
    page.keyboard.press("PageDown")
    assert before - float(end.get_attribute("aria-valuenow") or 0) == pytest.approx(0.25)
    dialog.get_by_label("Which action it was").select_option(label="Arm raise")
    shown(page)
    dialog.get_by_label("Keep the poses as a take of Arm raise").check()
    phase(dialog, "shown")
    look = Look(page)
    look.at("live-missed")
    dialog.get_by_role("button", name="Apply").click()
    phase(dialog, "applied")
    (missed,) = feedback(page)
    assert (missed["kind"], missed["event_id"], missed["right_action"]) == ("missed", None, "Arm raise")
    dialog.get_by_role("button", name="Undo").click()
    phase(dialog, "undone")
    page.keyboard.press("Escape")

    page.locator("[data-events]").get_by_role("button", name="That was wrong: jumping jack").first.click()
    shown(page)
    dialog.get_by_label("Keep the poses as a movement that is none of my actions").check()
    phase(dialog, "shown")
    dialog.get_by_role("button", name="Apply").click()
    phase(dialog, "applied")
    page.keyboard.press("Escape")
    expect(page.locator("[data-events] .event[data-corrected]")).to_contain_text("corrected")

    assert not look.problems, "\n".join(look.problems)
