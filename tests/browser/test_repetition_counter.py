"""The browser counts repetitions by the rule that the server has."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage
from webapp.core.records import PoseSequence
from webapp.core.skeleton import BLAZEPOSE_33
from webapp.recognition.ports import Event
from webapp.recognition.repetitions import RepetitionCounter

pytestmark = pytest.mark.browser

COUNT = """async (events) => {
  const { RepetitionCounter } = await import('/static/js/repetition_counter.js');
  const counter = new RepetitionCounter();
  return events.map((event) => {
    counter.add(event);
    return [counter.current, counter.at(event.announced_s + 5)];
  });
}"""
NOTHING = PoseSequence(BLAZEPOSE_33, np.zeros(0), np.zeros((0, 33, 2), np.float32), np.zeros((0, 33), np.float32), None)


def stream(random: Random) -> list[dict[str, Any]]:
    """Events of two actions with pauses, some overlapping, some late, and clocks that jump back."""
    events, now_s = [], 100.0
    for _ in range(60):
        now_s += random.choice([1.5, 1.5, 2.5, 5.5, 14.0, -30.0, 0.1])
        length_s = random.choice([0.8, 1.2, 4.0])
        times = {"start_s": now_s, "end_s": now_s + length_s, "announced_s": now_s + length_s + random.random()}
        events.append({"action_id": "a", "action": random.choice("aaaab"), **times})
        events[-1]["action_id"] = events[-1]["action"]
    return events


def counted(events: list[dict[str, Any]]) -> list[list[dict[str, Any] | None]]:
    counter = RepetitionCounter()
    found = []
    for event in events:
        counter.add(Event(**event, take_id="t", distance=0.5, threshold=1, confidence=0.9, sequence=NOTHING))
        before = shown(counter)
        counter.rest(event["announced_s"] + 5)
        found.append([before, shown(counter)])
    return found


def shown(counter: RepetitionCounter) -> dict[str, Any] | None:
    going_on = counter.current
    if going_on is None:
        return None
    return {"action": going_on.action, "count": going_on.count, "tempo_per_min": going_on.tempo_per_min}


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page("/login", username=None)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_sets_and_tempo_are_those_of_the_server(page: Page, seed: int) -> None:
    events = stream(Random(seed))
    expected = counted(events)

    found = page.evaluate(COUNT, events)

    assert [one and one["count"] for pair in found for one in pair] == [
        one and one["count"] for pair in expected for one in pair
    ]
    for pair, wanted in zip(found, expected, strict=True):
        assert pair == [one and pytest.approx(one) for one in wanted]
    assert max(one["count"] for pair in expected for one in pair if one) >= 3
    assert any(after is None or after != before for before, after in expected)
    assert any(one != other for one, other in pairwise(expected))
