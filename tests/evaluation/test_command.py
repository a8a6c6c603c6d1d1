"""The `evaluate` command end to end on small datasets: what it prints, draws and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.labelled import write_recordings, write_takes
from webapp.cli import main

CLOSED = {"dataset", "protocol", "method", "seed", "accuracy", "queries"}
OPEN = {"auroc", "known_recognised_at_10pct", "known_recognised", "unknown_accepted"}
STREAM = {"precision", "recall", "f1", "false_events_per_minute", "median_delay_s", "templates"}


@pytest.fixture(scope="module")
def takes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_takes(tmp_path_factory.mktemp("sets") / "takes")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recordings(tmp_path_factory.mktemp("sets") / "recordings")


def evaluate(capfd: pytest.CaptureFixture[str], *words: object) -> Any:
    """The object of the last line."""
    assert main(["evaluate", *map(str, words), "--json", "--processes", "1"]) == 0
    return json.loads(capfd.readouterr().out.splitlines()[-1])


@pytest.mark.parametrize("method", ["default", "reference"])
@pytest.mark.parametrize(("protocol", "queries"), [("one-take", 36), ("loso", 18), ("same-person", 18)])
def test_movements_this_different_are_all_told_apart(
    takes: Path, capfd: pytest.CaptureFixture[str], protocol: str, queries: int, method: str
) -> None:
    found = evaluate(capfd, takes, "--protocol", protocol, "--method", method)

    assert set(found) == CLOSED
    assert (found["dataset"], found["protocol"], found["method"]) == ("takes", protocol, method)
    assert (found["accuracy"], found["queries"]) == (1.0, queries)


@pytest.mark.parametrize("protocol", ["open-set", "open-set-one-person"])
def test_a_movement_never_taught_is_further_off(takes: Path, capfd: pytest.CaptureFixture[str], protocol: str) -> None:
    found = evaluate(capfd, takes, "--protocol", protocol)

    assert set(found) >= OPEN
    assert found["auroc"] > 0.9


@pytest.mark.parametrize("templates", ["others", "same"])
def test_a_recording_is_watched_as_live(recordings: Path, capfd: pytest.CaptureFixture[str], templates: str) -> None:
    found = evaluate(capfd, recordings, "--protocol", "stream", "--templates", templates)

    assert set(found) >= STREAM
    assert found["templates"] == templates
    assert (found["segments"], found["false_events_per_minute"]) == (8, 0.0)
    assert found["recall"] >= 0.75


def test_the_baseline_watches_windows(recordings: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = evaluate(capfd, recordings, "--protocol", "stream", "--method", "reference")

    assert set(found) >= STREAM


@pytest.mark.parametrize("words", [("open-set",), ("stream", "--templates", "same")], ids=" ".join)
def test_the_same_is_found_again_by_any_number_of_processes(
    recordings: Path, capfd: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    command = ["evaluate", str(recordings), "--json", "--protocol", *words, "--processes"]

    outputs = [(main([*command, processes]), capfd.readouterr().out) for processes in ("1", "1", "2")]

    assert outputs[0] == outputs[1] == outputs[2]


def test_all_runs_what_applies_to_each_dataset(
    takes: Path, recordings: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    results = evaluate(capfd, f"{takes},{recordings}", "--protocol", "all")["results"]

    ran = [(r["dataset"], r["protocol"], r.get("templates")) for r in results]
    open_and_closed = ["one-take", "loso", "same-person", "open-set", "open-set-one-person"]
    assert ran == [
        *(("takes", protocol, None) for protocol in open_and_closed),
        *(("recordings", protocol, None) for protocol in open_and_closed),
        ("recordings", "stream", "others"),
        ("recordings", "stream", "same"),
    ]
    assert {result["seed"] for result in results} == {1}


def test_people_read_a_table(takes: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(takes), "--protocol", "loso", "--processes", "1"]) == 0

    shown = capfd.readouterr()
    assert shown.out.splitlines() == ["seed 1", f"takes  {'loso':19}  default    accuracy 1.000  queries 18"]
    assert shown.err == ""


@pytest.mark.parametrize(("ending", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_pictures_come_in_the_files_own_kind(
    takes: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], ending: str, magic: bytes
) -> None:
    picture = tmp_path / f"picture.{ending}"

    evaluate(capfd, takes, "--protocol", "loso", "--plot", picture)

    assert picture.read_bytes().startswith(magic)


def test_each_of_several_results_has_a_picture(
    recordings: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    evaluate(capfd, recordings, "--protocol", "all", "--templates", "others", "--plot", tmp_path / "p.png")

    protocols = ["loso", "one-take", "open-set", "open-set-one-person", "same-person", "stream-others"]
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(f"p-recordings-{name}.png" for name in protocols)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("absent", "--protocol", "loso"), "absent is no dataset: it holds no dataset.json"),
        (("{takes},absent", "--protocol", "loso"), "absent is no dataset"),
        (("{takes}", "--protocol", "schneider2019"), "schneider2019 is for utd_mhad_6: takes lacks"),
        (("{takes}", "--protocol", "stream"), "takes has none: choose loso or open-set"),
        (("{takes}", "--protocol", "loso", "--templates", "same"), "--templates is of the protocol stream"),
        (("{takes}", "--protocol", "loso", "--plot", "p.gif"), "--plot draws .png, .svg, .pdf by the file's ending"),
        (("{takes}", "--protocol", "loso", "--plot", "absent/p.png"), "--plot has no folder absent"),
        (("{takes}", "--protocol", "loso", "--processes", "0"), "--processes must be 1 or more, got 0"),
    ],
)
def test_what_cannot_be_measured_gets_one_sentence_and_status_1(
    takes: Path, capfd: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    status = main(["evaluate", *(word.format(takes=takes) for word in words)])

    shown = capfd.readouterr()
    assert (status, shown.out) == (1, "")
    assert sentence in shown.err
    assert len(shown.err.splitlines()) == 1
