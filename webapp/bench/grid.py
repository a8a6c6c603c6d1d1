"""Speed of the grid of a dataset's samples: its query, and how smoothly a real Chromium scrolls through it."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webapp.bench.printing import print_measured
from webapp.config import Settings
from webapp.core.errors import InvalidInputError

if TYPE_CHECKING:
    from playwright.sync_api import Page

MAX_SAMPLES = 100_000
QUERIES = {
    "first_page": "limit=100",
    "last_page": "limit=100&offset={last}",
    "least_sure": "limit=100&order=confidence",
    "filtered": "limit=100&state=proposed&source=video&order=bone_error",
    "by_name": "limit=100&text=9",
}
ROUNDS = 20
SCROLL_S = 5
SCROLL_PX_PER_FRAME = 60
"""Four screens a second at 60 frames a second."""
JUMPS = (0.9, 0.2, 0.6, 0.4, 0.75)
"""Where the scroll bar is dragged to, as shares of the height."""

_SCROLL = """async ([seconds, step]) => {
  const frames = []; const tasks = [];
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map((one) => one.duration)))
    .observe({ entryTypes: ["longtask"] });
  let elements = 0; let y = 0; let last = performance.now(); const end = last + 1000 * seconds;
  while (last < end) {
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - last); last = now;
    elements = Math.max(elements, document.querySelectorAll("*").length);
    scrollTo(0, (y += step));
  }
  return { frames, tasks, elements };
}"""
_PICTURES_HERE = """() => {
  const inView = [...document.querySelectorAll(".grid-row:not([hidden]) .sample-cell:not([hidden])")]
    .filter((cell) => { const box = cell.getBoundingClientRect(); return box.bottom > 0 && box.top < innerHeight; });
  return inView.length > 0 && inView.every((cell) => cell.querySelector("img.here"));
}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--samples", type=int, default=20_000, help="how many the dataset has, default 20000")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Measure; prints a table, and with --json one flat object as the last line."""
    if not 1000 <= arguments.samples <= MAX_SAMPLES:
        raise InvalidInputError(f"--samples must be 1000 to {MAX_SAMPLES}, got {arguments.samples}")
    with tempfile.TemporaryDirectory(prefix="moveprint-bench-") as folder:
        measured = _measured(Path(folder), settings, arguments.samples)
    print_measured(measured, arguments.json)
    return 0


def _measured(folder: Path, settings: Settings, samples: int) -> dict[str, float]:
    from webapp.bench.served_dataset import served_dataset

    with served_dataset(folder, settings, samples) as served:
        path = f"/datasets/{served.dataset_id}"
        queries = _query_figures(f"{served.url}{path}/samples", served.cookie, samples)
        pages = _page_figures(served.url, f"{path}/pictures", served.cookie)
    return {"samples": samples, **queries, **pages}


def _query_figures(url: str, cookie: str, samples: int) -> dict[str, float]:
    """Whole requests of 100 samples over HTTP, in milliseconds: the middle one, and the slowest of all."""
    middles, slowest = {}, 0.0
    for name, query in QUERIES.items():
        times_ms = [_request_ms(f"{url}?{query.format(last=samples - 100)}", cookie) for _ in range(ROUNDS + 1)][1:]
        middles[f"query_ms_{name}"] = round(statistics.median(times_ms), 1)
        slowest = max(slowest, *times_ms)
    return {**middles, "query_ms_slowest": round(slowest, 1)}


def _request_ms(url: str, cookie: str) -> float:
    headers = {"Cookie": cookie, "Accept": "application/json"}
    started_s = time.perf_counter()
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:  # noqa: S310  # http by construction
        answer.read()
    return (time.perf_counter() - started_s) * 1000


def _page_figures(url: str, path: str, cookie: str) -> dict[str, float]:
    """In Chromium at 1440 x 900; what is scrolled past is in its cache the second time, which is the one told."""
    from webapp.bench.chromium import chromium_page

    with chromium_page(url, cookie) as page:
        ready_ms = _ready_ms(page, lambda: page.goto(path))
        cold = page.evaluate(_SCROLL, [SCROLL_S, SCROLL_PX_PER_FRAME])
        page.reload()
        page.wait_for_function(_PICTURES_HERE)
        warm = page.evaluate(_SCROLL, [SCROLL_S, SCROLL_PX_PER_FRAME])
        jumps = [_ready_ms(page, partial(_jump, page, share)) for share in JUMPS]
    return {
        "ready_ms": round(ready_ms),
        "jump_ms": round(statistics.median(jumps)),
        **_frame_figures(warm),
        "frame_ms_p99_first_time": round(_share(cold["frames"], 0.99), 1),
    }


def _frame_figures(scrolled: dict[str, Any]) -> dict[str, float]:
    frames: Sequence[float] = scrolled["frames"]
    return {
        "frames_per_s": round(1000 / statistics.mean(frames), 1),
        "frame_ms_p50": round(_share(frames, 0.5), 1),
        "frame_ms_p95": round(_share(frames, 0.95), 1),
        "frame_ms_p99": round(_share(frames, 0.99), 1),
        "frame_ms_slowest": round(max(frames), 1),
        "long_tasks": len(scrolled["tasks"]),
        "most_elements": scrolled["elements"],
    }


def _share(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _jump(page: Page, share: float) -> None:
    page.evaluate(f"scrollTo(0, {share} * document.documentElement.scrollHeight)")
    page.wait_for_timeout(50)  # the rows of the new place are drawn at the next frame


def _ready_ms(page: Page, act: Callable[[], object]) -> float:
    """From an act until every picture in view is there."""
    started_s = time.perf_counter()
    act()
    page.wait_for_function(_PICTURES_HERE, polling="raf")
    return (time.perf_counter() - started_s) * 1000
