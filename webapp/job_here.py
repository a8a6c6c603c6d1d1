"""A job that a command runs in its own process: with a bar, taken back when it is interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from webapp.config import Settings
from webapp.core.errors import MoveprintError
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.jobs import Job
from webapp.jobs.claims import claim, give_back
from webapp.jobs.running import DATABASE_FAULTS, Show, run_claimed
from webapp.services import jobs

_SHOWN_STEP = 40


def run_here(settings: Settings, actor: User, job_id: str) -> Job:
    """Run a draft to its end; Ctrl-C cancels it. MoveprintError where it is no longer this process's to end.

    Killed, it is gone on with by a server.
    """
    held = claim(job_id, "draft")
    if held is None:
        raise MoveprintError("the job was taken by another process; look at the dataset's jobs")
    try:
        with _bar() as show:
            job = run_claimed(settings, held, show)
    except KeyboardInterrupt:
        db.session.rollback()
        jobs.cancel_job(actor, job_id)
        job = run_claimed(settings, held)  # which takes back what was done
    except DATABASE_FAULTS as error:
        give_back(held)
        raise MoveprintError(f"the database does not answer ({error}); a running server goes on with it") from error
    if job is None:
        raise MoveprintError("the dataset was deleted meanwhile, or another process has this job")
    return job


@contextmanager
def _bar() -> Iterator[Show]:
    """A bar on standard error; none where that is no terminal."""
    with tqdm(disable=None, unit="", dynamic_ncols=True) as bar:

        def show(step: str, done: int, total: int | None) -> None:
            bar.total = total
            bar.set_description(step[:_SHOWN_STEP], refresh=False)
            bar.update(done - bar.n)

        yield show
