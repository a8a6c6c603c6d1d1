"""The archive for a machine with a camera alone: what lies in it, and that it is of one whole model."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from webapp.core.errors import ModelUnavailableError
from webapp.core.skeleton import UPPER_BODY_6
from webapp.training.edge_zip import write_edge_zip
from webapp.vision.own_card import OwnModelCard, Parity, PictureFormat, card_of, card_text
from webapp.vision.own_conversion import card_beside
from webapp.vision.weights import sha256_of


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A file, whatever is in it, and its card."""
    path = tmp_path / "int8.tflite"
    path.write_bytes(b"a model")
    card = OwnModelCard(
        *("int8", "heatmap", "model.tflite", sha256_of(path), PictureFormat(128, 128, 1), UPPER_BODY_6),
        parity=Parity("int8", 40, "validation pictures", 1.25, 0.5, 0.0098, 0.0039),
    )
    card_beside(path).write_text(card_text(card), encoding="utf-8")
    return path


def test_unpacked_into_its_folder_it_is_a_whole_model_of_that_name(model: Path, tmp_path: Path) -> None:
    write_edge_zip(model, "squats", tmp_path / "squats.zip")
    with zipfile.ZipFile(tmp_path / "squats.zip") as archive:
        archive.extractall(tmp_path / "own" / "squats")

    card = card_of(tmp_path / "own" / "squats")
    assert (card.name, card.file, card.skeleton) == ("squats", "model.tflite", UPPER_BODY_6)


def test_it_says_in_three_steps_what_to_do(model: Path, tmp_path: Path) -> None:
    write_edge_zip(model, "squats", tmp_path / "squats.zip")
    with zipfile.ZipFile(tmp_path / "squats.zip") as archive:
        lines = archive.read("README.txt").decode().splitlines()

    assert [line[:2] for line in lines if line[:1].isdigit()] == ["1.", "2.", "3."]
    assert "weights/own/squats" in lines[2]
    assert lines[-1].startswith("Its form: int8 against Keras on 40 validation pictures: largest")


def test_a_file_that_its_card_is_not_of_is_refused_and_nothing_is_left(model: Path, tmp_path: Path) -> None:
    model.write_bytes(b"another")

    with pytest.raises(ModelUnavailableError, match=r"int8\.tflite is not the file that its card is of"):
        write_edge_zip(model, "squats", tmp_path / "squats.zip")
    assert not (tmp_path / "squats.zip").exists()
