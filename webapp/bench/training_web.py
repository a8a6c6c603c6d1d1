"""How quick the pages of a served instance stay while a training run goes on beside them."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from webapp.bench.browser import post_json
from webapp.bench.served_dataset import served_dataset
from webapp.config import Settings
from webapp.core.errors import MoveprintError

SAMPLES = 2000
ASKED = 40
"""Times each page is asked for."""
PAUSE_S = 0.05
BEGUN_WITHIN_S = 300.0
RUN: Mapping[str, object] = {"epochs": 1000, "pretrained": False}


def page_times(folder: Path, settings: Settings) -> dict[str, float]:
    """Milliseconds of a page: median and 95th percentile, before a run and while one goes on."""
    with served_dataset(folder, settings, SAMPLES, command="serve") as served:
        url, cookie, dataset_id = served.url, served.cookie, served.dataset_id
        pages = ["/live/", "/history/", "/datasets/", f"/datasets/{dataset_id}/pictures", "/runs/"]
        alone_ms = _times_ms(url, cookie, pages)
        with _running(url, cookie, dataset_id) as run_id:
            beside_ms = _times_ms(url, cookie, [*pages, f"/runs/{run_id}", f"/runs/{run_id}/progress"])
    return {**_percentiles("pages_alone", alone_ms), **_percentiles("pages_while_training", beside_ms)}


@contextmanager
def _running(url: str, cookie: str, dataset_id: str) -> Iterator[str]:
    """Meanwhile a run is past its first epoch."""
    asked = post_json(url, cookie, f"/datasets/{dataset_id}/runs", {"name": "Bench", "settings": dict(RUN)})
    run_id = str(asked["run_id"])
    until_s = time.monotonic() + BEGUN_WITHIN_S
    while not (told := _progress(url, cookie, run_id))["epochs"]:
        if told["state"] not in {"queued", "running"} or time.monotonic() > until_s:
            raise MoveprintError(f"the run did not begin: {told['state']}, {told['message']}")
        time.sleep(0.5)
    yield run_id
    post_json(url, cookie, f"/runs/{run_id}/cancel", {})


def _progress(url: str, cookie: str, run_id: str) -> Mapping[str, Any]:
    told: Mapping[str, Any] = json.loads(_page(url, cookie, f"/runs/{run_id}/progress"))
    return told


def _times_ms(url: str, cookie: str, pages: Sequence[str]) -> list[float]:
    for page in pages:  # what is made once is made now
        _page(url, cookie, page)
    times_ms = []
    for _ in range(ASKED):
        for page in pages:
            began_s = time.perf_counter()
            _page(url, cookie, page)
            times_ms.append((time.perf_counter() - began_s) * 1000)
            time.sleep(PAUSE_S)
    return times_ms


def _page(url: str, cookie: str, path: str) -> bytes:
    request = urllib.request.Request(f"{url}{path}", headers={"Cookie": cookie})  # noqa: S310  # http by construction
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # as above
        return bytes(answer.read())


def _percentiles(name: str, times_ms: Sequence[float]) -> dict[str, float]:
    middle, slow = np.percentile(times_ms, [50, 95])
    return {f"{name}_ms": round(float(middle), 1), f"{name}_p95_ms": round(float(slow), 1)}
