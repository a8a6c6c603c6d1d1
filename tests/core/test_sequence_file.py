"""Stored sequences: whatever an array claims of itself is held against what is there, before memory is taken."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from webapp.core import sequence_file
from webapp.core.errors import InvalidInputError
from webapp.core.records import PoseSequence
from webapp.core.skeleton import COCO_17, Skeleton

SEQUENCE = PoseSequence(COCO_17, np.arange(3) / 30, np.full((3, 17, 2), 0.5, np.float32), np.ones((3, 17), np.float32))


def with_header(name: str, header: bytes, data: bytes = bytes(8)) -> bytes:
    """A stored sequence in which one array has this header and data."""
    replaced = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(sequence_file.to_bytes(SEQUENCE))) as whole,
        zipfile.ZipFile(buffer, "w") as forged,
    ):
        for entry in whole.namelist():
            forged.writestr(entry, replaced if entry == f"{name}.npy" else whole.read(entry))
    return buffer.getvalue()


def described(shape: str, dtype: str = "<f8") -> bytes:
    return f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()


def test_what_is_written_is_read_the_same() -> None:
    read = sequence_file.from_bytes(sequence_file.to_bytes(SEQUENCE))

    np.testing.assert_array_equal(read.keypoints, SEQUENCE.keypoints)
    np.testing.assert_array_equal(read.times_s, SEQUENCE.times_s)


def test_a_skeleton_of_the_users_own_is_stored_with_its_names_and_edges() -> None:
    rod = Skeleton("rod", ("top", "end"), (("top", "end"),))
    sequence = PoseSequence(rod, np.arange(3) / 30, np.zeros((3, 2, 2), np.float32), np.ones((3, 2), np.float32))

    assert sequence_file.from_bytes(sequence_file.to_bytes(sequence)).skeleton == rod


def test_a_ready_made_skeleton_is_read_as_the_very_object() -> None:
    assert sequence_file.from_bytes(sequence_file.to_bytes(SEQUENCE)).skeleton is COCO_17


@pytest.mark.parametrize("text", ["octopus_8", "{", '{"name": "coco_17"}', '{"a":' * 50_000, "[]"])
def test_a_stored_skeleton_that_is_none_is_refused(text: str) -> None:
    buffer = io.BytesIO()
    with np.load(io.BytesIO(sequence_file.to_bytes(SEQUENCE))) as arrays:
        np.savez(buffer, **{**arrays, "skeleton": np.str_(text)})

    with pytest.raises(InvalidInputError, match="skeleton"):
        sequence_file.from_bytes(buffer.getvalue())


@pytest.mark.parametrize("name", ["schema", "times_s", "keypoints"])
@pytest.mark.parametrize(
    ("shape", "dtype"),
    [("(100000000000000,)", "<f8"), ("(10000000, 10000000)", "|i1"), ("(100000000000000,)", "|V0"), ("(2,)", "<f8")],
)
def test_an_array_that_says_it_is_larger_than_its_entry_is_refused(name: str, shape: str, dtype: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"{name}\.npy says it has \d+ bytes and holds \d+"):
        sequence_file.from_bytes(with_header(name, described(shape, dtype), data=b""))


@pytest.mark.parametrize("header", [b"-" * 5000 + b"1", b"~" * 9000 + b"1", b"[" * 3000, b"", b"{'shape': 1}"])
def test_a_header_that_cannot_be_read_is_refused(header: bytes) -> None:
    with pytest.raises(InvalidInputError):
        sequence_file.from_bytes(with_header("keypoints", header))


@pytest.mark.parametrize(
    ("times_s", "said"),
    [
        (np.array([0.0, 1e9]), "runs from 0 to 1e\\+09 s, at most 600 s"),
        (np.array([0.0, np.inf]), "runs from 0 to inf s"),
        (np.float64(0.0), r"times_s of the pose sequence must be \(T,\), got \(\)"),
    ],
)
def test_times_that_mean_years_or_nothing_are_refused(times_s: np.ndarray, said: str) -> None:
    buffer = io.BytesIO()
    np.savez(
        buffer,
        schema=np.int64(sequence_file.SCHEMA),
        skeleton=np.str_(COCO_17.name),
        times_s=times_s,
        keypoints=np.zeros((2, 17, 2), np.float32),
        scores=np.zeros((2, 17), np.float32),
    )
    with pytest.raises(InvalidInputError, match=said):
        sequence_file.from_bytes(buffer.getvalue())
