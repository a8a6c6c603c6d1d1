"""The list of what was recognised, also while the database refuses to store it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser

SHOW = """async (events) => {
  const { EventList } = await import('/static/js/events.js');
  const [list, counts, emptyNote] = ['ol', 'p', 'p'].map((name) => document.createElement(name));
  const shown = new EventList({ list, counts, emptyNote, historyUrl: '/history/' });
  const added = events.map((event) => shown.add(event, 1));
  return [added, [...list.querySelectorAll('a')].map((link) => link.getAttribute('href')), counts.textContent];
}"""


def event(event_key: str, event_id: str | None) -> dict[str, Any]:
    numbers = {"start_s": 1, "end_s": 2, "confidence": 0.9, "person_id": 1}
    return {"event_key": event_key, "event_id": event_id, "action": "Squat", **numbers}


def test_events_that_are_not_stored_yet_are_all_listed_without_a_link(open_page: OpenPage) -> None:
    page = open_page("/login", username=None)

    added, links, counts = page.evaluate(SHOW, [event("k1", None), event("k2", None), event("k3", "7")])

    assert added == [True, True, True]
    assert links == ["/history/7", None, None]
    assert counts == "Squat× 3"


def test_an_event_that_is_told_twice_is_listed_once(open_page: OpenPage) -> None:
    page = open_page("/login", username=None)

    added, links, _ = page.evaluate(SHOW, [event("k1", None), event("k1", "7")])

    assert (added, len(links)) == ([True, False], 1)
