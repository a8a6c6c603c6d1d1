"""The training archive: what is in it, that it comes back equal, and what is refused."""

from __future__ import annotations

import io
import pickle
import tracemalloc
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.datasets.formats.drawn_records import SKELETONS, labels
from tests.datasets.formats.memory_files import MemoryFiles, MemoryWriter, read_all
from webapp.core.errors import InvalidInputError
from webapp.core.records import Box
from webapp.core.skeleton import UPPER_BODY_6, Skeleton
from webapp.datasets.crops import crop_square, cut_out_grey, to_crop
from webapp.datasets.formats import npz
from webapp.datasets.formats.known import recognised
from webapp.datasets.formats.npz import whole_crop
from webapp.datasets.formats.npz_writing import square_of
from webapp.datasets.records import ABSENT, Label, LabelledPerson, LabelledPicture

Arrays = dict[str, NDArray[Any]]


def exported(pictures: Iterator[LabelledPicture] | list[LabelledPicture], skeleton: Skeleton, side_px: int) -> bytes:
    writer = MemoryWriter()
    npz.write(pictures, skeleton, writer, side_px)
    return writer.contents["dataset.npz"]


def arrays_of(data: bytes) -> Arrays:
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def valid(side_px: int = 16, count: int = 3) -> Arrays:
    chance = np.random.default_rng(1)
    return {
        "images": chance.integers(0, 256, (count, side_px, side_px, 1)).astype("f4") / np.float32(255),
        "keypoints": chance.random((count, 6, 2), np.float32),
        "visibility": np.full((count, 6), 2, np.uint8),
        "names": np.array(UPPER_BODY_6.keypoints),
        "edges": np.array(UPPER_BODY_6.edge_indices, "i4"),
        "flip": np.array(UPPER_BODY_6.flip_indices, "i4"),
        "split": np.array(["train", "", "test"][:count]),
        "person": np.array(["Anna", "", "Ben"][:count]),
        "file_name": np.array([f"{number}.png" for number in range(count)]),
        "state": np.array(["reviewed", "proposed", "excluded"][:count]),
        "session": np.array(["monday", "", "gym"][:count]),
        "source": np.array(["webcam", "", "video"][:count]),
        "schema_version": np.array(1),
    }


def saved(arrays: Arrays) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


@st.composite
def archives(draw: st.DrawFn) -> tuple[Skeleton, bytes]:
    skeleton = draw(st.sampled_from(SKELETONS))
    side_px, count = draw(st.sampled_from((8, 23, 100, 128))), draw(st.integers(0, 3))
    drawn: list[Label] = [draw(labels(skeleton, 1, 1)) for _ in range(count)]
    keypoints = np.array([np.nan_to_num(label.keypoints_px) for label in drawn], "f4")
    pixels = np.random.default_rng(draw(st.integers(0, 9))).integers(0, 256, (count, side_px, side_px, 1))
    arrays = {
        **valid(side_px, 0),
        "images": pixels.astype("f4") / np.float32(255),
        "keypoints": keypoints.reshape(count, len(skeleton.keypoints), 2),
        "visibility": np.array([label.visibility for label in drawn], "u1").reshape(count, len(skeleton.keypoints)),
        "names": np.array(skeleton.keypoints),
        "edges": np.array(skeleton.edge_indices, "i4"),
        "flip": np.array(skeleton.flip_indices, "i4"),
        "split": np.array(draw(st.lists(st.sampled_from(("", "train", "test")), min_size=count, max_size=count)), "U"),
        "person": np.array(["Änne", "", "B"][:count], "U"),
        "file_name": np.array([f"a/{number}.png" for number in range(count)], "U"),
        "state": np.array(["proposed", "reviewed", "excluded"][:count], "U"),
        "session": np.array(["", "Ägypten", "b"][:count], "U"),
        "source": np.array(["webcam", "", "coco"][:count], "U"),
    }
    return skeleton, saved(arrays)


@given(drawn=archives())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_archive_taken_in_and_exported_again_is_equal_in_every_array(drawn: tuple[Skeleton, bytes]) -> None:
    skeleton, data = drawn
    files = MemoryFiles({"data.npz": data})
    assert recognised(files) == "npz"
    back, findings = read_all(npz, {"data.npz": data}, skeleton)
    assert findings == []
    first = arrays_of(data)
    back = [replace(picture, file_name=f"images/{number}.png") for number, picture in enumerate(back)]
    again = arrays_of(exported(back, npz.skeleton_of(files), first["images"].shape[1]))
    assert first.keys() == again.keys()
    for key, array in first.items():
        np.testing.assert_array_equal(array, again[key], key)


def test_the_box_of_an_imported_crop_has_the_whole_picture_as_its_crop() -> None:
    for side_px in range(8, 1025):
        assert square_of(whole_crop(side_px)) == Box(0, 0, side_px, side_px)


def standing(pixels: NDArray[np.uint8]) -> LabelledPicture:
    keypoints = np.array([[60, 40], [90, 40], [50, 70], [100, 70], [np.nan, np.nan], [300, 90]], np.float32)
    visibility = np.array([2, 2, 1, 2, ABSENT, 2], np.uint8)
    person = LabelledPerson(Box(40, 20, 110, 140), Label(keypoints, visibility), person="Anna", split="validation")
    unlabelled = LabelledPerson(Box(10, 10, 50, 50), None, state="unlabelled")
    height_px, width_px = pixels.shape[:2]
    return LabelledPicture("images/a.jpg", width_px, height_px, (person, unlabelled), pixels=pixels)


def test_it_holds_the_crops_of_the_one_rule_and_keypoints_within_them() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (200, 320, 3)).astype(np.uint8)
    arrays = arrays_of(exported([standing(pixels)], UPPER_BODY_6, 64))
    square = crop_square(Box(40, 20, 110, 140))
    assert arrays["images"].shape == (1, 64, 64, 1)
    assert arrays["images"].dtype == np.float32
    np.testing.assert_array_equal(arrays["images"][0, ..., 0] * 255, cut_out_grey(pixels, square, 64))
    picture = standing(pixels)
    assert picture.people[0].label is not None
    expected = to_crop(picture.people[0].label.keypoints_px, square)
    np.testing.assert_array_equal(arrays["keypoints"][0, :4], expected[:4])
    assert arrays["keypoints"][0, 4:].tolist() == [[0, 0], [0, 0]]
    assert arrays["visibility"].tolist() == [[2, 2, 1, 2, 0, 0]], "what lies outside the crop is absent in it"
    assert (arrays["split"].tolist(), arrays["person"].tolist()) == (["validation"], ["Anna"])
    assert arrays["flip"].tolist() == [1, 0, 3, 2, 5, 4]


def test_writing_and_reading_take_the_same_memory_however_many_there_are() -> None:
    def peak_bytes(count: int) -> int:
        writer = MemoryWriter()
        tracemalloc.start()
        npz.write(
            (standing(np.full((200, 320, 3), number % 256, np.uint8)) for number in range(count)), UPPER_BODY_6, writer
        )
        for _ in npz.read(MemoryFiles({"a.npz": writer.contents["dataset.npz"]}), UPPER_BODY_6):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak - 3 * len(writer.contents["dataset.npz"])  # the test's own copies

    few, many = peak_bytes(40), peak_bytes(400)  # 400 crops are 26 MB as they stand in the archive
    assert many < few + 3_000_000


def test_an_archive_without_states_sessions_and_sources_is_taken_for_reviewed() -> None:
    arrays = {key: array for key, array in valid().items() if key not in {"state", "session", "source"}}
    pictures, findings = read_all(npz, {"a.npz": saved(arrays)}, UPPER_BODY_6)
    assert findings == []
    assert {(picture.people[0].state, picture.session, picture.source) for picture in pictures} == {
        ("reviewed", None, None)
    }


def changed(**arrays: NDArray[Any]) -> bytes:
    return saved({**valid(), **arrays})


def with_member(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(valid()))) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            new.writestr(entry, data if entry == name else old.read(entry))
    return file.getvalue()


def npy_header(shape: str, descr: str = "<f4") -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


class Opens:
    """A pickle that would run code."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, ("/tmp/must-not-be", "w"))


HOSTILE = {
    "doubles": (changed(images=np.zeros((3, 16, 16, 1))), "images must be"),
    "other counts": (changed(keypoints=np.zeros((2, 6, 2), "f4")), "keypoints must be"),
    "other keypoints": (changed(visibility=np.zeros((3, 7), "u1")), "visibility must be"),
    "colours": (changed(images=np.zeros((3, 16, 16, 3), "f4")), "images must be"),
    "not square": (changed(images=np.zeros((3, 16, 17, 1), "f4")), "images must be"),
    "huge sides": (changed(images=np.zeros((0, 4096, 4096, 1), "f4")), "read are up to"),
    "numbers for names": (changed(names=np.arange(6)), "names has the shape"),
    "a name twice": (changed(names=np.array(["a"] * 6)), "twice"),
    "other schema": (changed(schema_version=np.array(9)), "schema_version 9"),
    "huge declared": (with_member("images.npy", npy_header("(1000000000, 128, 128, 1)")), "declares"),
    "negative declared": (with_member("images.npy", npy_header("(-1, 16, 16, 1)")), "declares"),
    "overflowing declared": (with_member("images.npy", npy_header("(4294967296, 4294967296, 4, 1)")), "declares"),
    "code for a header": (with_member("images.npy", npy_header("__import__('os').getpid()")), "damaged"),
    "pickled objects": (
        with_member("person.npy", npy_header("(3,)", "|O") + pickle.dumps([Opens()] * 3)),
        "pickled objects",
    ),
    "no array": (with_member("split.npy", b""), "damaged"),
    "not characters": (
        with_member("person.npy", npy_header("(3,)", "<U1") + b"\xff\xff\xff\x7f" * 3),
        "are no characters",
    ),
    "cut off": (saved(valid())[:-200], "no .npz"),
    "text": (b"hello", "no .npz"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_no_training_archive_is_refused_with_a_sentence(case: str) -> None:
    data, reason = HOSTILE[case]
    with pytest.raises(InvalidInputError, match=reason) as caught:
        read_all(npz, {"bad.npz": data}, UPPER_BODY_6)
    assert "bad.npz" in str(caught.value) or "twice" in reason


def test_a_missing_array_is_named() -> None:
    arrays = valid()
    del arrays["visibility"]
    with pytest.raises(InvalidInputError, match="has no array 'visibility'"):
        read_all(npz, {"bad.npz": saved(arrays)}, UPPER_BODY_6)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"images": np.nan}, "images must be in 0..1"),
        ({"images": 1.5}, "images must be in 0..1"),
        ({"keypoints": np.nan}, "is not in the picture"),
        ({"keypoints": 1.2}, "is not in the picture"),
        ({"visibility": 3}, "visibility must be 0, 1 or 2"),
    ],
)
def test_a_sample_that_is_not_as_it_must_be_is_refused_and_the_rest_comes_in(
    change: dict[str, float], reason: str
) -> None:
    arrays = valid()
    for key, value in change.items():
        arrays[key][1] = value
    pictures, findings = read_all(npz, {"a.npz": saved(arrays)}, UPPER_BODY_6)
    assert [picture.file_name for picture in pictures] == ["0.png", "2.png"]
    assert [finding.file_name for finding in findings] == ["a.npz: sample 1"]
    assert reason in findings[0].reason


def test_greys_between_those_of_eight_bits_are_rounded_and_noted() -> None:
    arrays = valid()
    arrays["images"][0] = 0.3333
    pictures, findings = read_all(npz, {"a.npz": saved(arrays)}, UPPER_BODY_6)
    assert len(pictures) == 3
    assert [(finding.kind, "the greys of 1 sample were rounded" in finding.reason) for finding in findings] == [
        ("noted", True)
    ]


def test_a_bomb_takes_time_and_no_memory() -> None:
    bomb = with_member("images.npy", npy_header("(3, 16, 16, 1)") + bytes(50_000_000))
    tracemalloc.start()
    with pytest.raises(InvalidInputError, match="declares"):
        read_all(npz, {"a.npz": bomb}, UPPER_BODY_6)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000
