"""A checkpoint is data: nothing in it runs, and what is not a checkpoint is refused with a sentence."""

from __future__ import annotations

import builtins
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.yolov5.checkpoints import (
    ForgedModule,
    ForgedTensor,
    StorageReference,
    forged_pickle,
    random_network,
    write_forged,
)
from yolov5.checkpoint import CheckpointError, read_checkpoint

FOUR_FLOATS = np.arange(4, dtype="<f4").tobytes()


class Trick:
    """Pickles as a call."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


def forged(tmp_path: Path, root: object, storages: dict[str, bytes] | None = None) -> Path:
    path = tmp_path / "forged.pt"
    write_forged(path, forged_pickle(root), storages)
    return path


def model_with(tensor: object) -> dict[str, object]:
    return {"model": ForgedModule({"weight": tensor})}


def test_every_tensor_and_name_of_an_official_layout_is_read(nano_checkpoint: Path) -> None:
    expected = random_network("n").half().state_dict()

    checkpoint = read_checkpoint(nano_checkpoint)

    assert checkpoint.class_names == ("person", "dog", "ball")
    assert set(checkpoint.tensors) == set(expected)
    for name, tensor in expected.items():
        np.testing.assert_array_equal(checkpoint.tensors[name], tensor.numpy())


def test_a_view_into_a_storage_is_read_with_its_offset_and_strides(tmp_path: Path) -> None:
    transposed = ForgedTensor(StorageReference("FloatStorage", "0", 4), 0, (2, 2), (1, 2))

    checkpoint = read_checkpoint(forged(tmp_path, model_with(transposed), {"0": FOUR_FLOATS}))

    np.testing.assert_array_equal(checkpoint.tensors["weight"], [[0, 2], [1, 3]])


def test_reading_imports_no_class_the_file_names(nano_checkpoint: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from yolov5.checkpoint import read_checkpoint;"
        f"read_checkpoint(Path({str(nano_checkpoint)!r}));"
        "assert not {'torch', 'models', 'models.yolo'} & set(sys.modules), 'imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "trick",
    [
        lambda marker: Trick(os.system, f"touch {marker}"),
        lambda marker: Trick(eval, f"open({str(marker)!r}, 'w')"),
        lambda marker: Trick(exec, f"open({str(marker)!r}, 'w')"),
        lambda marker: Trick(open, str(marker), "w"),
        lambda marker: Trick(subprocess.check_output, ["touch", str(marker)]),
        lambda marker: Trick(getattr, Trick(__import__, str(marker)), "system"),
        lambda marker: Trick(torch.load, str(marker)),
        lambda marker: Trick(torch.hub.load, str(marker), "custom"),
        lambda marker: Trick(pickle.loads, pickle.dumps(Trick(os.system, f"touch {marker}"))),
    ],
    ids=["os.system", "eval", "exec", "open", "subprocess", "getattr", "torch.load", "torch.hub", "pickle.loads"],
)
def test_a_checkpoint_that_tries_to_run_something_is_refused(
    tmp_path: Path, trick: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "ran"
    path = forged(tmp_path, model_with(trick(marker)))
    for module, name in ((os, "system"), (builtins, "eval"), (torch, "load"), (torch.hub, "load")):
        monkeypatch.setattr(module, name, lambda *_: marker.touch())

    with pytest.raises(CheckpointError, match="refused unread"):
        read_checkpoint(path)

    assert not marker.exists()


def test_a_trick_hidden_behind_an_allowed_prefix_stays_a_record(tmp_path: Path) -> None:
    # a real module of that prefix would be importable; calling its name must only make a record
    call = b"\x80\x02cmodels.yolo\nos.system\nX\x04\x00\x00\x00true\x85R."
    path = tmp_path / "prefix.pt"
    write_forged(path, call)

    with pytest.raises(CheckpointError, match="holds no network"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("pickled", "reason"),
    [
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "opcode SHORT_BINUNICODE"),
        (b"\x80\x02(S'true'\nios\nsystem\n.", "opcode STRING"),
        (b"\x80\x02]r\xff\xff\xff\x7f.", "memo index"),
        (b"\x80\x02ctorch\nHalfStorage\n}X\x05\x00\x00\x00dtypeX\x01\x00\x00\x00xs\x86b.", "tries to alter|refused"),
        (
            b"\x80\x02ctorch\nHalfStorage\nN}X\x05\x00\x00\x00dtypeX\x01\x00\x00\x00xs\x86b.",
            "tries to alter StorageType",
        ),
        (b"\x80\x02cmodels.yolo\nModel\n}b.", "refused unread"),
        (b"\x80\x02cmodels.yolo\nModel\n)\x81K\x01b.", "state of an object is int"),
        (b"\x80\x02", "refused unread"),
        (b"", "refused unread"),
        (b"\x80\x02h\x07.", "refused unread"),
    ],
    ids=[
        "protocol-4",
        "inst",
        "memo-bomb",
        "alter-dict",
        "alter-slot",
        "alter-class",
        "odd-state",
        "cut",
        "empty",
        "get",
    ],
)
def test_a_pickle_that_no_trainer_writes_is_refused(tmp_path: Path, pickled: bytes, reason: str) -> None:
    path = tmp_path / "odd.pt"
    write_forged(path, pickled)

    with pytest.raises(CheckpointError, match=reason):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("offset", "size", "stride"),
    [
        (0, (5,), (1,)),
        (1, (4,), (1,)),
        (0, (2, 2), (4, 1)),
        (-1, (2,), (1,)),
        (0, (2,), (-1,)),
        (0, (-2,), (1,)),
        (0, (2**40,), (0,)),
        (0, (2**31, 2**31, 2**31), (0, 0, 0)),
        (0, (2, 2), (1,)),
    ],
)
def test_a_tensor_beyond_its_storage_is_refused(
    tmp_path: Path, offset: int, size: tuple[int, ...], stride: tuple[int, ...]
) -> None:
    tensor = ForgedTensor(StorageReference("FloatStorage", "0", 4), offset, size, stride)
    path = forged(tmp_path, model_with(tensor), {"0": FOUR_FLOATS})

    with pytest.raises(CheckpointError, match=r"does not fit its storage|without a storage"):
        read_checkpoint(path)


@pytest.mark.parametrize("count", [3, 5, 2**60, -1, "4", None])
def test_a_storage_of_another_size_than_claimed_is_refused(tmp_path: Path, count: object) -> None:
    tensor = ForgedTensor(StorageReference("FloatStorage", "0", count), 0, (4,), (1,))
    path = forged(tmp_path, model_with(tensor), {"0": FOUR_FLOATS})

    with pytest.raises(CheckpointError, match=r"expected|not a tensor storage"):
        read_checkpoint(path)


def test_a_zip_bomb_is_refused_unpacked(tmp_path: Path) -> None:
    count = 64 * 2**20
    tensor = ForgedTensor(StorageReference("FloatStorage", "0", count), 0, (count,), (1,))
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", forged_pickle(model_with(tensor)), zipfile.ZIP_STORED)
        with archive.open("archive/data/0", "w") as entry:
            for _ in range(64):
                entry.write(bytes(4 * 2**20))

    with pytest.raises(CheckpointError, match="claim more bytes than the file has"):
        read_checkpoint(path)


def test_a_packed_storage_is_refused(tmp_path: Path) -> None:
    tensor = ForgedTensor(StorageReference("FloatStorage", "0", 64), 0, (64,), (1,))
    path = tmp_path / "packed.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", forged_pickle(model_with(tensor)))
        archive.writestr("archive/data/0", bytes(256), zipfile.ZIP_DEFLATED)
        archive.writestr("archive/version", "3" * 200)  # so that the sum of all sizes is not what gives it away

    with pytest.raises(CheckpointError, match="entry archive/data/0 has 256 bytes"):
        read_checkpoint(path)


def test_a_network_that_contains_itself_is_refused(tmp_path: Path) -> None:
    looped = (  # _modules = {"a": the module itself}, by the memo
        b"\x80\x02}X\x05\x00\x00\x00modelcmodels.yolo\nModel\n)\x81q\x01}X\x08\x00\x00\x00_modules"
        b"}X\x01\x00\x00\x00ah\x01ssbs."
    )
    path = tmp_path / "loop.pt"
    write_forged(path, looped)

    with pytest.raises(CheckpointError, match="more than 20000 modules"):
        read_checkpoint(path)


def test_a_truncated_file_is_refused(tmp_path: Path, nano_checkpoint: Path) -> None:
    whole = nano_checkpoint.read_bytes()
    path = tmp_path / "cut.pt"
    for kept in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:kept])
        with pytest.raises(CheckpointError, match="not a whole PyTorch checkpoint"):
            read_checkpoint(path)


def test_a_flipped_bit_in_a_storage_is_noticed(tmp_path: Path, nano_checkpoint: Path) -> None:
    data = bytearray(nano_checkpoint.read_bytes())
    data[len(data) // 2] ^= 1
    path = tmp_path / "flipped.pt"
    path.write_bytes(data)

    with pytest.raises(CheckpointError):
        read_checkpoint(path)


def test_what_is_no_checkpoint_at_all_is_named(tmp_path: Path) -> None:
    text = tmp_path / "text.pt"
    text.write_text("<html>Not found</html>")
    archive = tmp_path / "other.pt"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("readme.txt", "hello")

    with pytest.raises(CheckpointError, match="not a whole PyTorch checkpoint"):
        read_checkpoint(text)
    with pytest.raises(CheckpointError, match=r"no single data\.pkl"):
        read_checkpoint(archive)
    with pytest.raises(CheckpointError, match="does not exist"):
        read_checkpoint(tmp_path / "absent.pt")
    with pytest.raises(CheckpointError, match="holds no network"):
        read_checkpoint(forged(tmp_path, {"epoch": 3}))
    with pytest.raises(CheckpointError, match="without tensors"):
        read_checkpoint(forged(tmp_path, {"model": ForgedModule({})}))
