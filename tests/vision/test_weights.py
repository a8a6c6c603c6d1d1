"""The manifest is whole, and no file that is not byte for byte the right one is given out."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from webapp.config import POSE_MODELS, YOLOV5
from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.vision.weights import FileState, ModelFile, file_state, model_file, model_path, note_made, read_manifest

OFFICIAL = (
    "https://github.com/ultralytics/yolov5/releases/download/v7.0/",
    "https://storage.googleapis.com/download.tensorflow.org/models/tflite/",
)


def test_every_entry_says_where_it_comes_from_and_what_is_permitted() -> None:
    files = read_manifest()

    ready_made = {*YOLOV5, "ssd_mobilenet", "blazepose_detector", "palm_detector", *POSE_MODELS}
    assert {file.name for file in files} == ready_made
    assert len({file.name for file in files}) == len({file.path for file in files}) == len(files)
    for file in files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256), file.name
        assert file.size_bytes > 0
        assert file.licence
        assert file.permits
        assert sum(map(bool, (file.url, file.package_file, file.package_version))) == 1, file.name
        assert bool(file.url) != bool(file.package), file.name
        assert not file.url or file.url.startswith(OFFICIAL), file.name
        assert not Path(file.path).is_absolute()
        assert ".." not in file.path


@pytest.mark.parametrize(
    ("content", "state"), [(b"right", FileState.PRESENT), (b"wrong", FileState.DAMAGED), (None, FileState.MISSING)]
)
def test_a_file_s_state_follows_its_bytes(tmp_path: Path, content: bytes | None, state: FileState) -> None:
    file = ModelFile("one", "one.bin", hashlib.sha256(b"right").hexdigest(), 5, "CC0", "all", url="http://x")
    if content is not None:
        (tmp_path / "one.bin").write_bytes(content)

    assert file_state(file, tmp_path) is state


def test_a_missing_or_damaged_model_is_never_given_out(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"is missing; get it with: python -m webapp weights pull yolov5n"):
        model_path("yolov5n", tmp_path)
    (tmp_path / "mediapipe").mkdir()
    (tmp_path / "mediapipe" / "pose_landmark_full.tflite").write_bytes(b"cut")

    with pytest.raises(ModelUnavailableError, match=r"is damaged; get it with: npm ci, then python -m tools\.vendor"):
        model_path("blazepose_full", tmp_path)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match=r"no model file is called 'yolov9'; known: yolov5n, yolov5s"):
        model_file("yolov9")


@pytest.mark.parametrize("text", ["", "[[file]]\nname = 'x'", "[[file", "[[file]]\nname = 'x'\ncolour = 'red'"])
def test_a_broken_manifest_is_named(tmp_path: Path, text: str) -> None:
    manifest = tmp_path / "manifest.toml"
    manifest.write_text(text)

    with pytest.raises(InvalidInputError, match=r"manifest\.toml is not a manifest of model files"):
        read_manifest(manifest)


def test_a_made_file_is_known_by_the_note_beside_it(tmp_path: Path) -> None:
    file = ModelFile("made", "made.tflite", "ab" * 32, 9, "CC0", "all", url="http://x", archive_member="in.tflite")
    path = tmp_path / file.path
    path.write_bytes(b"converted")
    assert file_state(file, tmp_path) is FileState.DAMAGED

    note_made(file, path, {})
    assert file_state(file, tmp_path) is FileState.PRESENT
    assert file_state(replace(file, sha256="cd" * 32), tmp_path) is FileState.DAMAGED

    path.write_bytes(b"altered")
    assert file_state(file, tmp_path) is FileState.DAMAGED


@pytest.mark.parametrize("note", ["", "[]", "{}", "{"])
def test_a_damaged_note_makes_the_file_count_as_damaged(tmp_path: Path, note: str) -> None:
    file = ModelFile("made", "made.tflite", "ab" * 32, 9, "CC0", "all", url="http://x", archive_member="in.tflite")
    (tmp_path / file.path).write_bytes(b"converted")
    (tmp_path / "made.tflite.json").write_text(note)

    assert file_state(file, tmp_path) is FileState.DAMAGED
