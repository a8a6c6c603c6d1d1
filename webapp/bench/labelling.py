"""Speed of labelling: a scripted labeller at a human pace in Chromium, and how soon the next picture is there."""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webapp.bench.printing import print_measured
from webapp.config import Settings
from webapp.core.errors import InvalidInputError

if TYPE_CHECKING:
    from playwright.sync_api import Page

SAMPLES = 1200
MAX_PICTURES = 300
LOOK_S = 2.0
"""How long the labeller looks at each picture before anything is done."""
POINT_S = 1.2
"""From seeing a joint that is wrong until its new place is pointed at."""
WRONG_JOINTS = (0, 1, 0, 2)
"""Of one picture after the other, over and over."""

_SHOWN = "() => document.querySelector('[data-facts] [data-state]') && document.querySelector('[data-message][hidden]')"
_SAVED = "() => document.querySelector('[data-saving]').textContent === 'Saved'"
_TIMES_MS = "() => performance.getEntriesByName('moveprint-next-picture').map((one) => one.duration)"
_AHEAD = "() => performance.getEntriesByName('moveprint-next-picture').filter((one) => one.detail.ahead).length"
_FORGET = "() => performance.clearMeasures()"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pictures", type=int, default=20, help="how many are labelled at each pace, default 20")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Measure; prints a table, and with --json one flat object as the last line."""
    if not 4 <= arguments.pictures <= MAX_PICTURES:
        raise InvalidInputError(f"--pictures must be 4 to {MAX_PICTURES}, got {arguments.pictures}")
    with tempfile.TemporaryDirectory(prefix="moveprint-bench-") as folder:
        measured = _measured(Path(folder), settings, arguments.pictures)
    print_measured(measured, arguments.json)
    return 0


def _measured(folder: Path, settings: Settings, pictures: int) -> Mapping[str, float]:
    from webapp.bench.chromium import chromium_page
    from webapp.bench.served_dataset import served_dataset

    with (
        served_dataset(folder, settings, SAMPLES) as served,
        chromium_page(served.url, served.cookie) as page,
    ):
        page.goto(f"/datasets/{served.dataset_id}/label")
        page.wait_for_function(_SHOWN)
        page.wait_for_timeout(1000)  # the labeller finds the keys
        human = _at_human_pace(page, pictures)
        hurried = _hurried(page, pictures)
    return {"pictures": pictures, "look_s": LOOK_S, "point_s": POINT_S, **human, **hurried}


def _at_human_pace(page: Page, pictures: int) -> dict[str, float]:
    """Look, drag each joint that is wrong, accept by one key."""
    started_s, inputs, joints = time.perf_counter(), 0, 0
    for number in range(pictures):
        page.wait_for_timeout(1000 * LOOK_S)
        for joint in range(WRONG_JOINTS[number % len(WRONG_JOINTS)]):
            page.wait_for_timeout(1000 * POINT_S)
            inputs += _move_keypoint(page, joint)
            joints += 1
        page.keyboard.press("Enter")
        inputs += 1
    minutes = (time.perf_counter() - started_s) / 60
    page.wait_for_function(_SAVED)
    return {
        "pictures_per_minute": round(pictures / minutes, 1),
        "inputs_per_right_picture": 1,
        "inputs_per_corrected_joint": round((inputs - pictures) / max(1, joints), 2),
        "fetched_ahead": page.evaluate(_AHEAD),
        **_figures("next_ms", page.evaluate(_TIMES_MS)),
    }


def _hurried(page: Page, pictures: int) -> dict[str, float]:
    """Accept each picture as soon as it is there."""
    page.evaluate(_FORGET)
    for number in range(pictures):
        page.keyboard.press("Enter")
        page.wait_for_function(f"() => ({_TIMES_MS})().length > {number}")
    return _figures("next_ms_hurried", page.evaluate(_TIMES_MS))


def _move_keypoint(page: Page, joint: int) -> int:
    """Choose a keypoint by its number and click near the middle of the picture; how many inputs that was."""
    stage = page.locator("[data-stage]").bounding_box()
    assert stage is not None
    page.keyboard.press(str(joint + 1))
    page.mouse.click(stage["x"] + stage["width"] / 2 + 30 * joint, stage["y"] + stage["height"] / 2)
    return 2


def _figures(name: str, times_ms: Sequence[Any]) -> dict[str, float]:
    in_order = sorted(float(time_ms) for time_ms in times_ms)
    return {
        f"{name}_p50": round(statistics.median(in_order), 1),
        f"{name}_p95": round(in_order[math.ceil(0.95 * len(in_order)) - 1], 1),
        f"{name}_slowest": round(in_order[-1], 1),
    }
