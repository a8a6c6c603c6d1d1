"""Which function does a kind of job. Imported late: each brings inference frameworks along that others do not need."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from webapp.jobs.context import Work

Undo = Callable[[str], None]
"""Takes back what all attempts at the job of this id did; it may be called again after it was cut short."""
CameFurther = Callable[[str], bool]
"""Whether the latest attempt at the job of this id got beyond where it had begun."""


JUDGING, EXPORTING = "Comparing it with the mean pose", "Exporting its forms"
"""Steps of a training run after the training: one conversion of a large network takes most of a minute."""
CUT_SHORT_WITHIN_S = 1.0


@dataclass(frozen=True)
class Kind:
    """Where the functions of a kind stand, as module:name. undo: for a job that was cancelled or has failed.

    came_further: of a kind that may take days; an attempt that did so is none of those that a job has.
    cancel_within_s: how long it may take to notice that it is cancelled, before it is forced to end.
    cut_short: steps in which it is forced at once: they take long in one piece, and nothing of them is kept.
    gives_way: whether its process stands back for the others of the machine, those of the live path before all.
    """

    work: str
    undo: str | None = None
    came_further: str | None = None
    cancel_within_s: float = 5.0
    cut_short: tuple[str, ...] = ()
    gives_way: bool = False

    def cancel_within(self, step: str) -> float:
        """How many seconds it may take in this step."""
        return min(CUT_SHORT_WITHIN_S, self.cancel_within_s) if step in self.cut_short else self.cancel_within_s

    def load_work(self) -> Work:
        return cast(Work, _loaded(self.work))

    def load_undo(self) -> Undo | None:
        return None if self.undo is None else cast(Undo, _loaded(self.undo))

    def load_came_further(self) -> CameFurther | None:
        return None if self.came_further is None else cast(CameFurther, _loaded(self.came_further))


KINDS: Mapping[str, Kind] = {
    "import": Kind("webapp.jobs.imports:run_import", undo="webapp.jobs.imports:undo_import"),
    "export": Kind("webapp.jobs.exports:run_export", undo="webapp.jobs.exports:undo_export"),
    "propose": Kind("webapp.jobs.propose:run_propose"),
    "curate": Kind("webapp.jobs.curate:run_curate"),
    "train": Kind(
        "webapp.jobs.train:run_train",
        undo="webapp.services.run_files:undo_run",
        came_further="webapp.services.run_files:came_further",
        cancel_within_s=30.0,  # one batch of a slow network may take 10 s
        cut_short=(JUDGING, EXPORTING),
        gives_way=True,
    ),
}


def _loaded(place: str) -> object:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
