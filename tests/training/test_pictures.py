"""The pictures that a model is exported by: a folder, an archive, or random ones, each as the model takes them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from webapp.core.errors import InvalidInputError
from webapp.training.pictures import MAX_PICTURES, read_pictures
from webapp.vision.own_card import PictureFormat

GREY = PictureFormat(32, 24, 1)
RGB = PictureFormat(16, 16, 3, -1.0, 1.0)


def test_without_a_source_random_pictures_fill_the_models_range() -> None:
    pictures = read_pictures(None, RGB)

    assert pictures.are == "random pictures"
    assert pictures.batch.shape[1:] == (16, 16, 3)
    assert -1 <= pictures.batch.min() < -0.5 < 0.5 < pictures.batch.max() <= 1
    assert np.array_equal(pictures.batch, read_pictures(None, RGB).batch)


def test_of_a_picture_in_a_folder_the_middle_square_is_taken(tmp_path: Path) -> None:
    image = np.zeros((40, 120, 3), np.uint8)
    image[:, 40:80] = (0, 0, 255)  # red
    (tmp_path / "deeper").mkdir()
    cv2.imwrite(str(tmp_path / "deeper" / "one.png"), image)
    (tmp_path / "notes.txt").write_text("no picture")

    batch = read_pictures(tmp_path, RGB).batch

    assert batch.shape == (1, 16, 16, 3)
    assert batch[0, 8, 2:14].tolist() == [[1, -1, -1]] * 12


@pytest.mark.parametrize(("dtype", "white"), [(np.uint8, 255), (np.float32, 1.0)])
def test_an_archive_is_read_in_bytes_or_in_0_to_1(tmp_path: Path, dtype: type, white: float) -> None:
    path = tmp_path / "archive.npz"
    np.savez(path, images=np.full((MAX_PICTURES + 5, 32, 24, 1), white, dtype))

    pictures = read_pictures(path, GREY)

    assert pictures.batch.shape == (MAX_PICTURES, 32, 24, 1)
    assert set(pictures.batch.ravel().tolist()) == {1.0}
    assert pictures.are == "pictures of archive.npz"


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.zeros((2, 24, 32, 1), np.float32), r"must be \(N, 32, 24, 1\), got \(2, 24, 32, 1\)"),
        (np.zeros((0, 32, 24, 1), np.float32), r"must be \(N, 32, 24, 1\)"),
        (np.full((2, 32, 24, 1), 200.0, np.float32), "floats within 0..1"),
        (np.full((2, 32, 24, 1), np.nan, np.float32), "floats within 0..1"),
        (np.zeros((2, 32, 24, 1), np.int64), "got int64"),
    ],
)
def test_an_archive_of_something_else_is_refused(tmp_path: Path, images: np.ndarray, said: str) -> None:
    path = tmp_path / "archive.npz"
    np.savez(path, images=images)

    with pytest.raises(InvalidInputError, match=said):
        read_pictures(path, GREY)


def test_what_is_no_archive_and_no_folder_of_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("hello")
    np.savez(tmp_path / "other.npz", pictures=np.zeros(3))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "one.jpg").write_bytes(b"\xff\xd8\xff")

    for source, said in (
        (tmp_path / "text.npz", "is no .npz archive"),
        (tmp_path / "other.npz", "is no .npz archive with an array `images`"),
        (tmp_path / "none.npz", "is no .npz archive"),
        (tmp_path / "broken", "cannot be read as a picture"),
        (tmp_path / "broken" / "..", "cannot be read as a picture"),
    ):
        with pytest.raises(InvalidInputError, match=said):
            read_pictures(source, GREY)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInputError, match="holds no pictures"):
        read_pictures(tmp_path / "empty", GREY)
