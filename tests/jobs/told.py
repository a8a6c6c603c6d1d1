"""A job's context that is there alone: what work said of itself can be looked at, and when it looks can be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from webapp.config import Settings
from webapp.datasets.records import Finding


@dataclass
class Told:
    """steps: each with its total. at_look: called with the step and how often it was looked by then; may raise."""

    settings: Settings
    dataset_id: str
    job_id: str = "job"
    created_by: int | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)
    done: int = 0
    steps: list[tuple[str, int | None]] = field(default_factory=list)
    looks: int = 0
    at_look: Callable[[str, int], None] = lambda _step, _looks: None

    def begin(self, step: str, total: int | None) -> None:
        self.steps.append((step, total))

    def advance(self, session: Session, done: int, findings: Sequence[Finding] = ()) -> None:
        self.done = done

    def look(self, done: int | None = None) -> None:
        self.looks += 1
        self.at_look(self.steps[-1][0], self.looks)

    def end(self, session: Session, state: str, message: str, result: Mapping[str, object]) -> None:
        raise AssertionError(f"this work ends no job itself: {state}, {message}")
