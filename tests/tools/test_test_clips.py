"""Without network the tests of identities are skipped, and one line says so."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools import test_clips
from webapp.vision.identity_accuracy import read_labels


def test_without_network_the_set_up_goes_on_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(command: list[str], **_: object) -> None:
        raise subprocess.CalledProcessError(1, command, stderr="ERROR: No matching distribution found\n")

    monkeypatch.setattr(test_clips, "CLIPS_DIR", tmp_path)
    monkeypatch.setattr(subprocess, "run", refused)

    assert test_clips.main() == 0

    assert capsys.readouterr().out == (
        "The clips of several people could not be fetched (No matching distribution found): "
        "the tests of identities will be skipped\n"
    )


def test_every_clip_is_labelled() -> None:
    clips = {member.name for member in test_clips.MEMBERS if member.name.endswith(".mp4")}

    assert read_labels(test_clips.LABELS).keys() == clips
