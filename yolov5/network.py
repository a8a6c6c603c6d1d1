"""The YOLOv5 v6/v7 network (P5 models n, s, m, l, x) for inference.

CSP backbone, SPPF, path-aggregating neck, three anchor heads. Module names are those of the official state dict
("model.0.conv.weight"), so official weights fit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from yolov5.checkpoint import Checkpoint, CheckpointError

STRIDES_PX = (8, 16, 32)
ANCHORS_PER_CELL = 3
BOX_AND_OBJECTNESS = 5


@dataclass(frozen=True)
class Scale:
    """Depth multiple (how many bottlenecks) and width multiple (how many channels)."""

    depth: float
    width: float


SCALES: Mapping[str, Scale] = {
    "n": Scale(0.33, 0.25),
    "s": Scale(0.33, 0.50),
    "m": Scale(0.67, 0.75),
    "l": Scale(1.0, 1.0),
    "x": Scale(1.33, 1.25),
}


class Conv(nn.Module):
    """Convolution, batch norm, SiLU; `fuse` folds the norm into the convolution."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, padding: int | None = None) -> None:
        super().__init__()
        padding = kernel // 2 if padding is None else padding
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn: nn.Module = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03)
        self.act = nn.SiLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.act(self.bn(self.conv(x))))

    def fuse(self) -> None:
        """Fold the batch norm into the convolution; afterwards the module serves inference only."""
        if isinstance(self.bn, nn.BatchNorm2d):
            self.conv = nn.utils.fuse_conv_bn_eval(self.conv.eval(), self.bn.eval())
            self.bn = nn.Identity()


class Bottleneck(nn.Module):
    """1x1 then 3x3 convolution, added to the input in the backbone and not in the neck."""

    def __init__(self, channels: int, shortcut: bool) -> None:
        super().__init__()
        self.cv1 = Conv(channels, channels, 1)
        self.cv2 = Conv(channels, channels, 3)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        y = cast(Tensor, self.cv2(self.cv1(x)))
        return x + y if self.shortcut else y


class C3(nn.Module):
    """Cross-stage partial block: half the channels through the bottlenecks, half past them."""

    def __init__(self, inputs: int, outputs: int, repeats: int, shortcut: bool = True) -> None:
        super().__init__()
        hidden = outputs // 2
        self.cv1 = Conv(inputs, hidden)
        self.cv2 = Conv(inputs, hidden)
        self.cv3 = Conv(2 * hidden, outputs)
        self.m = nn.Sequential(*(Bottleneck(hidden, shortcut) for _ in range(repeats)))

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.cv3(torch.cat((self.m(self.cv1(x)), self.cv2(x)), 1)))


class SPPF(nn.Module):
    """Spatial pyramid pooling: three 5x5 poolings in a row see 5, 9 and 13 cells."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        hidden = inputs // 2
        self.cv1 = Conv(inputs, hidden)
        self.cv2 = Conv(4 * hidden, outputs)
        self.m = nn.MaxPool2d(5, stride=1, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        levels = [self.cv1(x)]
        for _ in range(3):
            levels.append(self.m(levels[-1]))
        return cast(Tensor, self.cv2(torch.cat(levels, 1)))


class Concat(nn.Module):
    """Joins feature maps along the channels."""

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        return torch.cat(list(maps), 1)


class Detect(nn.Module):
    """Three 1x1 heads and the arithmetic from their outputs to boxes."""

    anchors: Tensor

    def __init__(self, classes: int, channels: Sequence[int]) -> None:
        super().__init__()
        self.rows = BOX_AND_OBJECTNESS + classes
        self.m = nn.ModuleList(nn.Conv2d(c, self.rows * ANCHORS_PER_CELL, 1) for c in channels)
        # widths and heights in cells of their level, (levels, anchors, 2)
        self.register_buffer("anchors", torch.ones(len(channels), ANCHORS_PER_CELL, 2))

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """(N, boxes, 5 + classes): centre x, y, width, height in input pixels, objectness, class scores."""
        levels = zip(self.m, maps, STRIDES_PX, self.anchors.unbind(), strict=True)
        return torch.cat([self._boxes(head(level), stride, anchors) for head, level, stride, anchors in levels], 1)

    def _boxes(self, output: Tensor, stride_px: int, anchors: Tensor) -> Tensor:
        batch, _, rows, columns = output.shape
        cells = output.view(batch, ANCHORS_PER_CELL, self.rows, rows, columns).permute(0, 1, 3, 4, 2).sigmoid()
        y, x = (torch.arange(count, device=cells.device, dtype=cells.dtype) for count in (rows, columns))
        grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), 2) - 0.5
        centres = (cells[..., :2] * 2 + grid) * stride_px
        sizes = (cells[..., 2:4] * 2) ** 2 * (anchors * stride_px).view(1, ANCHORS_PER_CELL, 1, 1, 2)
        return torch.cat((centres, sizes, cells[..., 4:]), 4).view(batch, -1, self.rows)


class YoloV5(nn.Module):
    """The whole network; input (N, 3, H, W) RGB in 0..1 with H and W multiples of 32, output as of `Detect`."""

    def __init__(self, scale: Scale, classes: int = 80) -> None:
        super().__init__()
        c1, c2, c3, c4, c5 = (math.ceil(channels * scale.width / 8) * 8 for channels in (64, 128, 256, 512, 1024))
        n3, n6, n9 = (max(round(repeats * scale.depth), 1) for repeats in (3, 6, 9))
        # the numbers are the places in the state dict; the neck joins 11 with 6, 15 with 4, 18 with 14, 21 with 10
        self.model = nn.Sequential(
            Conv(3, c1, 6, 2, 2),  # 0
            Conv(c1, c2, 3, 2),  # 1
            C3(c2, c2, n3),  # 2
            Conv(c2, c3, 3, 2),  # 3
            C3(c3, c3, n6),  # 4: stride 8
            Conv(c3, c4, 3, 2),  # 5
            C3(c4, c4, n9),  # 6: stride 16
            Conv(c4, c5, 3, 2),  # 7
            C3(c5, c5, n3),  # 8
            SPPF(c5, c5),  # 9
            Conv(c5, c4),  # 10
            nn.Upsample(scale_factor=2.0, mode="nearest"),  # 11
            Concat(),  # 12
            C3(2 * c4, c4, n3, shortcut=False),  # 13
            Conv(c4, c3),  # 14
            nn.Upsample(scale_factor=2.0, mode="nearest"),  # 15
            Concat(),  # 16
            C3(2 * c3, c3, n3, shortcut=False),  # 17: stride 8 out
            Conv(c3, c3, 3, 2),  # 18
            Concat(),  # 19
            C3(2 * c3, c4, n3, shortcut=False),  # 20: stride 16 out
            Conv(c4, c4, 3, 2),  # 21
            Concat(),  # 22
            C3(2 * c4, c5, n3, shortcut=False),  # 23: stride 32 out
            Detect(classes, (c3, c4, c5)),  # 24
        )

    def forward(self, x: Tensor) -> Tensor:
        layers = self.model
        stride8 = layers[:5](x)
        stride16 = layers[5:7](stride8)
        top = layers[7:11](stride16)
        middle = layers[13:15](layers[12]((layers[11](top), stride16)))
        out8 = layers[17](layers[16]((layers[15](middle), stride8)))
        out16 = layers[20](layers[19]((layers[18](out8), middle)))
        out32 = layers[23](layers[22]((layers[21](out16), top)))
        return cast(Tensor, layers[24]((out8, out16, out32)))

    @property
    def head(self) -> Detect:
        return cast(Detect, self.model[24])

    @property
    def classes(self) -> int:
        return self.head.rows - BOX_AND_OBJECTNESS

    def fuse(self) -> YoloV5:
        """Fold every batch norm; returns itself in evaluation mode."""
        for module in self.modules():
            if isinstance(module, Conv):
                module.fuse()
        return self.eval()

    def keep_classes(self, classes: Sequence[int]) -> None:
        """Leave out all other classes from the heads, so that they cost nothing."""
        head = self.head
        kept = [*range(BOX_AND_OBJECTNESS), *(BOX_AND_OBJECTNESS + index for index in classes)]
        rows = [anchor * head.rows + row for anchor in range(ANCHORS_PER_CELL) for row in kept]
        for index, old in enumerate(cast(Sequence[nn.Conv2d], head.m)):
            new = nn.Conv2d(old.in_channels, len(rows), 1)
            new.load_state_dict({name: tensor[rows] for name, tensor in old.state_dict().items()})
            head.m[index] = new
        head.rows = len(kept)


def network_from(checkpoint: Checkpoint) -> YoloV5:
    """The network of a checkpoint, batch norms folded, float32, ready for inference.

    The tensors' shapes tell its scale. CheckpointError names the first that is missing, misshapen or too many.
    """
    tensors = checkpoint.tensors
    scale = _scale_of(tensors)
    rows, odd = divmod(_length(tensors, "model.24.m.0.bias"), ANCHORS_PER_CELL)
    if odd or rows <= BOX_AND_OBJECTNESS:
        raise CheckpointError(f"the heads of the checkpoint give {rows} numbers a box, expected 5 + classes")
    with torch.device("meta"):  # the weights follow at once: nothing is drawn at random, nothing allocated twice
        network = YoloV5(scale, classes=rows - BOX_AND_OBJECTNESS)
    expected = network.state_dict()
    for name, tensor in expected.items():
        if _shape(tensors, name) != tuple(tensor.shape):
            raise CheckpointError(f"tensor {name} is {_shape(tensors, name)}, expected {tuple(tensor.shape)}")
    unknown = sorted(set(tensors) - set(expected) - {"model.24.anchor_grid"})  # v6.0 keeps that one too
    if unknown:
        raise CheckpointError(f"tensor {unknown[0]} has no place in a YOLOv5 v6/v7 network")
    network.load_state_dict({name: _float32(tensors[name]) for name in expected}, assign=True)
    return network.requires_grad_(False).fuse()


def _scale_of(tensors: Mapping[str, NDArray[Any]]) -> Scale:
    width = _length(tensors, "model.0.conv.weight") / 64
    repeats = len({name.split(".")[3] for name in tensors if name.startswith("model.6.m.")})
    for scale in SCALES.values():
        if scale.width == width and max(round(9 * scale.depth), 1) == repeats:
            return scale
    raise CheckpointError(
        f"no YOLOv5 size has width {width:g} with {repeats} bottlenecks in layer 6; known: n, s, m, l, x"
    )


def _length(tensors: Mapping[str, NDArray[Any]], name: str) -> int:
    shape = _shape(tensors, name)
    if not shape:
        raise CheckpointError(f"tensor {name} has no dimension")
    return shape[0]


def _shape(tensors: Mapping[str, NDArray[Any]], name: str) -> tuple[int, ...]:
    if name not in tensors:
        raise CheckpointError(f"tensor {name} is missing: this is not a YOLOv5 v6/v7 network of size n, s, m, l or x")
    return tensors[name].shape


def _float32(array: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.array(array, np.float32 if array.dtype.kind == "f" else array.dtype))
