"""The `evaluate` command."""

from __future__ import annotations

import argparse
from pathlib import Path

from webapp.core.errors import InvalidInputError
from webapp.evaluation import report
from webapp.evaluation.datasets import load_dataset
from webapp.evaluation.protocols import SEED, method_of, plans
from webapp.evaluation.results import Result
from webapp.evaluation.workers import Workers, usable_cores

PICTURES = (".png", ".svg", ".pdf")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; InvalidInputError for datasets that cannot be read and protocols that do not apply."""
    if arguments.templates is not None and arguments.protocol not in ("stream", "all"):
        raise InvalidInputError(f"--templates is of the protocol stream; leave it out with {arguments.protocol}")
    processes = usable_cores() if arguments.processes is None else arguments.processes
    if processes < 1:
        raise InvalidInputError(f"--processes must be 1 or more, got {processes}")
    if arguments.plot is not None:
        _require_picture(arguments.plot)
    datasets = [load_dataset(Path(folder)) for folder in arguments.datasets.split(",")]
    planned = [plans(dataset, arguments.protocol, arguments.templates) for dataset in datasets]
    print(f"seed {SEED}")
    width = max(len(dataset.name) for dataset in datasets)
    results = []
    for dataset, of_dataset in zip(datasets, planned, strict=True):
        method = method_of(arguments.method, dataset, Workers(processes))
        for plan in of_dataset:
            results.append(plan.run(arguments.method, method))
            print(report.line(results[-1], width), flush=True)  # at once: the next may take minutes
    if arguments.plot is not None:
        _draw(results, arguments.plot)
    if arguments.json:
        print(report.as_json(results, single=len(datasets) == 1 and arguments.protocol != "all"))
    return 0


def _require_picture(file: Path) -> None:
    if file.suffix.lower() not in PICTURES:
        raise InvalidInputError(f"--plot draws {', '.join(PICTURES)} by the file's ending, got {file.name!r}")
    if not file.parent.is_dir():
        raise InvalidInputError(f"--plot has no folder {file.parent} to write into: make it first")


def _draw(results: list[Result], file: Path) -> None:
    from webapp.evaluation import plots

    for result, picture in zip(results, plots.files_for(results, file), strict=True):
        plots.draw(result, picture)
        print(f"drawn: {picture}")
