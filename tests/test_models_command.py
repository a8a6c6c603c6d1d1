"""`models list, add, remove` and `export` as a person types them; what a real model does is told in its own tests."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from webapp import export_command, models_command
from webapp.config import Settings
from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.core.skeleton import COCO_17
from webapp.models_options import add_export_arguments, add_models_arguments, hints_of


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(weights_dir=tmp_path / "weights")


def models(settings: Settings, *words: str) -> str:
    parser = argparse.ArgumentParser()
    add_models_arguments(parser)
    return models_command.run(parser.parse_args(words), settings)


def export(settings: Settings, *words: str) -> str:
    parser = argparse.ArgumentParser()
    add_export_arguments(parser)
    return export_command.run(parser.parse_args(words), settings)


def test_without_models_the_list_says_how_to_add_one(settings: Settings) -> None:
    assert models(settings, "list").endswith("python -m webapp models add FILE --name NAME")


def test_what_is_said_of_a_model_reaches_it() -> None:
    parser = argparse.ArgumentParser()
    add_models_arguments(parser)
    words = ["add", "m.tflite", "--name", "m", "--skeleton", "coco_17", "--low", "-1", "--scores", "logits"]

    hints = hints_of(parser.parse_args(words))

    assert (hints.skeleton, hints.low, hints.high, hints.scores) == (COCO_17, -1.0, None, "logits")


def test_a_damaged_model_is_listed_with_what_to_do(settings: Settings) -> None:
    folder = settings.weights_dir / "own" / "mine"
    folder.mkdir(parents=True)

    assert "mine: " in models(settings, "list")
    assert "cannot be read" in models(settings, "list")
    assert models(settings, "remove", "mine") == "mine removed"
    assert not folder.exists()


@pytest.mark.parametrize(
    ("file", "said"),
    [("none.tflite", "is missing"), ("model.pkl", "is no model file: expected one of .tflite, .keras, .hdf5, .h5")],
)
def test_a_file_that_is_none_is_refused(settings: Settings, tmp_path: Path, file: str, said: str) -> None:
    (tmp_path / "model.pkl").write_bytes(b"")

    with pytest.raises(InvalidInputError, match=said):
        models(settings, "add", str(tmp_path / file), "--name", "mine")


def test_text_is_no_tflite_file(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "text.tflite").write_text("hello")

    with pytest.raises(ModelUnavailableError, match=r"text\.tflite is no whole \.tflite file"):
        models(settings, "add", str(tmp_path / "text.tflite"), "--name", "mine")
    assert list((settings.weights_dir / "own").iterdir()) == []


def test_an_export_of_what_is_not_there_is_refused(settings: Settings) -> None:
    with pytest.raises(InvalidInputError, match="no file and no model of your own called 'mine'"):
        export(settings, "mine", "--form", "int8")
