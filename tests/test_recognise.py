"""The `recognise` command: what a person sees on the terminal, and that it finds what the evaluation clips show."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.browser.clips import FIRST_JACK, JACKS, man_alone
from tests.evaluation_data import SHARED, needs_shared_data
from webapp.cli import main
from webapp.config import ROOT, load_settings
from webapp.core.records import PoseSequence
from webapp.core.skeleton import HAND_21
from webapp.pipeline.models import load_models
from webapp.recognise import learn
from webapp.recognition import action_pack
from webapp.recognition.ports import Action, Take

CLIPS = SHARED / "clips"
KEYS = ["action", "person", "start_s", "end_s", "announced_s", "distance", "confidence"]


def write_video(path: Path, images_bgr: list[np.ndarray]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    height_px, width_px = images_bgr[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30, (width_px, height_px))
    for image in images_bgr:
        writer.write(image)
    writer.release()
    return path


@pytest.fixture(scope="module")
def jacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a take of the first jumping jack, and a video of both beside it."""
    folder = tmp_path_factory.mktemp("jacks")
    images = man_alone(JACKS)
    write_video(folder / "actions" / "jumping_jack" / "take_1.mp4", [images[number] for number in FIRST_JACK])
    write_video(folder / "both.mp4", images)
    return folder


def events_of(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_with_json_each_event_is_one_line(jacks: Path, capfd: pytest.CaptureFixture[str]) -> None:
    status = main(["recognise", str(jacks / "both.mp4"), "--actions", str(jacks / "actions"), "--json"])

    events = events_of(capfd.readouterr().out)
    assert status == 0
    assert 1 <= len(events) <= 2
    assert all(list(event) == KEYS for event in events)
    assert all(event["action"] == "jumping_jack" and event["person"] == 1 for event in events)
    assert all(0 <= event["start_s"] < event["end_s"] <= event["announced_s"] for event in events)


def test_for_people_each_event_is_a_sentence_and_no_bar_is_drawn_into_a_file(
    jacks: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    status = main(["recognise", str(jacks / "both.mp4"), "--actions", str(jacks / "actions")])

    shown = capfd.readouterr()
    assert status == 0
    assert "jumping_jack  (person 1, distance" in shown.out
    assert "Recognising" not in shown.err


def test_an_action_pack_does_as_well_as_the_folder_it_came_from(jacks: Path, capfd: pytest.CaptureFixture[str]) -> None:
    learned = learn(load_models(load_settings()), jacks / "actions")
    (jacks / "jacks.zip").write_bytes(action_pack.to_bytes(learned))
    capfd.readouterr()

    packed, unpacked = (
        (main(["recognise", str(jacks / "both.mp4"), "--actions", str(jacks / name), "--json"]), capfd.readouterr().out)
        for name in ("jacks.zip", "actions")
    )

    assert packed == unpacked
    assert {event["action"] for event in events_of(packed[1])} == {"jumping_jack"}


def test_a_reader_that_has_seen_enough_ends_the_command_without_a_word(jacks: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "webapp",
        "recognise",
        str(jacks / "both.mp4"),
        "--actions",
        str(jacks / "actions"),
    ]
    reader, writer = os.pipe()
    os.close(reader)

    try:
        done = subprocess.run(command, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writer)

    assert done.returncode == 0
    assert "Error" not in done.stderr


@pytest.mark.parametrize(
    ("video", "actions", "sentence"),
    [
        ("absent.mp4", "actions", "no video file"),
        ("both.mp4", "absent", "no folder or action pack"),
        ("both.mp4", "empty", "holds no takes"),
        ("text.mp4", "actions", "cannot be read as a video"),
        ("both.mp4", "rooms", "nobody was found"),
        ("both.mp4", "text.mp4", "action pack"),
    ],
)
def test_what_cannot_be_used_gets_a_sentence_and_status_1(
    jacks: Path, video: str, actions: str, sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (jacks / "empty").mkdir(exist_ok=True)
    (jacks / "text.mp4").write_text("no video")
    write_video(jacks / "rooms" / "sit" / "take.mp4", [np.full((240, 320, 3), 90, np.uint8)] * 5)

    status = main(["recognise", str(jacks / video), "--actions", str(jacks / actions)])

    shown = capfd.readouterr()
    assert status == 1
    assert shown.out == ""
    assert sentence in shown.err.splitlines()[-1]


def test_models_are_chosen_by_name_for_one_run(jacks: Path, capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ["recognise", str(jacks / "both.mp4"), "--actions", str(jacks / "actions"), "--json"]

    status = main([*arguments, "--detector", "blazepose", "--pose-model", "blazepose_heavy"])

    assert status == 0
    assert 1 <= len(events_of(capfd.readouterr().out)) <= 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--detector", "crystal_ball"], "unknown detector 'crystal_ball'; known: auto"),
        (["--pose-model", "tarot"], "unknown pose model 'tarot'; known: blazepose_lite"),
    ],
)
def test_an_unknown_model_gets_a_sentence_with_the_known_ones(
    jacks: Path, options: list[str], sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    status = main(["recognise", str(jacks / "both.mp4"), "--actions", str(jacks / "actions"), *options])

    assert status == 1
    assert sentence in capfd.readouterr().err


def test_takes_of_other_keypoints_get_a_sentence_with_what_is_missing(
    jacks: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    hands = PoseSequence(
        HAND_21, np.arange(40) / 20, np.random.default_rng(1).random((40, 21, 2), np.float32), np.ones((40, 21), "f4")
    )
    pack = jacks / "hands.zip"
    pack.write_bytes(action_pack.to_bytes([Action("wave", "wave", [Take("take", hands)])]))

    status = main(["recognise", str(jacks / "both.mp4"), "--actions", str(pack)])

    assert status == 1
    assert '"wave" was recorded with hand_21 (21 keypoints); blazepose_full has 33' in capfd.readouterr().err


def truth() -> list[dict[str, str]]:
    if not (CLIPS / "truth.csv").is_file():
        return []
    with (CLIPS / "truth.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@needs_shared_data
@pytest.mark.parametrize("detector", ["auto", "blazepose"])
@pytest.mark.parametrize("row", truth(), ids=lambda row: row["clip"])
def test_one_take_each_is_enough_for_the_clips_of_strangers(
    row: dict[str, str], detector: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every person's repetitions are counted, with YOLOv5 and without; nothing else is announced."""
    monkeypatch.setenv("MOVEPRINT_DETECTOR", detector)

    status = main(["recognise", str(CLIPS / row["clip"]), "--actions", str(CLIPS / "takes"), "--json"])

    events = events_of(capfd.readouterr().out)
    per_person: dict[int, int] = {}
    for event in events:
        per_person[event["person"]] = per_person.get(event["person"], 0) + 1
    assert status == 0
    assert {event["action"] for event in events} <= {row["action"]}
    if row["action"]:
        fewest, most = int(row["repetitions_min"]), int(row["repetitions_max"])
        assert len(per_person) == int(row["people"])
        assert all(fewest <= count <= most for count in per_person.values())
    else:
        assert not events
