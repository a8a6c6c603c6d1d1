"""What a training run reached, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from webapp.db.runs import RunEpoch

EPOCHS_SHOWN = 5
NOTHING = "-"


def accuracy_lines(metrics: Mapping[str, Any]) -> Iterator[str]:
    """The run beside what it must beat, and what that says of it."""
    rivals = {"this run": metrics["model"], "mean pose": metrics["mean_pose"]}
    if metrics["teacher"] is not None:
        rivals[metrics["teacher"]["name"]] = metrics["teacher"]
    reviewed = metrics.get("reviewed")  # runs that were judged before it was counted do not say
    by_people = "" if reviewed is None else f", {reviewed:,} reviewed by a person"
    yield f"On {metrics['samples']:,} samples of the {metrics['split']} split{by_people}:"
    head = ("", "PCK@0.1", "PCK@0.2", "OKS AP", "error")
    yield from _table(
        head,
        [
            (name, _percent(each["pck01"]), _percent(each["pck02"]), _number(each["oks_ap"]), _number(each["error"]))
            for name, each in rivals.items()
        ],
    )
    worth = "worth activating" if metrics["worth_activating"] else "not worth activating"
    yield from (f"{worth}: {reason}" for reason in metrics["reasons"][:1])
    yield from metrics["reasons"][1:]


def form_lines(metrics: Mapping[str, Any]) -> Iterator[str]:
    """Every exported form: its size, what it lost, how fast it is here."""
    rows = []
    for form in metrics["forms"]:
        fastest = min((ms for ms in form["latency_ms"].values() if ms is not None), default=None)
        rows.append(
            (
                form["form"],
                NOTHING if form["size_bytes"] is None else f"{form['size_bytes'] / 1e6:.2f} MB",
                _percent(form["pck02"]),
                NOTHING if form["mean_px"] is None else f"{form['mean_px']:.2f} px",
                NOTHING if form["largest_px"] is None else f"{form['largest_px']:.2f} px",
                NOTHING if fastest is None else f"{fastest:.2f} ms",
                form["problem"] or form["flagged"] or "",
            )
        )
    yield from _table(("form", "size", "PCK@0.2", "off Keras", "at most", "a picture", ""), rows)


def usage_line(usage: Mapping[str, Any]) -> str:
    """What training took, by its end or by now."""
    waited = "" if usage["data_share"] is None else f", {_percent(usage['data_share'])} of the time waiting for them"
    speed = f"{usage['pictures_per_s']:.0f} pictures a second" if usage["pictures_per_s"] else "no whole batch timed"
    memory = f"at most {usage['peak_memory_mb']:,.0f} MB"
    return f"training took {usage['seconds']:,.0f} s on {usage['device']}: {speed}{waited}; {memory}"


def epoch_lines(epochs: Sequence[RunEpoch]) -> Iterator[str]:
    """The last few."""
    head = ("epoch", "loss", "validation", "PCK@0.2", "learning rate", "seconds")
    rows = [
        (
            str(each.epoch),
            f"{each.train_loss:.4g}",
            f"{each.val_loss:.4g}",
            _percent(each.pck),
            f"{each.learning_rate:.2g}",
            f"{each.seconds:.1f}",
        )
        for each in epochs[-EPOCHS_SHOWN:]
    ]
    yield from _table(head, rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The first column and the last to the left, the others to the right."""
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    for row in (head, *rows):
        cells = [
            cell.rjust(width) if at and at < len(head) - 1 else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{100 * share:.1f} %"


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3f}"
