"""What a run leaves for people and for spreadsheets: log.txt and history.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path

from webapp.datasets.picture_store import write_anew
from webapp.training.records import HISTORY, LOG, EpochResult


class Journal:
    """The log and the history in a run's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def say(self, text: str) -> None:
        """One dated line."""
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        with (self._folder / LOG).open("a", encoding="utf-8") as file:
            file.write(f"{now}  {text}\n")

    def keep(self, epochs: Sequence[EpochResult]) -> None:
        """All epochs so far, in place of what was there: after a crash none stands twice."""
        text = io.StringIO()
        writer = csv.DictWriter(text, [field.name for field in fields(EpochResult)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(each) for each in epochs)
        write_anew(self._folder / HISTORY, text.getvalue().encode(), lasting=False)  # the checkpoint has them for good


def epoch_line(result: EpochResult) -> str:
    """What the log says of an epoch."""
    return (
        f"epoch {result.epoch}: loss {result.train_loss:.6g}, validation {result.val_loss:.6g}"
        f"{' (the best so far)' if result.best else ''}, PCK@0.2 {result.train_pck:.1%} and {result.pck:.1%}, "
        f"learning rate {result.learning_rate:.3g}, {result.seconds:.1f} s of which {result.data_share:.1%} waiting "
        f"for pictures, {result.memory_mb:.0f} MB at most"
    )
