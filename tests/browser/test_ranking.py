"""Why a movement does not count, in words that a person understands."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage
from webapp.core.features import PART_SETS

pytestmark = pytest.mark.browser

REASONS = (
    "margin too small",
    "too soon after another action",
    "distance above threshold",
    "course differs",
    "not finished",
    "movement too small",
    "movement too large",
    "nearer to what is no action",
    "recorded with other keypoints",
    *(f"{region} not visible" for parts in PART_SETS.values() for region in parts.regions),
    *(f"{region} {move} too little" for parts in PART_SETS.values() for region, move in parts.limbs.items()),
)
"""What the spotter says of an action that it does not recognise."""


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page("/login", username=None)


def test_every_reason_is_said_in_other_words_than_the_spotters(page: Page) -> None:
    script = "async (a) => { const m = await import('/static/js/ranking.js'); return a.map(m.plainReason); }"

    said = page.evaluate(script, list(REASONS))

    assert [reason for reason, words in zip(REASONS, said, strict=True) if reason == words] == []
    assert len(set(said)) == len(said)
