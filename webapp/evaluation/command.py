"""The `evaluate` command."""

from __future__ import annotations

import argparse
from pathlib import Path

from webapp.core.errors import InvalidInputError
from webapp.evaluation import report
from webapp.evaluation.datasets import Dataset, load_dataset
from webapp.evaluation.protocols import applicable, method_of, run_protocol
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
    folders = [Path(folder) for folder in arguments.datasets.split(",")]
    datasets = [load_dataset(folder) for folder in folders]
    results = [result for dataset in datasets for result in _measure(dataset, arguments, Workers(processes))]
    print(report.table(results))
    if arguments.plot is not None:
        _draw(results, arguments.plot)
    if arguments.json:
        print(report.as_json(results, single=len(datasets) == 1 and arguments.protocol != "all"))
    return 0


def _measure(dataset: Dataset, arguments: argparse.Namespace, workers: Workers) -> list[Result]:
    method = method_of(arguments.method, dataset, workers)
    asked = [(arguments.protocol, arguments.templates or "others")]
    if arguments.protocol == "all":
        asked = applicable(dataset, arguments.templates)
    return [run_protocol(dataset, protocol, arguments.method, method, kind) for protocol, kind in asked]


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
