"""`weights list|pull|verify`: what a person sees, and the exit status a script sees."""

from __future__ import annotations

import argparse
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.vision.http_server import Served, serving
from webapp import weights_command
from webapp.cli import add_weights_arguments
from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.vision.weights import FileState, ModelFile

CONTENT = bytes(range(256)) * 40
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, on a manifest whose files a server at the given url would serve."""

    def do(*words: str, url: str = "http://127.0.0.1:9/x") -> tuple[int, str]:
        sha256 = hashlib.sha256(CONTENT).hexdigest()
        files = (
            ModelFile("yolov5n", "yolov5n.pt", sha256, len(CONTENT), "AGPL-3.0", "use", url=url),
            ModelFile("pose", "pose.tflite", sha256, len(CONTENT), "Apache-2.0", "use", package="p", package_file="f"),
            ModelFile("ssd", "ssd.tflite", sha256, len(CONTENT), "Apache-2.0", "use", url=url, archive_member="m"),
        )
        monkeypatch.setattr(weights_command, "read_manifest", lambda: files)
        parser = argparse.ArgumentParser()
        add_weights_arguments(parser)
        return weights_command.run(parser.parse_args(words), Settings(weights_dir=tmp_path / "weights"))

    return do


def test_pull_brings_yolov5n_unless_told_otherwise(run: Run, tmp_path: Path) -> None:
    with serving(Served(CONTENT)) as server:
        status, text = run("pull", url=server.url)

    assert status == 0
    assert text.startswith("yolov5n fetched: ")
    assert (tmp_path / "weights" / "yolov5n.pt").read_bytes() == CONTENT


def test_what_is_here_is_not_fetched_again(run: Run) -> None:
    with serving(Served(CONTENT)) as server:
        run("pull", url=server.url)
        status, text = run("pull", url=server.url)

    assert (status, text.split(":")[0]) == (0, "yolov5n is here already")
    assert len(server.asked_ranges) == 1


def test_a_model_that_has_no_stand_in_cannot_be_chosen(run: Run) -> None:
    status, text = run("pull", "ssd")

    assert status == 1
    assert text.startswith("ssd could not be fetched (no connection: ")
    assert text.endswith("); it cannot be chosen. Later: python -m webapp weights pull ssd")


def test_what_came_but_is_no_archive_is_said_in_a_line(run: Run) -> None:
    with serving(Served(CONTENT)) as server:
        status, text = run("pull", "ssd", url=server.url)

    assert status == 1
    assert "m could not be unpacked: File is not a zip file" in text


@pytest.mark.parametrize(("words", "expected"), [((), 1), (("--optional",), 0)])
def test_without_network_one_line_says_what_happens_now(run: Run, words: tuple[str, ...], expected: int) -> None:
    status, text = run("pull", *words)

    assert status == expected
    assert "\n" not in text
    assert text.startswith("YOLOv5 weights could not be fetched (no connection: ")
    assert text.endswith(
        "; the MediaPipe person detector is used instead. Later: python -m webapp weights pull yolov5n"
    )


def test_a_smaller_yolov5_that_is_here_goes_on_being_used(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights_command, "automatic_detector", lambda _weights_dir: "yolov5n")

    assert "; yolov5n is used instead. Later: " in run("pull")[1]


def test_several_files_share_the_time_given(run: Run) -> None:
    with serving(Served(CONTENT, stall_after=0)) as server:
        status, text = run("pull", "yolov5n", "yolov5n", "--max-seconds", "0.3", url=server.url)

    assert status == 1
    assert text.count("could not be fetched") == 2


def test_a_wrong_request_is_refused(run: Run) -> None:
    with pytest.raises(InvalidInputError, match="no model file is called 'yolov9'"):
        run("pull", "yolov9")
    with pytest.raises(InvalidInputError, match="comes out of an npm package"):
        run("pull", "pose")
    with pytest.raises(InvalidInputError, match="must be above 0, got 0"):
        run("pull", "--max-seconds", "0")


def test_list_tells_state_size_licence_and_source(run: Run) -> None:
    status, text = run("list")

    assert status == 0
    assert "yolov5n missing 0.0 MB AGPL-3.0 http://127.0.0.1:9/x use" in " ".join(text.split())
    assert "npm p: f" in text


def test_list_tells_the_size_of_what_is_here_not_of_what_it_was_made_of(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights_command, "file_state", lambda *_: FileState.PRESENT)
    (tmp_path / "weights").mkdir()
    for name in ("yolov5n.pt", "pose.tflite", "ssd.tflite"):
        (tmp_path / "weights" / name).write_bytes(bytes(2_000_000))

    assert run("list")[1].count("present     2.0 MB") == 3


def test_verify_fails_on_damage_only(run: Run, tmp_path: Path) -> None:
    assert run("verify") == (0, "yolov5n: missing\npose: missing\nssd: missing")
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "yolov5n.pt").write_bytes(CONTENT)
    shutil.copy(folder / "yolov5n.pt", folder / "pose.tflite")
    assert run("verify") == (0, "yolov5n: present\npose: present\nssd: missing")
    (folder / "pose.tflite").write_bytes(CONTENT[:-1])

    status, text = run("verify")

    assert status == 1
    assert "pose is never loaded as it is; get it anew: npm ci, then python -m tools.vendor" in text
