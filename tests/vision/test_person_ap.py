"""A detector is measured on a folder of labelled pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from webapp.core.errors import InvalidInputError
from webapp.core.records import Box, Detection
from webapp.vision.person_ap import match, person_ap50


class KnowsAll:
    """Answers what it was told, for any picture."""

    name = "knows all"
    runtime = "none"

    def __init__(self, *people: Detection) -> None:
        self._people = list(people)

    def detect(self, image_bgr: np.ndarray) -> list[Detection]:
        return self._people


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One picture of 100 x 50 with a person in its left half, and a dog."""
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    cv2.imwrite(str(tmp_path / "images" / "one.jpg"), np.zeros((50, 100, 3), np.uint8))
    (tmp_path / "labels" / "one.txt").write_text("0 0.25 0.5 0.5 1.0\n16 0.75 0.5 0.5 1.0\n")
    return tmp_path


def test_the_labelled_person_found_is_all(folder: Path) -> None:
    assert person_ap50(KnowsAll(Detection(Box(0, 0, 50, 50), 0.9)), folder) == pytest.approx(1.0)


def test_other_classes_are_no_people(folder: Path) -> None:
    assert person_ap50(KnowsAll(Detection(Box(50, 0, 100, 50), 0.9)), folder) == 0.0


def test_a_picture_without_labels_shows_nobody(folder: Path) -> None:
    cv2.imwrite(str(folder / "images" / "two.jpg"), np.zeros((50, 100, 3), np.uint8))

    # the box on the second picture is false, and ranks equal to the right one before it
    assert person_ap50(KnowsAll(Detection(Box(0, 0, 50, 50), 0.9)), folder) == pytest.approx(1.0)


def test_one_person_is_claimed_once() -> None:
    people = np.array([[0, 0, 10, 10]], np.float32)
    found = np.array([[0, 0, 10, 9], [0, 0, 10, 10]], np.float32)

    assert match(found, people) == [True, False]


def test_a_claimed_person_leaves_the_next_best() -> None:
    people = np.array([[0, 0, 10, 10], [2, 0, 12, 10]], np.float32)
    found = np.array([[0, 0, 10, 10], [1, 0, 10.5, 10]], np.float32)

    assert match(found, people) == [True, True]


def test_what_cannot_be_read_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"has no images/\*\.jpg"):
        person_ap50(KnowsAll(), tmp_path / "labels")
    (folder / "labels" / "one.txt").write_text("0 0.25 zero 0.5 1.0")
    with pytest.raises(InvalidInputError, match=r"one\.txt is not a label file"):
        person_ap50(KnowsAll(), folder)
    (folder / "images" / "one.jpg").write_bytes(b"")
    with pytest.raises(InvalidInputError, match=r"one\.jpg is not a picture"):
        person_ap50(KnowsAll(), folder)
