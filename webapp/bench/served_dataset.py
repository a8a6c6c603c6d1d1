"""A large drawn dataset behind a server of its own, for measurements in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from webapp.bench.grid_dataset import make_dataset
from webapp.bench.instance import Instance, end
from webapp.config import Settings

USERNAME = "bench"


@dataclass(frozen=True)
class ServedDataset:
    """Where it is answered for, and the Cookie header of its owner."""

    url: str
    dataset_id: str
    cookie: str


@contextmanager
def served_dataset(folder: Path, settings: Settings, samples: int, command: str = "web") -> Iterator[ServedDataset]:
    """Meanwhile a web server runs on an instance within the folder. MoveprintError where it does not come up.

    command: what starts it; "serve" brings a worker and whoever runs jobs along.
    """
    instance = Instance(folder / "instance", {"MOVEPRINT_ASYNC_MODE": settings.async_mode})
    instance.folder.mkdir()
    instance.prepare(USERNAME)
    dataset_id = make_dataset(instance.folder, USERNAME, samples)
    server = instance.start(command)
    try:
        instance.wait_for_http(server)
        yield ServedDataset(instance.url, dataset_id, instance.log_in(USERNAME))
    finally:
        end(server)
