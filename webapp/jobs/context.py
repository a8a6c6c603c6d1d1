"""What a job's function is given: its parameters, and how it says where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sqlalchemy.orm import Session

from webapp.config import Settings
from webapp.core.errors import MoveprintError
from webapp.datasets.records import Finding


class JobCancelledError(MoveprintError):
    """The person asked for the job's end; raised by `advance` and `look`, and caught where the job was started."""


class JobContext(Protocol):
    """One running job. All calls need an app context with the database.

    done: of an attempt before, where this one goes on; 0 at first.
    """

    settings: Settings
    job_id: str
    dataset_id: str
    created_by: int | None
    parameters: Mapping[str, object]
    done: int

    def begin(self, step: str, total: int | None) -> None:
        """A new step begins, a phrase such as "Reading pictures"; done is counted from what `advance` said last."""
        ...

    def advance(self, session: Session, done: int, findings: Sequence[Finding] = ()) -> None:
        """Inside the caller's transaction: so much is done, and this was found. JobCancelledError rolls it all back."""
        ...

    def look(self, done: int | None = None) -> None:
        """Now and then, outside transactions: show progress (throttled); JobCancelledError if asked.

        done is only shown: where a later attempt goes on is what `advance` said last.
        """
        ...

    def end(self, session: Session, state: str, message: str, result: Mapping[str, object]) -> None:
        """Inside the caller's transaction: the job has ended so, and what the work answers then says nothing more."""
        ...


Work = Callable[[JobContext], Mapping[str, object]]
"""A kind's function: does the whole job in the caller's process, answers the result (JSON values, with "message")."""
