"""Writes checkpoints in the layout of the official release, from random weights, and forged ones."""

from __future__ import annotations

import io
import pickle
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import torch
from torch import nn

from yolov5 import network as ours
from yolov5.network import SCALES, YoloV5

OFFICIAL_CLASSES = {
    YoloV5: ("models.yolo", "Model"),
    ours.Detect: ("models.yolo", "Detect"),
    ours.Conv: ("models.common", "Conv"),
    ours.Bottleneck: ("models.common", "Bottleneck"),
    ours.C3: ("models.common", "C3"),
    ours.SPPF: ("models.common", "SPPF"),
    ours.Concat: ("models.common", "Concat"),
}


def random_network(size: str, classes: int = 3, seed: int = 0) -> YoloV5:
    """A network whose norms and anchors are no round numbers, so that a mistake in any of them shows."""
    torch.manual_seed(seed)
    network = YoloV5(SCALES[size], classes)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
    nn.init.uniform_(network.head.anchors, 1.0, 8.0)
    return network.eval()


def write_official(path: Path, network: YoloV5, names: Sequence[str]) -> None:
    """Save a network as the official trainer does: the whole object, in half precision. The network is used up."""
    with _official_names():
        for module in list(network.modules()):
            module.__class__ = _stand_in(type(module))
        network.names = list(names)  # type: ignore[assignment]
        torch.save({"epoch": -1, "best_fitness": None, "model": network.half(), "ema": None, "date": "today"}, path)


def write_forged(path: Path, pickled: bytes, storages: dict[str, bytes] | None = None) -> None:
    """A checkpoint with any pickle and any storages."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", pickled)
        for key, data in (storages or {}).items():
            archive.writestr(f"archive/data/{key}", data)


class StorageReference:
    """Pickles as PyTorch's reference to a storage."""

    def __init__(self, kind: str, key: str, count: object) -> None:
        self.id = ("storage", _Global("torch", kind), key, "cpu", count)


class _Global:
    """Pickles as the name of something that need not exist here."""

    def __init__(self, module_name: str, name: str) -> None:
        self.module_name = module_name
        self.name = name


class ForgedTensor:
    """Pickles as a call of torch._utils._rebuild_tensor_v2."""

    def __init__(self, storage: StorageReference, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> None:
        self.arguments = (storage, offset, size, stride, False, None)


class ForgedModule:
    """Pickles as an object of models.yolo.Model with these parameters."""

    def __init__(self, parameters: dict[str, object], modules: dict[str, object] | None = None) -> None:
        self.state = {"_parameters": parameters, "_modules": {} if modules is None else modules}


class _Forger(pickle._Pickler):  # the Python one: its save can be steered
    def persistent_id(self, obj: object) -> object:
        return obj.id if isinstance(obj, StorageReference) else None

    def save(self, obj: object, save_persistent_id: bool = True) -> None:
        if isinstance(obj, _Global):
            self.write(b"c" + f"{obj.module_name}\n{obj.name}\n".encode())  # type: ignore[attr-defined]
        elif isinstance(obj, ForgedTensor):
            self.save(_Global("torch._utils", "_rebuild_tensor_v2"))
            self.save(obj.arguments)
            self.write(pickle.REDUCE)  # type: ignore[attr-defined]
        elif isinstance(obj, ForgedModule):
            self.save(_Global("models.yolo", "Model"))
            self.write(pickle.EMPTY_TUPLE + pickle.NEWOBJ)  # type: ignore[attr-defined]
            self.save(obj.state)
            self.write(pickle.BUILD)  # type: ignore[attr-defined]
        else:
            super().save(obj, save_persistent_id)  # type: ignore[misc]


def forged_pickle(root: object) -> bytes:
    """Protocol 2, as torch.save writes it."""
    file = io.BytesIO()
    _Forger(file, protocol=2).dump(root)
    return file.getvalue()


_stand_ins: dict[type[nn.Module], type[nn.Module]] = {}


def _stand_in(cls: type[nn.Module]) -> type[nn.Module]:
    if cls not in OFFICIAL_CLASSES:
        return cls
    module_name, name = OFFICIAL_CLASSES[cls]
    if cls not in _stand_ins:
        _stand_ins[cls] = type(name, (cls,), {"__module__": module_name})
    setattr(sys.modules[module_name], name, _stand_ins[cls])
    return _stand_ins[cls]


@contextmanager
def _official_names() -> Iterator[None]:
    """The official module names exist while a file is written; nothing that reads it may rely on them."""
    names = ("models", "models.yolo", "models.common")
    for name in names:
        sys.modules[name] = ModuleType(name)
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
