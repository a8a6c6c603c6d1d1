"""Results as a table for people and as one JSON object for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from webapp.evaluation.results import Result


def table(results: Sequence[Result]) -> str:
    """A line for each result, figures named."""
    rows = [(result.dataset, _protocol(result), result.method, _figures(result)) for result in results]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)), row[3]]) for row in rows
    ]
    return "\n".join([*lines, f"seed {results[0].seed}"])


def as_json(results: Sequence[Result], *, single: bool) -> str:
    """single: the one result itself, keys at the top; else {"results": [...]}."""
    told = [result.as_json() for result in results]
    return json.dumps(told[0] if single else {"results": told}, allow_nan=False)


def _protocol(result: Result) -> str:
    return result.protocol if result.templates is None else f"{result.protocol} ({result.templates})"


def _figures(result: Result) -> str:
    return "  ".join(f"{name} {number(value)}" for name, value in result.figures.items())


def number(value: float | int | None) -> str:
    """Three places of a share, a count as it is, - for what there was nothing of."""
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3f}"
