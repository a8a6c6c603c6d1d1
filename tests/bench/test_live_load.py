"""The load of the live bench ends with a sentence where there is nothing to measure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import pytest

from webapp.bench import live_load
from webapp.bench.browser import Answer, LiveClient
from webapp.bench.live_load import Sender, one_client
from webapp.core.errors import MoveprintError


@dataclass
class EmptyRoom:
    """Stands in for a connection whose every frame is answered at once: with nobody, or with a drop."""

    event: str
    answers: list[Answer] = field(default_factory=list)
    in_flight: int = 0

    def send(self, frame_id: int, time_s: float, jpeg: bytes) -> None:
        self.answers.append(Answer(self.event, {"frame_id": frame_id, "people": [], "worker_ms": 5.0}, 0.0, 0.01))


def sender(event: str) -> Sender:
    return Sender(cast(LiveClient, EmptyRoom(event)), lambda live, frame_id, time_s: live.send(frame_id, time_s, b""))


def test_a_video_that_shows_nobody_ends_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_load, "FIRST_ANSWER_WITHIN_S", 0.05)

    with pytest.raises(MoveprintError, match="nobody was found within"):
        sender("result").first_answer_at_s()


def test_without_results_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_load, "WARM_UP_S", 0.0)

    with pytest.raises(MoveprintError, match=r"0 of [1-9][0-9]* frames were answered"):
        one_client(sender("drop"), seconds=0.02)
