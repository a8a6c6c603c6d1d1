"""Reads an official YOLOv5 .pt file as data. No class it names is imported and no code in it runs.

The file is a zip of `NAME/data.pkl`, a pickle of the whole network object, and one raw little-endian storage per
tensor, `NAME/data/KEY`. The pickle is first scanned: only the few opcodes that such a file needs may occur. Then it is
loaded with classes of torch.nn, `models.*` and `utils.*` replaced by `_Record`, which merely keeps its state, and
tensors rebuilt as numpy arrays whose bounds were checked against their storage. Every other name is refused.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_PICKLE_BYTES = 16 * 2**20
MAX_PARTS = 20_000  # modules and tensors; yolov5x has about 2000

_OPCODES = frozenset(
    """PROTO GLOBAL BINPUT LONG_BINPUT BINGET LONG_BINGET EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 MARK EMPTY_DICT SETITEM
    SETITEMS EMPTY_LIST APPEND APPENDS REDUCE NEWOBJ BUILD BINPERSID BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE
    NONE NEWTRUE NEWFALSE STOP""".split()  # noqa: SIM905 -- a list of 33 literals says no more
)
_DTYPES = {
    "HalfStorage": "<f2",
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
_INERT_PREFIXES = ("models.", "utils.", "torch.nn.modules.")
_REFUSED_BY_PICKLE = (
    pickle.UnpicklingError, AttributeError, EOFError, IndexError, KeyError, MemoryError, OverflowError,
    RuntimeError, TypeError, ValueError,
)  # fmt: skip


class CheckpointError(ValueError):
    """The file is not a YOLOv5 checkpoint that can be read safely; the text says what is wrong with it."""


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds.

    tensors: state-dict name ("model.0.conv.weight") to array, in the number type of the file.
    class_names: the names of the classes in order; empty where the file does not say.
    """

    tensors: Mapping[str, NDArray[Any]]
    class_names: tuple[str, ...]


def person_class(checkpoint: Checkpoint) -> int:
    """Index of the class "person"; CheckpointError where the network knows no such class."""
    if "person" not in checkpoint.class_names:
        known = ", ".join(checkpoint.class_names[:5]) or "none"
        raise CheckpointError(f'the checkpoint knows no class "person"; its first classes: {known}')
    return checkpoint.class_names.index("person")


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a YOLOv5 .pt file; CheckpointError with a sentence for anything that is not exactly that."""
    try:
        with zipfile.ZipFile(path) as archive:
            root = _load(archive, path)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} does not exist") from error
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise CheckpointError(f"{path} is not a whole PyTorch checkpoint (a zip file): {error}") from error
    network = _network_of(root, path)
    tensors = dict(_named_tensors(network, path))
    if not tensors:
        raise CheckpointError(f"{path} holds a network without tensors")
    return Checkpoint(tensors, _class_names(network))


class _Record:
    """Stands for an object of a class that is not imported: keeps its state and can do nothing."""

    __slots__ = ("state",)

    def __init__(self, *_arguments: object) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, dict):
            raise pickle.UnpicklingError(f"the state of an object is {type(state).__name__}, not a dict")
        self.state = state


class _StandIn:
    """Base of what replaces a global name; refuses to be given a state, so that no file can alter it."""

    __slots__ = ()

    def __setstate__(self, _state: object) -> None:
        raise pickle.UnpicklingError(f"it tries to alter {type(self).__name__.strip('_')}")


class _StorageType(_StandIn):
    """Stands for torch.HalfStorage and its like: only a number type."""

    __slots__ = ("dtype",)

    def __init__(self, dtype: str) -> None:
        self.dtype = np.dtype(dtype)


class _RebuildTensor(_StandIn):
    """Stands for torch._utils._rebuild_tensor_v2."""

    __slots__ = ()

    def __call__(
        self, storage: object, offset: int, size: tuple[int, ...], strides: tuple[int, ...], *_: object
    ) -> Any:
        if not isinstance(storage, np.ndarray) or len(size) != len(strides):
            raise pickle.UnpicklingError("a tensor without a storage")
        count, last = 1, offset
        for length, stride in zip(size, strides, strict=True):
            count *= length
            last += max(length - 1, 0) * stride
        if min((offset, *size, *strides)) < 0 or count > storage.size or (count and last >= storage.size):
            raise pickle.UnpicklingError(f"a tensor of shape {size} does not fit its storage of {storage.size} numbers")
        strides_bytes = tuple(stride * storage.itemsize for stride in strides)
        return np.lib.stride_tricks.as_strided(
            storage[offset : offset + max(last - offset + 1, 0)], size, strides_bytes
        )


class _RebuildParameter(_StandIn):
    """Stands for torch._utils._rebuild_parameter: a parameter is its tensor."""

    __slots__ = ()

    def __call__(self, tensor: object, *_: object) -> object:
        return tensor


class _NewSet(_StandIn):
    """Stands for set: only ever lists names that are not needed here."""

    __slots__ = ()

    def __call__(self, members: object = ()) -> tuple[object, ...]:
        return tuple(members) if isinstance(members, list | tuple) else ()


class _NewOrderedDict(_StandIn):
    """Stands for collections.OrderedDict: an empty dict, filled by the pickle."""

    __slots__ = ()

    def __call__(self, *_: object) -> dict[str, Any]:
        return {}


_ALLOWED: Mapping[tuple[str, str], object] = {
    ("torch._utils", "_rebuild_tensor_v2"): _RebuildTensor(),
    ("torch._utils", "_rebuild_parameter"): _RebuildParameter(),
    ("collections", "OrderedDict"): _NewOrderedDict(),
    ("__builtin__", "set"): _NewSet(),
    ("builtins", "set"): _NewSet(),
    ("torch", "Size"): _NewSet(),
    **{("torch", name): _StorageType(dtype) for name, dtype in _DTYPES.items()},
}


class _TensorsOnly(pickle.Unpickler):
    """Finds none but the stand-ins above."""

    def __init__(self, file: io.BytesIO, archive: zipfile.ZipFile, prefix: str) -> None:
        super().__init__(file)
        self._archive = archive
        self._prefix = prefix

    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) in _ALLOWED:
            return _ALLOWED[module_name, global_name]
        if module_name.startswith(_INERT_PREFIXES):
            return _Record
        raise pickle.UnpicklingError(f"it names {module_name}.{global_name}, which no YOLOv5 network needs")

    def persistent_load(self, persistent_id: Any) -> NDArray[Any]:
        """The storage of a tensor as a flat array; its zip entry must be stored plainly and be of the exact size."""
        match persistent_id:
            case ("storage", _StorageType(dtype=dtype), str(key), str(), int(count)):
                entry = self._archive.getinfo(f"{self._prefix}/data/{key}")
            case _:
                raise pickle.UnpicklingError(
                    f"it refers to something that is not a tensor storage: {persistent_id!r:.80}"
                )
        _check_stored(entry, count * dtype.itemsize)
        return np.frombuffer(self._archive.read(entry), dtype)


def _load(archive: zipfile.ZipFile, path: Path) -> object:
    pickles = [entry for entry in archive.infolist() if entry.filename.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise CheckpointError(f"{path} is a zip file but not a PyTorch checkpoint: it has no single data.pkl")
    try:
        _check_stored(pickles[0], min(pickles[0].file_size, MAX_PICKLE_BYTES))
        # entries may overlap in a forged archive; together they may not claim more than the file has
        if sum(entry.file_size for entry in archive.infolist()) > path.stat().st_size:
            raise pickle.UnpicklingError("its entries claim more bytes than the file has")
        data = archive.read(pickles[0])
        _scan(data)
        return _TensorsOnly(io.BytesIO(data), archive, pickles[0].filename.removesuffix("/data.pkl")).load()
    except _REFUSED_BY_PICKLE as error:
        raise CheckpointError(f"{path} was refused unread: {error}") from error


def _check_stored(entry: zipfile.ZipInfo, expected_bytes: int) -> None:
    if entry.compress_type != zipfile.ZIP_STORED or not entry.file_size == entry.compress_size == expected_bytes:
        raise pickle.UnpicklingError(
            f"entry {entry.filename} has {entry.file_size} bytes ({entry.compress_size} packed), "
            f"expected {expected_bytes} unpacked"
        )


def _scan(data: bytes) -> None:
    """Refuse opcodes that no checkpoint needs, and memo indices that would make the unpickler reserve gigabytes."""
    for opcode, argument, position in pickletools.genops(data):
        if opcode.name not in _OPCODES:
            raise pickle.UnpicklingError(f"opcode {opcode.name} at byte {position} is not one a checkpoint needs")
        if opcode.name in {"BINPUT", "LONG_BINPUT"} and isinstance(argument, int) and argument > len(data):
            raise pickle.UnpicklingError(f"memo index {argument} at byte {position} is absurd")


def _network_of(root: object, path: Path) -> _Record:
    """The averaged weights where the file has both, as the official loader prefers them."""
    if isinstance(root, dict):
        for key in ("ema", "model"):
            if isinstance(root.get(key), _Record):
                network: _Record = root[key]
                return network
    raise CheckpointError(f"{path} holds no network under 'model': it is not a YOLOv5 checkpoint")


def _named_tensors(network: _Record, path: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    """Walk the module tree; names are those of the official state dict."""
    waiting: list[tuple[str, _Record]] = [("", network)]
    parts = 0
    while waiting:
        prefix, module = waiting.pop()
        for kind in ("_parameters", "_buffers", "_modules"):
            for name, part in _items(module.state.get(kind)):
                # a forged tree may contain itself
                parts += 1
                if parts > MAX_PARTS:
                    raise CheckpointError(f"{path} has more than {MAX_PARTS} modules: it is not a YOLOv5 checkpoint")
                if isinstance(part, _Record):
                    waiting.append((f"{prefix}{name}.", part))
                elif isinstance(part, np.ndarray):
                    yield f"{prefix}{name}", part


def _items(value: object) -> Iterable[tuple[object, object]]:
    return value.items() if isinstance(value, dict) else ()


def _class_names(network: _Record) -> tuple[str, ...]:
    names = network.state.get("names")
    if isinstance(names, dict):
        names = [names[key] for key in sorted(names)] if all(isinstance(key, int) for key in names) else []
    return tuple(str(name) for name in names) if isinstance(names, list | tuple) else ()
