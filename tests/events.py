"""Events as workers announce them, for tests that need a history."""

from __future__ import annotations

from dataclasses import replace

from tests.movements import arm_raise
from webapp.pipeline.messages import ModelChoice, SessionEvent
from webapp.recognition.ports import Event

_ARM_RAISE = arm_raise()


def announced(event_key: str = "s1-1", **changes: object) -> SessionEvent:
    """An arm raise that lasted from second 10 to 12 of its session and was announced at second 13."""
    event = Event(
        action_id="0" * 32,
        action="Arm raise",
        take_id="1" * 32,
        start_s=10.0,
        end_s=12.0,
        announced_s=13.0,
        distance=0.5,
        threshold=1.0,
        confidence=0.8,
        sequence=_ARM_RAISE,
    )
    found_by = ModelChoice("yolov5n", "blazepose_full")
    return SessionEvent("session-1", event_key, 2, replace(event, **changes), found_by)  # type: ignore[arg-type]
