"""A report that is opened in a spreadsheet runs nothing."""

from __future__ import annotations

import pytest

from webapp.datasets.records import Finding
from webapp.services.job_reports import csv_lines


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_begins_as_a_formula_does(start: str) -> None:
    _, line = csv_lines([Finding(f"{start}1", "fine")])

    assert line.split(",")[1].lstrip('"').startswith("'")
