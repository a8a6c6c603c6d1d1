"""Time of what the grid and the labelling page ask of a large dataset, without HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from webapp.bench.dataset_jobs import NAME, owner
from webapp.bench.grid_dataset import make_dataset
from webapp.bench.rounds import ms_since
from webapp.config import Settings
from webapp.db.base import db
from webapp.db.engine import transaction
from webapp.db.schema import upgrade
from webapp.db.standalone import database_app
from webapp.services.dataset_access import raise_change_number
from webapp.services.label_queue import next_to_review
from webapp.services.samples import SampleFilter, list_samples

SAMPLES = 20_000
_ROUNDS = 40


def query_times(instance: Path) -> dict[str, float]:
    """Median and 95th percentile of each query, in milliseconds, in a dataset of SAMPLES samples.

    The dataset changes before each, so that nothing is kept from the one before, except for "grid_next_page".
    """
    settings = Settings(instance_dir=instance, async_mode="threading")
    with database_app(settings).app_context():
        upgrade()
        actor = owner()
        dataset_id = make_dataset(instance, NAME, SAMPLES)
        proposed = SampleFilter(states=("proposed",), sources=("video",))
        queries: Mapping[str, Callable[[], object]] = {
            "grid_first_page": lambda: list_samples(actor, dataset_id, SampleFilter()),
            "grid_last_page": lambda: list_samples(actor, dataset_id, SampleFilter(), offset=SAMPLES - 100),
            "grid_filtered": lambda: list_samples(actor, dataset_id, proposed, "confidence"),
            "grid_next_page": lambda: list_samples(actor, dataset_id, proposed, "confidence", offset=100),
            "next_label": lambda: next_to_review(actor, dataset_id),
        }
        return {name: value for query in queries.items() for name, value in _times(dataset_id, *query).items()}


def _times(dataset_id: str, name: str, query: Callable[[], object]) -> dict[str, float]:
    times_ms = []
    for _ in range(_ROUNDS + 1):
        if name != "grid_next_page":
            with transaction() as session:
                raise_change_number(session, dataset_id)
        started = time.perf_counter()
        query()
        times_ms.append(ms_since(started))
        db.session.rollback()
    middle, slow = np.percentile(times_ms[1:], [50, 95])
    return {f"{name}_ms": round(float(middle), 2), f"{name}_p95_ms": round(float(slow), 2)}
