"""Speed of dynamic time warping beside fastdtw, dtaidistance, tslearn and aeon, on the same arrays."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from webapp.bench.one_core import compare_gflop_per_s, first_call_ms, gflop, medians_ms, one_core, random_walks, timed
from webapp.bench.peer_process import PeerProcess
from webapp.bench.printing import print_measured
from webapp.config import Settings
from webapp.core.dtw import dtw_distance
from webapp.core.errors import InvalidInputError
from webapp.core.packed_dtw import dtw_distances, pack_sequences
from webapp.core.records import FloatArray

TEMPLATES, TEMPLATE_FRAMES, QUERY_FRAMES, DIMENSIONS = 100, 40, 50, 24
SEED = 0
CALLS = 20
"""Calls in a row per round, so that a method meets its own memory in the caches, as when it matches a whole bank."""
AEON_SCRIPT = Path(__file__).with_name("aeon_peer.py")

Distances = Callable[[], np.ndarray]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--peer-python", type=Path, help="Python of an environment with aeon: measure that beside ours")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured in turn, default 5")


def run(arguments: argparse.Namespace, _settings: Settings) -> int:
    """Measure; prints a table and what it means, and with --json one flat object as the last line."""
    if arguments.rounds < 1:
        raise InvalidInputError(f"--rounds must be at least 1, got {arguments.rounds}")
    rng = np.random.default_rng(SEED)
    templates = random_walks(rng, TEMPLATES, TEMPLATE_FRAMES, DIMENSIONS)
    query = random_walks(rng, 1, QUERY_FRAMES, DIMENSIONS)[0]
    with one_core() as how:
        print(how)
        measured = _measured(query, templates, arguments.rounds, arguments.peer_python)
    print_measured(measured, arguments.json, _in_words(measured))
    return 0


def _measured(query: FloatArray, templates: FloatArray, rounds: int, peer_python: Path | None) -> dict[str, float]:
    packed, ours = pack_sequences(list(templates)), {}
    ours["ours"] = lambda: dtw_distances(query, packed)
    ours["ours_one_by_one"] = lambda: np.array([dtw_distance(query, template) for template in templates])
    ours["ours_within_band_of_5"] = lambda: dtw_distances(query, packed, band_frames=5)
    peers = _installed(query.astype(np.float64), list(templates.astype(np.float64)))
    steps = {name: timed(call, 1 if name == "fastdtw" else CALLS) for name, call in {**ours, **peers}.items()}
    with contextlib.ExitStack() as stack:
        if peer_python is not None:
            steps["aeon"] = stack.enter_context(_aeon(peer_python, query, templates)).ask
        else:
            print("aeon is left out: it wants an older numba; --peer-python names an environment that has it.")
        times_ms = medians_ms(rounds, steps)
    times_ms |= medians_ms(rounds, {"pack": timed(lambda: pack_sequences(list(templates)), 1)})
    flops, at_best = gflop(TEMPLATES, TEMPLATE_FRAMES, QUERY_FRAMES, DIMENSIONS), compare_gflop_per_s()
    theirs = {name: value for name, value in times_ms.items() if name not in (*ours, "pack")}
    measured = {f"{name}_ms": round(value, 4) for name, value in times_ms.items()}
    if theirs:
        measured["times_faster_than_fastest_peer"] = round(min(theirs.values()) / times_ms["ours"], 1)
    if "fastdtw" in theirs:
        measured["times_faster_than_fastdtw"] = round(theirs["fastdtw"] / times_ms["ours"], 1)
    measured |= _errors(ours["ours"](), {name: call() for name, call in peers.items()})
    measured["gflop_per_s"] = round(flops / times_ms["ours"] * 1000, 1)
    measured["gflop_per_s_at_best"] = round(at_best, 1)
    return measured | first_call_ms(
        "import numpy as np; from webapp.core.packed_dtw import dtw_distances, pack_sequences",
        f"dtw_distances(np.zeros(({QUERY_FRAMES}, {DIMENSIONS}), np.float32),"
        f" pack_sequences([np.ones(({TEMPLATE_FRAMES}, {DIMENSIONS}), np.float32)] * {TEMPLATES}))",
    )


def _installed(query: np.ndarray, templates: list[np.ndarray]) -> dict[str, Distances]:
    """The peers that are here, each in the fastest of its forms that adds Euclidean frame distances, in float64."""

    def fastdtw() -> np.ndarray:
        warp = importlib.import_module("fastdtw").fastdtw
        return np.array([warp(query, one, dist=lambda a, b: np.linalg.norm(a - b))[0] for one in templates])

    def dtaidistance() -> np.ndarray:
        warp = importlib.import_module("dtaidistance.dtw_ndim").distance_fast
        return np.array([warp(query, one, inner_dist="euclidean") for one in templates])

    def tslearn() -> np.ndarray:
        warp = importlib.import_module("tslearn.metrics").dtw_path_from_metric
        frame_distances = importlib.import_module("scipy.spatial.distance").cdist
        return np.array([warp(frame_distances(query, one), metric="precomputed")[1] for one in templates])

    found: dict[str, Distances] = {}
    for name, call in {"fastdtw": fastdtw, "dtaidistance": dtaidistance, "tslearn": tslearn}.items():
        try:
            importlib.import_module(name)
        except ImportError:
            print(f"{name} is left out: it is not installed here; `pip install {name}` brings it.")
        else:
            found[name] = call
    return found


@contextlib.contextmanager
def _aeon(python: Path, query: FloatArray, templates: FloatArray) -> Iterator[PeerProcess]:
    with tempfile.TemporaryDirectory(prefix="moveprint-peer-") as folder:
        arrays = Path(folder) / "arrays.npz"
        np.savez(arrays, query=query, templates=templates)
        with PeerProcess(python, AEON_SCRIPT, [str(arrays), str(CALLS)], "aeon") as process:
            yield process


def _errors(ours: np.ndarray, theirs: dict[str, np.ndarray]) -> dict[str, float]:
    """Largest relative difference from the exact peers; fastdtw's, which is an approximation, by itself."""
    differences = {name: float(np.abs(ours / values - 1).max()) for name, values in theirs.items()}
    exact = [value for name, value in differences.items() if name != "fastdtw"]
    found = {"max_relative_error": float(f"{max(exact):.3g}")} if exact else {}
    if "fastdtw" in differences:
        found["fastdtw_max_relative_error"] = float(f"{np.abs(theirs['fastdtw'] / ours - 1).max():.3g}")
    return found


def _in_words(measured: dict[str, float]) -> str:
    share = measured["gflop_per_s"] / measured["gflop_per_s_at_best"]
    return (
        f"{TEMPLATES} templates of {TEMPLATE_FRAMES} frames, a query of {QUERY_FRAMES}, {DIMENSIONS} dimensions; the "
        "sum of Euclidean frame distances (aeon: of their squares, it has no other). Every method finds the arrays as "
        "it likes them best; ours packs templates once, when they are learned (pack_ms). Subtracting, squaring and "
        f"adding goes at {measured['gflop_per_s']} GFLOP/s; this core does {measured['gflop_per_s_at_best']} with "
        f"numbers in its nearest cache and nothing else to do ({share:.0%} of that limit): roots and the recurrence "
        "take the rest. first_call_ms is a new process with compiled code on disk: numba's own start "
        "(numba_start_ms) and loading."
    )
