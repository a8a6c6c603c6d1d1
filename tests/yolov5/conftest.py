"""A checkpoint of the smallest size, written once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.yolov5.checkpoints import random_network, write_official


@pytest.fixture(scope="session")
def nano_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """YOLOv5n with random weights and the classes person, dog, ball, in the layout of the official release."""
    path = tmp_path_factory.mktemp("checkpoints") / "nano.pt"
    write_official(path, random_network("n"), ["person", "dog", "ball"])
    return path
