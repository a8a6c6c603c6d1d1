"""A process that has TensorFlow loaded and does one training run after the other, each in a fork of it.

On standard input a line for each run, of JSON: instance_dir, job_id, dies_at, largest. It answers the fork's number
when it begins, and how it ended. dies_at: the point at which the fork kills itself as a crash would. largest: bytes of
the largest file that the disk takes; 0 for no limit.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from webapp.config import Settings
from webapp.db.standalone import database_app
from webapp.jobs import train, train_watch
from webapp.jobs.claims import claim
from webapp.jobs.running import run_claimed
from webapp.training import forms
from webapp.training.records import EpochResult


def main() -> None:
    """Until standard input ends."""
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _run(**json.loads(line))
            os._exit(0)
        print(pid, flush=True)
        print(os.waitpid(pid, 0)[1], flush=True)


def _run(instance_dir: str, job_id: str, dies_at: str, largest: int) -> None:
    if dies_at:
        _DEATHS[dies_at]()
    if largest:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    settings = Settings(instance_dir=Path(instance_dir), weights_dir=Path(instance_dir) / "weights", training_threads=1)
    with database_app(settings).app_context():
        held = claim(job_id)
        assert held is not None
        run_claimed(settings, held)


def _dies(module: Any, name: str, where: str, on_call: int = 1) -> Callable[[], None]:
    """What makes this process die before or after that call of a function of the module."""

    def prepare() -> None:
        done, calls = getattr(module, name), [0]

        def until_it_dies(*arguments: Any, **options: Any) -> Any:
            calls[0] += 1
            last = calls[0] == on_call
            answer = None if last and where == "before" else done(*arguments, **options)
            if last:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        setattr(module, name, until_it_dies)

    return prepare


def _spoil_pictures() -> None:
    """From the first epoch on the pictures that are trained on are no numbers, as after a fault of the disk."""
    told = train_watch.RunWatch.epoch

    def told_and_spoiled(watch: train_watch.RunWatch, result: EpochResult) -> None:
        told(watch, result)
        images = watch._data.images
        assert isinstance(images, np.memmap)
        assert images.filename is not None
        writable = np.memmap(images.filename, images.dtype, "r+", images.offset, images.shape)
        writable[watch._data.rows("train")] = np.nan
        writable.flush()

    train_watch.RunWatch.epoch = told_and_spoiled  # type: ignore[method-assign, assignment]


def _spoil_pictures_and_judging() -> None:
    """As a GPU whose memory was too small for training is too small afterwards, too."""
    _spoil_pictures()

    def nothing_left(*_arguments: object) -> None:
        raise RuntimeError("OOM when allocating tensor")

    train._judged = nothing_left  # type: ignore[assignment]


_DEATHS = {
    "never, but nothing can be judged either": _spoil_pictures_and_judging,
    "never, but its pictures are spoiled": _spoil_pictures,
    "the version is frozen": _dies(train, "_run_of", "after"),
    "the pictures are packed": _dies(train, "write_archive", "after"),
    "an epoch is kept and not told": _dies(train_watch.RunWatch, "epoch", "before"),
    "an epoch is half done": _dies(train_watch.RunWatch, "batch", "after", 2),
    "a form is exported": _dies(forms, "_made", "after"),
    "the outcome is kept": _dies(train, "_keep_outcome", "after"),
    "only the rows are missing": _dies(train, "forget_data", "after"),
}

if __name__ == "__main__":
    main()
