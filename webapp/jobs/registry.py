"""Which function does a kind of job. Imported late: each brings inference frameworks along that others do not need."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from webapp.jobs.context import Work

Undo = Callable[[str], None]
"""Takes back what all attempts at the job of this id did; it may be called again after it was cut short."""


@dataclass(frozen=True)
class Kind:
    """Where the functions of a kind stand, as module:name. undo: for a job that was cancelled or has failed."""

    work: str
    undo: str | None = None

    def load_work(self) -> Work:
        return cast(Work, _loaded(self.work))

    def load_undo(self) -> Undo | None:
        return None if self.undo is None else cast(Undo, _loaded(self.undo))


KINDS: Mapping[str, Kind] = {
    "import": Kind("webapp.jobs.imports:run_import", undo="webapp.jobs.imports:undo_import"),
    "export": Kind("webapp.jobs.exports:run_export", undo="webapp.jobs.exports:undo_export"),
    "propose": Kind("webapp.jobs.propose:run_propose"),
    "curate": Kind("webapp.jobs.curate:run_curate"),
}


def _loaded(place: str) -> object:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
