"""The report of a job as a table for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from webapp.datasets.records import Finding

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes a cell that begins so for a formula and may run it."""


def csv_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """What happened, to which file, why. No cell is taken for a formula."""
    yield _csv_line("what", "file", "reason")
    for finding in findings:
        yield _csv_line(finding.kind, finding.file_name, finding.reason)


def _csv_line(*cells: str) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell for cell in cells])
    return line.getvalue()
