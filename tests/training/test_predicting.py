"""Many pictures are asked about in little memory."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from tests.training.data import labelled
from webapp.core.records import FloatArray
from webapp.core.skeleton import UPPER_BODY_6
from webapp.training.card import card_of_model
from webapp.training.config import run_settings
from webapp.training.predicting import found_by
from webapp.vision.runtimes import Network

SIDE_PX, COUNT, MB = 128, 1000, 2**20
STATUS = Path("/proc/self/status")


class Middle:
    """Finds everything in the middle, and looks at every pixel for it."""

    def run(self, batch: FloatArray) -> list[FloatArray]:
        assert not batch.any()
        return [np.full((len(batch), 2 * len(UPPER_BODY_6.keypoints)), 0.5, np.float32)]


def mapped_mb() -> float:
    """Of files, what counts as this process's memory."""
    found = re.search(r"RssFile:\s+(\d+) kB", STATUS.read_text(encoding="utf-8"))
    assert found is not None
    return int(found[1]) / 1024


@pytest.mark.skipif(not STATUS.exists(), reason="Linux alone tells what of a process's memory is of files")
def test_pictures_on_the_disk_do_not_fill_the_memory(tmp_path: Path) -> None:
    images = np.memmap(tmp_path / "images", np.float32, "w+", shape=(COUNT, SIDE_PX, SIDE_PX, 1))
    images.flush()
    read = np.memmap(tmp_path / "images", np.float32, "r", shape=images.shape)
    del images
    data = labelled(UPPER_BODY_6, np.full((COUNT, 6, 2), 0.5, np.float32), images=read)
    card = card_of_model("mine", run_settings({"family": "regression", "side_px": SIDE_PX}), UPPER_BODY_6)
    before_mb, most_mb = mapped_mb(), [0.0]

    found = found_by(
        cast(Network, Middle()), card, data, np.arange(COUNT), lambda: most_mb.append(mapped_mb() - before_mb)
    )

    np.testing.assert_allclose(found.keypoints, 0.5, atol=1e-6)
    assert read.nbytes > 60 * MB
    assert max(most_mb) < 16
