"""The archive comes back as it was written, its pictures from the disk alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.dataset_seeding import drawn_picture, proposal
from tests.training.data import labelled
from webapp.core.errors import InvalidInputError
from webapp.core.metrics import pck_sizes
from webapp.core.skeleton import COCO_17, UPPER_BODY_6
from webapp.datasets.crops import cut_out_grey
from webapp.datasets.formats.npz_writing import in_crop, square_of, write_into
from webapp.datasets.records import LabelledPerson, LabelledPicture
from webapp.training.archive import read_archive

SIDE_PX = 32
SPLITS = ("train", "train", "validation", "test", "train", "validation")


def pictures() -> Iterator[LabelledPicture]:
    for number, split in enumerate(SPLITS):
        drawn = drawn_picture(number)
        pixels = np.random.default_rng(number).integers(0, 256, (240, 320, 3)).astype(np.uint8)
        person = LabelledPerson(drawn.box, proposal(drawn, number), person="Anna" if number % 2 else None, split=split)
        yield LabelledPicture(f"sample-{number}", 320, 240, (person,), pixels=pixels)


def written(path: Path, packed: bool = False) -> Path:
    with path.open("wb") as file:
        write_into(file, pictures(), UPPER_BODY_6, SIDE_PX, packed=packed)
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return written(tmp_path / "dataset.npz")


def test_every_sample_comes_back(archive: Path) -> None:
    data = read_archive(archive)
    assert (len(data), data.side_px, data.skeleton) == (6, SIDE_PX, UPPER_BODY_6)
    assert data.sample_ids == tuple(f"sample-{number}" for number in range(6))
    assert data.split.tolist() == list(SPLITS)
    assert data.person.tolist() == ["", "Anna"] * 3
    assert set(data.state.tolist()) == {"reviewed"}
    for number, picture in enumerate(pictures()):
        (person,) = picture.people
        assert picture.pixels is not None
        assert person.label is not None
        grey = cut_out_grey(picture.pixels, square_of(person.box), SIDE_PX)
        assert np.array_equal(data.images[number, ..., 0], grey.astype(np.float32) / np.float32(255))
        keypoints, visibility = in_crop(person, person.label)
        assert np.array_equal(data.keypoints[number], keypoints)
        assert np.array_equal(data.visibility[number], visibility)


def test_the_rows_of_a_split_and_the_sizes_to_judge_by(archive: Path) -> None:
    data = read_archive(archive)
    assert [data.rows(split).tolist() for split in ("train", "validation", "test", "other")] == [
        [0, 1, 4],
        [2, 5],
        [3],
        [],
    ]
    assert np.array_equal(data.sizes, pck_sizes(data.keypoints, data.visibility, data.skeleton))
    assert data.sizes.shape == (6,)


def test_people_whose_hips_nobody_labels_are_judged_by_their_boxes() -> None:
    keypoints = np.zeros((4, 17, 2), np.float32)
    keypoints[:, [5, 6]], keypoints[:, [11, 12]] = (0.5, 0.2), (0.5, 0.6)  # shoulders and hips
    keypoints[:, 0] = (0.5, 0.1)
    visibility = np.zeros((4, 17), np.uint8)
    visibility[:, [0, 5, 6]] = 2
    visibility[:2, [11, 12]] = 2

    half = labelled(COCO_17, keypoints, visibility)
    assert half.sizes == pytest.approx([0.4, 0.4, 0, 0])
    visibility[1, 11] = 0
    assert labelled(COCO_17, keypoints, visibility).sizes == pytest.approx([0.5, 0.5, 0.1, 0.1])


def test_pictures_stay_on_the_disk(archive: Path) -> None:
    data = read_archive(archive)
    assert isinstance(data.images, np.memmap)
    assert data.images.dtype == np.float32
    assert not data.images.flags.writeable


def test_it_is_what_numpy_reads_too(archive: Path) -> None:
    with np.load(archive) as arrays:
        assert np.array_equal(arrays["images"], read_archive(archive).images)


def without(path: Path, key: str) -> None:
    with np.load(path) as arrays:
        rest = {name: arrays[name] for name in arrays if name != key}
    np.savez(path, **rest)


def changed(path: Path, **values: object) -> None:
    with np.load(path) as arrays:
        every = {name: arrays[name] for name in arrays}
    np.savez(path, **{**every, **values})


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


NOTHING = np.empty((0, SIDE_PX, SIDE_PX, 1), np.float32)
DAMAGE = {
    "cut short": (cut_short, "is damaged|is no"),
    "no archive": (lambda path: path.write_bytes(b"PK nothing"), "write it anew|save it again|is damaged"),
    "packed": (lambda path: written(path, packed=True), "its images are packed"),
    "without splits": (lambda path: without(path, "split"), "lacks .*split.*; write it anew"),
    "without pictures": (lambda path: without(path, "images"), "lacks .*images"),
    "empty": (lambda path: changed(path, images=NOTHING), "there are none"),
    "too few keypoints": (lambda path: changed(path, keypoints=np.zeros((5, 6, 2), np.float32)), r"\(6, 6, 2\), got"),
    "pictures as bytes": (lambda path: changed(path, images=np.zeros((6, 32, 32, 1), np.uint8)), "images of uint8"),
    "pictures not square": (lambda path: changed(path, images=np.zeros((6, 32, 30, 1), np.float32)), "images must be"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_what_is_no_whole_archive_is_refused_in_a_sentence(archive: Path, case: str) -> None:
    damage, said = DAMAGE[case]
    damage(archive)
    with pytest.raises(InvalidInputError, match=said):
        read_archive(archive)
