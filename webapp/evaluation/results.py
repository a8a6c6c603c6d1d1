"""What a protocol found: the figures that are printed and the detail a picture shows."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.evaluation.datasets import Segment
from webapp.evaluation.methods import Answer, Detection

Figures = dict[str, float | int | None]


@dataclass(frozen=True)
class Confusions:
    """For each query what it is and what it was taken for, None where nothing could be said."""

    pairs: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class OpenSetAnswers:
    """The answers to performances of actions that were taught, with the right one, and of others."""

    known: tuple[tuple[str, Answer], ...]
    unknown: tuple[Answer, ...]


@dataclass(frozen=True)
class WatchedClip:
    """A recording with its labels and what was found; claimed: the label each detection is right about, or None."""

    name: str
    fps: float
    duration_s: float
    segments: tuple[Segment, ...]
    detections: tuple[Detection, ...]
    claimed: tuple[Segment | None, ...]


@dataclass(frozen=True)
class Watched:
    """All recordings of a stream protocol."""

    clips: tuple[WatchedClip, ...]


@dataclass(frozen=True)
class Result:
    """One protocol on one dataset by one method. templates: of stream alone."""

    dataset: str
    protocol: str
    method: str
    seed: int
    figures: Figures
    detail: Confusions | OpenSetAnswers | Watched
    templates: str | None = None

    def as_json(self) -> dict[str, float | int | str | None]:
        """One flat object: what was measured, then its figures."""
        told: dict[str, float | int | str | None] = {
            "dataset": self.dataset,
            "protocol": self.protocol,
            "method": self.method,
            "seed": self.seed,
        }
        if self.templates is not None:
            told["templates"] = self.templates
        return told | self.figures
