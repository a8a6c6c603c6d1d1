"""Speed and memory of the streaming recogniser: one frame of a stream against all templates."""

from __future__ import annotations

import argparse
import gc
import time
import tracemalloc

import numpy as np

from webapp.bench.one_core import first_call_ms, gflop, medians_ms, one_core, random_walks, read_gb_per_s, timed
from webapp.bench.printing import print_measured
from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.core.records import Pose, PoseSequence
from webapp.core.skeleton import COCO_17
from webapp.core.stream_dtw import StreamTemplates, pack_templates
from webapp.recognition.ports import Action, Take
from webapp.recognition.spotter import StreamRecogniser
from webapp.recognition.subsequence import SubsequenceMatcher
from webapp.recognition.template_bank import TemplateBank, prepare_bank

TEMPLATE_FRAMES, DIMENSIONS, MAX_FRAMES = 40, 24, 100
COUNTS = (1000, 10_000)
STREAM_FRAMES = 200
"""Frames of the stream per round."""
WATCHED_FRAMES = 5000
"""Frames over which allocations are counted."""
SEED = 0
ACTIONS, TAKES, FPS = 20, 10, 30.0
"""Made-up actions of the whole recogniser: 200 takes are the most one account keeps."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured in turn, default 5")


def run(arguments: argparse.Namespace, _settings: Settings) -> int:
    """Measure; prints a table and what it means, and with --json one flat object as the last line."""
    if arguments.rounds < 1:
        raise InvalidInputError(f"--rounds must be at least 1, got {arguments.rounds}")
    with one_core() as how:
        print(how)
        measured = matcher_figures(arguments.rounds) | update_figures(arguments.rounds)
    print_measured(measured, arguments.json, _in_words(measured))
    return 0


def matcher_figures(rounds: int) -> dict[str, float]:
    """The matcher alone: every template's best match moved on by one frame."""
    templates = {count: random_templates(count) for count in COUNTS}
    streams = {count: _Stream(packed) for count, packed in templates.items()}
    times_ms = medians_ms(rounds, {str(count): timed(one.step, STREAM_FRAMES) for count, one in streams.items()})
    measured: dict[str, float] = {}
    for count, packed in templates.items():
        took_ms = times_ms[str(count)]
        measured[f"ms_per_frame_{count}"] = round(took_ms, 4)
        measured[f"gflop_per_s_{count}"] = round(gflop(count, TEMPLATE_FRAMES, DIMENSIONS) / took_ms * 1000, 1)
        measured[f"gb_per_s_{count}"] = round(packed.frames.nbytes / took_ms / 1e6, 1)
        measured[f"read_gb_per_s_{count}"] = round(read_gb_per_s(packed.frames.size), 1)
    largest = COUNTS[-1]
    state_bytes = streams[largest].matcher.state_bytes
    rows = largest * TEMPLATE_FRAMES
    measured["bytes_per_template_frame"] = round((templates[largest].nbytes + state_bytes) / rows, 1)
    measured["state_bytes_per_template_frame"] = round(state_bytes / rows, 1)
    measured |= allocations(streams[COUNTS[0]])
    return measured | first_call_ms(
        "import numpy as np; from webapp.core.stream_dtw import pack_templates\n"
        "from webapp.recognition.subsequence import SubsequenceMatcher",
        f"n = np.ones({DIMENSIONS}, np.float32); SubsequenceMatcher(pack_templates("
        f"[np.ones(({TEMPLATE_FRAMES}, n.size), np.float32)], n[None] / n.size, np.array([100]))).advance(0, n, n)",
    )


def update_figures(rounds: int) -> dict[str, float]:
    """The whole recogniser: keypoints in, ranking and events out, with as many takes as one account keeps.

    The person repeats what was learned, so that matches are found, compared closely and announced.
    """
    actions = [random_action(index) for index in range(ACTIONS)]
    started = time.perf_counter()
    bank = prepare_bank(actions)
    prepare_s = time.perf_counter() - started
    updates = _Updates(bank, actions)
    times_ms = medians_ms(rounds, {"update": timed(updates.step, STREAM_FRAMES)})
    return {
        "update_templates": len(bank.templates),
        "update_ms": round(times_ms["update"], 3),
        "prepare_bank_s": round(prepare_s, 2),
    }


def random_action(number: int) -> Action:
    """TAKES performances of a made-up movement of a stick figure."""
    rng = np.random.default_rng(number)
    names = len(COCO_17.keypoints)
    rest, ways = rng.uniform(0.2, 0.8, (names, 2)), rng.normal(0, 0.15, (2, names, 2))
    takes = []
    for take in range(TAKES):
        times_s = np.arange(0, rng.uniform(1.5, 2.5), 1 / FPS)
        phase = 2 * np.pi * times_s / times_s[-1]
        swing = np.stack([1 - np.cos(phase), np.sin(phase)], axis=1)
        points = rest + np.einsum("tw,wkd->tkd", swing, ways) + rng.normal(0, 0.005, (len(phase), names, 2))
        scores = np.ones((len(phase), names), np.float32)
        takes.append(Take(f"{number}-{take}", PoseSequence(COCO_17, times_s, points.astype(np.float32), scores)))
    return Action(str(number), str(number), takes)


class _Updates:
    """A person who performs the takes one after another, for ever."""

    def __init__(self, bank: TemplateBank, actions: list[Action]) -> None:
        self._recogniser = StreamRecogniser(bank)
        self._poses = [
            Pose(COCO_17, keypoints, np.ones(len(keypoints), np.float32), 1.0)
            for action in actions
            for keypoints in action.takes[0].sequence.keypoints
        ]
        self._frame = 0

    def step(self) -> None:
        self._recogniser.update(self._poses[self._frame % len(self._poses)], 1, self._frame / FPS)
        self._frame += 1


def random_templates(count: int) -> StreamTemplates:
    """Made-up templates; the same for the same count."""
    rng = np.random.default_rng(SEED)
    weights = rng.uniform(0.5, 1.5, (count, DIMENSIONS)).astype(np.float32)
    frames = random_walks(rng, count, TEMPLATE_FRAMES, DIMENSIONS)
    return pack_templates(list(frames), weights / weights.sum(axis=1, keepdims=True), np.full(count, MAX_FRAMES))


class _Stream:
    """An endless made-up stream and a matcher that follows it; a twentieth of its dimensions is hidden."""

    def __init__(self, templates: StreamTemplates) -> None:
        rng = np.random.default_rng(SEED + 1)
        self.matcher = SubsequenceMatcher(templates)
        self._frames = random_walks(rng, 1, STREAM_FRAMES, DIMENSIONS)[0]
        self._trust = (rng.random((STREAM_FRAMES, DIMENSIONS)) > 0.05).astype(np.float32)
        self._tick = 0

    def step(self) -> None:
        index = self._tick % STREAM_FRAMES
        self.matcher.advance(self._tick, self._frames[index], self._trust[index])
        self._tick += 1


def allocations(stream: _Stream) -> dict[str, float]:
    """What advancing many frames leaves in memory, in blocks per frame, and the most it holds at any moment."""
    stream.step()
    gc.collect()
    tracemalloc.start()
    try:
        stream.step()
        before = tracemalloc.take_snapshot()
        tracemalloc.reset_peak()
        held_bytes, _ = tracemalloc.get_traced_memory()
        for _ in range(WATCHED_FRAMES):
            stream.step()
        _, peak_bytes = tracemalloc.get_traced_memory()
        after = tracemalloc.take_snapshot()
    finally:
        tracemalloc.stop()
    return {
        "allocations_per_frame": round((_blocks(after) - _blocks(before)) / WATCHED_FRAMES, 2),
        "peak_bytes_in_a_frame": peak_bytes - held_bytes,
    }


def _blocks(snapshot: tracemalloc.Snapshot) -> int:
    """How many blocks were held, without what watching takes itself."""
    watching = tracemalloc.Filter(inclusive=False, filename_pattern=tracemalloc.__file__)
    return sum(statistic.count for statistic in snapshot.filter_traces([watching]).statistics("filename"))


def _in_words(measured: dict[str, float]) -> str:
    few, many = COUNTS
    share = measured[f"gb_per_s_{many}"] / measured[f"read_gb_per_s_{many}"]
    return (
        f"One frame of the stream against templates of {TEMPLATE_FRAMES} frames, {DIMENSIONS} dimensions; all of them "
        f"are read once. {many} templates go at {measured[f'gb_per_s_{many}']} GB/s; so much memory this core reads at "
        f"{measured[f'read_gb_per_s_{many}']} GB/s with nothing else to do ({share:.0%} of that limit). {few} go at "
        f"{measured[f'gb_per_s_{few}']} of {measured[f'read_gb_per_s_{few}']} GB/s: they lie in a cache, and the "
        "calculation is the limit. allocations_per_frame counts blocks that stay, peak_bytes_in_a_frame what is held "
        "for a moment (the interpreter's small change). first_call_ms is a new process with compiled code on disk: "
        "numba's own start (numba_start_ms) and loading."
    )
