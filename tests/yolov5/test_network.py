"""The network is the published one: sizes, shapes, arithmetic of the heads, folding of the norms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.yolov5.checkpoints import random_network, write_official
from yolov5.checkpoint import Checkpoint, CheckpointError, read_checkpoint
from yolov5.network import SCALES, YoloV5, network_from

PUBLISHED_PARAMETERS = {"n": 1_872_157, "s": 7_235_389, "m": 21_190_557, "l": 46_563_709, "x": 86_749_405}


@pytest.mark.parametrize("size", SCALES)
def test_each_size_has_the_published_number_of_parameters(size: str) -> None:
    with torch.device("meta"):
        network = YoloV5(SCALES[size], classes=80)

    assert sum(parameter.numel() for parameter in network.parameters()) == PUBLISHED_PARAMETERS[size]


@pytest.mark.parametrize("size", ["n", "m"])
def test_a_checkpoint_of_each_layout_gives_its_network_back(size: str, tmp_path: Path) -> None:
    image = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        expected = random_network(size).half().float()(image)
    write_official(tmp_path / "any-name.pt", random_network(size), ["person", "dog", "ball"])

    network = network_from(read_checkpoint(tmp_path / "any-name.pt"))

    with torch.inference_mode():
        torch.testing.assert_close(network(image), expected, rtol=2e-3, atol=2e-3)


def test_rows_cover_every_cell_and_anchor_of_three_levels() -> None:
    with torch.inference_mode():
        rows = random_network("n", classes=3)(torch.rand(2, 3, 64, 96))

    cells = 8 * 12 + 4 * 6 + 2 * 3
    assert rows.shape == (2, 3 * cells, 5 + 3)


def test_a_silent_head_answers_each_cell_s_centre_and_anchor() -> None:
    network = random_network("n", classes=1)
    for parameter in network.head.m.parameters():
        torch.nn.init.zeros_(parameter)
    torch.nn.init.constant_(network.head.anchors, 2.0)

    with torch.inference_mode():
        rows = network(torch.rand(1, 3, 64, 64))[0]

    # sigmoid(0) is a half: the middle of the cell, and exactly the anchor
    np.testing.assert_allclose(rows[0], [4, 4, 16, 16, 0.5, 0.5])
    np.testing.assert_allclose(rows[1], [12, 4, 16, 16, 0.5, 0.5])
    np.testing.assert_allclose(rows[8], [4, 12, 16, 16, 0.5, 0.5])
    np.testing.assert_allclose(rows[-1], [48, 48, 64, 64, 0.5, 0.5])


def test_folding_the_norms_changes_no_answer() -> None:
    network = random_network("n")
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        before = network(image)

        after = network.fuse()(image)

    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-3)


def test_keeping_one_class_leaves_its_rows_unchanged() -> None:
    network = random_network("n", classes=4)
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        before = network(image)

        network.keep_classes([2])

        after = network(image)
    assert network.classes == 1
    torch.testing.assert_close(after, before[..., [0, 1, 2, 3, 4, 7]])


def test_wrong_tensors_are_refused_by_name(nano_checkpoint: Path) -> None:
    whole = dict(read_checkpoint(nano_checkpoint).tensors)

    def refused(changes: dict[str, np.ndarray | None], reason: str) -> None:
        tensors = {name: tensor for name, tensor in {**whole, **changes}.items() if tensor is not None}
        with pytest.raises(CheckpointError, match=reason):
            network_from(Checkpoint(tensors, ()))

    refused(
        {"model.9.cv2.conv.weight": np.zeros((8, 8, 1, 1))}, r"model\.9\.cv2\.conv\.weight is \(8, 8, 1, 1\), expected"
    )
    refused({"model.5.bn.bias": None}, r"model\.5\.bn\.bias is missing")
    refused({"model.0.conv.weight": None}, r"model\.0\.conv\.weight is missing")
    refused({"model.0.conv.weight": np.zeros((20, 3, 6, 6))}, r"no YOLOv5 size has width 0\.3125")
    refused({"model.0.conv.weight": np.zeros(())}, r"model\.0\.conv\.weight has no dimension")
    refused({"model.33.m.0.bias": np.zeros(3)}, r"model\.33\.m\.0\.bias has no place")
    refused({"model.24.m.0.bias": np.zeros(25)}, "5 \\+ classes")
    refused({"model.6.m.x.bias": np.zeros(25)}, "no YOLOv5 size")
