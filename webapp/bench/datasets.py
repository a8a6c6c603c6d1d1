"""Speed and memory of filling a dataset and taking it out again: imports, exports, thumbnails, queries."""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from webapp.bench.measured_child import measured_in_child, number_of
from webapp.bench.printing import print_measured
from webapp.bench.rounds import ms_since
from webapp.config import Settings
from webapp.core.errors import InvalidInputError

FEW = 1000
MAX_PICTURES = 100_000
_EXPORTS = ("coco", "cvat", "yolo", "npz")
_THUMBNAILS = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=int, default=5000, help="pictures to import, default 5000")
    parser.add_argument("--pictures", type=Path, help="folder of pictures to make them of; default: the sample clip")


def run(arguments: argparse.Namespace, _settings: Settings) -> int:
    """Measure; prints a table, and with --json one flat object as the last line."""
    if not FEW <= arguments.count <= MAX_PICTURES:
        raise InvalidInputError(f"--count must be {FEW} to {MAX_PICTURES}, got {arguments.count}")
    with tempfile.TemporaryDirectory(prefix="moveprint-bench-") as folder:
        measured = _measured(Path(folder), arguments.count, arguments.pictures)
    print_measured(measured, arguments.json)
    return 0


def _measured(folder: Path, count: int, pictures: Path | None) -> dict[str, float]:
    from webapp.bench.dataset_pictures import make_coco  # OpenCV, which reads the clip
    from webapp.bench.dataset_queries import query_times

    measured: dict[str, float] = {}
    for number in (FEW, count):
        print(f"making {number} pictures", file=sys.stderr)
        source, instance = folder / "source", folder / "instance"
        for used in (source, instance):
            shutil.rmtree(used, ignore_errors=True)
        make_coco(source, number, pictures)
        taken = _process(instance, "import", str(source))
        measured[f"import_{number}_per_s"] = round(number / number_of(taken, "s"), 1)
        measured[f"import_{number}_peak_mb"] = number_of(taken, "peak_mb")
    measured["import_cpu_ms_per_picture"] = _cpu_ms(taken, count)
    bare = _process(instance, "codec", str(source))
    measured["decode_and_encode_cpu_ms_per_picture"] = _cpu_ms(bare, number_of(bare, "pictures"))
    if importlib.util.find_spec("pycocotools") is not None:
        plain = _process(instance, "peer", str(source))
        measured["pycocotools_and_pillow_per_s"] = round(count / number_of(plain, "s"), 1)
        measured["times_faster_than_pycocotools_and_pillow"] = round(number_of(plain, "s") / number_of(taken, "s"), 2)
    for name in _EXPORTS:
        done = _process(instance, "export", name)
        measured[f"export_{name}_samples_per_s"] = round(number_of(done, "samples") / number_of(done, "s"), 1)
        measured[f"export_{name}_peak_mb"] = number_of(done, "peak_mb")
    return measured | _thumbnails(instance) | query_times(folder / "queries")


def _thumbnails(instance: Path) -> dict[str, float]:
    """Median time of one that is made when it is first asked for, and of one that is there."""
    from webapp.core.records import Box
    from webapp.datasets.picture_store import store_of
    from webapp.datasets.thumbnails import thumbnails_beside

    store = store_of(Settings(instance_dir=instance))
    thumbnails, box = thumbnails_beside(store), Box(140, 60, 420, 400)
    times_ms: dict[str, list[float]] = {"made": [], "kept": []}
    for path in sorted(store.root.glob("??/*.jpg"))[:_THUMBNAILS]:
        for times in times_ms.values():
            started = time.perf_counter()
            thumbnails.ready(path.stem, "jpg", box)
            times.append(ms_since(started))
    return {f"thumbnail_{way}_ms": round(median(times), 3) for way, times in times_ms.items()}


def _cpu_ms(done: Mapping[str, object], pictures: float) -> float:
    return round(1000 * number_of(done, "cpu_s") / pictures, 2)


def _process(instance: Path, what: str, argument: str) -> Mapping[str, object]:
    environment = {"MOVEPRINT_INSTANCE_DIR": str(instance)}
    return measured_in_child("webapp.bench.dataset_jobs", [what, argument], environment)
