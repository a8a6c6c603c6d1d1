"""Work for real processes to do: counts, hangs, raises, as its parameters say."""

from __future__ import annotations

import time
from collections.abc import Mapping

from flask import current_app

from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.datasets.records import Finding
from webapp.db.engine import transaction
from webapp.jobs.context import JobContext
from webapp.jobs.registry import Kind

KINDS = {
    "curate": Kind("tests.jobs.works:work"),
    "propose": Kind("tests.jobs.works:work"),
    "import": Kind("tests.jobs.works:work", undo="tests.jobs.works:undo", cancel_within_s=1.0),
    "export": Kind("tests.jobs.works:work", undo="tests.jobs.works:undo_slowly", cancel_within_s=1.0),
    "train": Kind(
        "tests.jobs.works:work",
        undo="tests.jobs.works:undo",
        cancel_within_s=600.0,
        cut_short=("Converting",),
        gives_way=True,
    ),
}


def work(context: JobContext) -> Mapping[str, object]:
    """What parameters["does"] names."""
    match context.parameters["does"]:
        case "count":
            return _count(context)
        case "hang":
            time.sleep(600)  # looks at nothing
        case "convert":
            context.begin("Converting", None)
            time.sleep(600)  # in one piece
        case "slow batches":
            _train_slowly(context)
        case "refuse":
            raise InvalidInputError("the picture 7.jpg is an elephant; hand in people")
        case "break":
            raise ZeroDivisionError("of the work's own")
    raise AssertionError(context.parameters)


def _count(context: JobContext) -> Mapping[str, object]:
    """One finding for every number, in one transaction each; it goes on where it stopped."""
    total, pause_s = context.parameters["total"], context.parameters["pause_s"]
    assert isinstance(total, int)
    assert isinstance(pause_s, float)
    context.begin("Counting", total)
    for number in range(context.done, total):
        time.sleep(pause_s)
        with transaction() as session:
            context.advance(session, number + 1, [Finding(f"{number}.jpg", "counted", "noted")])
    return {"message": f"{total} were counted."}


def _train_slowly(context: JobContext) -> None:
    """Batches that last longer than other kinds of jobs may take to notice that they are cancelled."""
    context.begin("Training", 1000)
    for number in range(1000):
        time.sleep(1.5)
        context.look(number)


def undo(job_id: str) -> None:
    """Leave a mark that it was called."""
    settings: Settings = current_app.config["MOVEPRINT_SETTINGS"]
    with (settings.instance_dir / f"undone-{job_id}").open("a") as file:
        file.write("undone\n")


def undo_slowly(job_id: str) -> None:
    """Longer than a job may take to notice that it is cancelled."""
    time.sleep(2.5)
    undo(job_id)
