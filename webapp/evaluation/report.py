"""Results as lines of a table for people and as one JSON object for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from webapp.evaluation.options import METHODS, PROTOCOLS
from webapp.evaluation.results import Result

_PROTOCOL_WIDTH = max(map(len, PROTOCOLS))
_METHOD_WIDTH = max(map(len, METHODS))


def line(result: Result, dataset_width: int) -> str:
    """One line of the table, figures named; columns as wide as any protocol and method needs."""
    columns = (result.dataset, dataset_width), (_protocol(result), _PROTOCOL_WIDTH), (result.method, _METHOD_WIDTH)
    return "  ".join([*(text.ljust(width) for text, width in columns), _figures(result)])


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
