"""What tests of the grid look at: its cells, and how many samples it says there are."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.driving import SOON_MS

SHOWN = """() => [...document.querySelectorAll('.grid-row:not([hidden]) .sample-cell:not([hidden])')]
  .filter((cell) => { const box = cell.getBoundingClientRect(); return box.bottom > 0 && box.top < innerHeight; })
  .map((cell) => ({
    index: Number(cell.dataset.index),
    sample: cell.dataset.sampleId,
    name: cell.querySelector("[data-name]").textContent,
    picture: cell.querySelector('img.here')?.src ?? null,
  }))"""


def grid_of(page: Page) -> Locator:
    return page.get_by_role("grid", name="Samples")


def cell(page: Page, position: int) -> Locator:
    return page.locator(".sample-cell", has=page.locator("[data-name]", has_text=re.compile(rf"^{position}( |$)")))


def shown(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(SHOWN)
    return found


def count_says(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.locator("[data-count]")).to_have_text(words, timeout=SOON_MS)


OpenGrid = Callable[..., Page]
