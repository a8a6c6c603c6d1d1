"""A job that a command runs in its own process: with a bar, taken back when it is interrupted."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from flask import Flask, current_app
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
    actor_id = actor.id

    def cancel() -> None:
        jobs.cancel_job(db.session.get_one(User, actor_id), job_id)

    try:
        with _bar() as show, _ctrl_c_asks(cancel):
            job = run_claimed(settings, held, show)
    except KeyboardInterrupt:
        db.session.rollback()
        cancel()
        job = run_claimed(settings, held)  # which takes back what was done
    except DATABASE_FAULTS as error:
        give_back(held)
        raise MoveprintError(f"the database does not answer ({error}); a running server goes on with it") from error
    if job is None:
        raise MoveprintError("the dataset was deleted meanwhile, or another process has this job")
    return job


@contextmanager
def _ctrl_c_asks(cancel: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C has `cancel` called by another thread, and what is at work ends in order; a second one interrupts it.

    Raised in the midst of a framework's work, an interrupt would come out of it as some error of its own.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield
        return
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    told, over = threading.Event(), threading.Event()

    def hear(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        told.set()

    def cancel_when_told() -> None:
        told.wait()
        if not over.is_set():
            with app.app_context():
                cancel()

    thread = threading.Thread(target=cancel_when_told, daemon=True)
    thread.start()
    signal.signal(signal.SIGINT, hear)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        over.set()
        told.set()
        thread.join()


@contextmanager
def _bar() -> Iterator[Show]:
    """A bar on standard error; none where that is no terminal."""
    with tqdm(disable=None, unit="", dynamic_ncols=True) as bar:

        def show(step: str, done: int, total: int | None) -> None:
            bar.total = total
            bar.set_description(step[:_SHOWN_STEP], refresh=False)
            bar.update(done - bar.n)

        yield show
