"""`datasets` as the machine's owner runs it: without a server, with the same jobs, sentences and exit statuses."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.test_accounts_command import Terminal, instance_dir, terminal
from webapp.core.skeleton import COCO_17

__all__ = ("instance_dir", "terminal")

SIZE_PX = (160, 120)


@pytest.fixture
def anna(terminal: Terminal, instance_dir: Path) -> str:
    status, _, _ = terminal.run(instance_dir, "user", "add", "anna", stdin="seven green bicycles\n")
    assert status == 0
    return "anna"


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """Three pictures with a person each, one of them broken."""
    folder = tmp_path / "street"
    (folder / "images").mkdir(parents=True)
    draws = np.random.default_rng(1)
    images, annotations = [], []
    for number in range(1, 4):
        name = f"{number}.jpg"
        Image.fromarray(draws.integers(0, 255, (SIZE_PX[1], SIZE_PX[0], 3), np.uint8)).save(folder / "images" / name)
        images.append({"id": number, "file_name": name, "width": SIZE_PX[0], "height": SIZE_PX[1]})
        keypoints = [value for place in range(17) for value in (20 + place, 30 + number, 2)]
        box = {"bbox": [10, 10, 80, 90], "area": 7200, "iscrowd": 0, "num_keypoints": 17}
        annotations.append({"id": number, "image_id": number, "category_id": 1, "keypoints": keypoints, **box})
    (folder / "images" / "3.jpg").write_bytes(b"no picture at all")
    category = {"id": 1, "name": "person", "keypoints": list(COCO_17.keypoints), "skeleton": []}
    content = {"images": images, "annotations": annotations, "categories": [category]}
    (folder / "person_keypoints.json").write_text(json.dumps(content))
    return folder


def people_in(instance_dir: Path) -> list[str]:
    """Names of everybody in the database."""
    with closing(sqlite3.connect(instance_dir / "moveprint.sqlite3")) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM pictured_people ORDER BY name")]


def test_a_dataset_is_made_and_listed(terminal: Terminal, instance_dir: Path, anna: str) -> None:
    assert terminal.run(instance_dir, "datasets", "list")[1].startswith("There is no dataset yet")

    made = terminal.run(instance_dir, "datasets", "create", "Arms", "--skeleton", "upper_body_6", "--owner", anna)
    status, listed, _ = terminal.run(instance_dir, "datasets", "list")

    assert made[0] == status == 0
    assert listed.split() == ["anna", "Arms", "upper_body_6", "0", "samples,", "0", "reviewed"]


def test_a_skeleton_of_ones_own_comes_from_a_file(
    terminal: Terminal, instance_dir: Path, anna: str, tmp_path: Path
) -> None:
    file = tmp_path / "cat.json"
    file.write_text(json.dumps({"name": "cat", "keypoints": ["nose", "tail"], "edges": [[0, 1]]}))

    terminal.run(instance_dir, "datasets", "create", "Cats", "--skeleton", str(file), "--owner", anna)

    assert " cat " in terminal.run(instance_dir, "datasets", "list")[1]


def test_a_labelled_folder_makes_its_dataset_and_what_is_refused_stands_in_the_report(
    terminal: Terminal, instance_dir: Path, anna: str, coco: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.csv"

    status, said, _ = terminal.run(
        instance_dir, "datasets", "import", str(coco), "--dataset", "Street", "--create", "--report", str(report)
    )

    assert status == 0
    assert "2 pictures with 2 samples came in" in said
    assert "refused: " in said
    assert "3.jpg" in said
    assert [row[0] for row in csv.reader(report.read_text(encoding="utf-8").splitlines())][:2] == ["what", "refused"]
    assert "2 samples, 2 reviewed" in terminal.run(instance_dir, "datasets", "list")[1]


def test_what_is_all_in_the_dataset_already_is_no_failure_and_what_brings_nothing_is(
    terminal: Terminal, instance_dir: Path, anna: str, coco: Path, tmp_path: Path
) -> None:
    again = ("datasets", "import", str(coco), "--dataset", "Street")
    terminal.run(instance_dir, *again, "--create")
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "a.jpg").write_bytes(b"")

    known = terminal.run(instance_dir, *again)
    torn = terminal.run(instance_dir, "datasets", "import", str(tmp_path / "torn"), "--dataset", "Street")

    assert known[0] == 0, known
    assert (torn[0], "Nothing came in: 1 file was refused" in torn[1]) == (1, True), torn


def test_everybody_may_be_one_person(terminal: Terminal, instance_dir: Path, anna: str, coco: Path) -> None:
    terminal.run(instance_dir, "datasets", "create", "Street", "--skeleton", "coco_17", "--owner", anna)

    status, _, _ = terminal.run(instance_dir, "datasets", "import", str(coco), "--dataset", "street", "--person", "Ben")

    assert status == 0
    assert people_in(instance_dir) == ["Ben"]


def test_who_is_in_no_picture_that_came_in_is_not_kept_unless_they_were_there_before(
    terminal: Terminal, instance_dir: Path, anna: str, coco: Path, tmp_path: Path
) -> None:
    terminal.run(instance_dir, "datasets", "import", str(coco), "--dataset", "Street", "--create", "--person", "Ben")
    (tmp_path / "empty").mkdir()
    nothing = ("datasets", "import", str(tmp_path / "empty"), "--dataset", "Street")

    for person in ("Cora", "ben"):
        assert terminal.run(instance_dir, *nothing, "--person", person)[0] == 1

    assert people_in(instance_dir) == ["Ben"]


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        (("--person", " "), "a person needs a name"),
        (("--person", "Ben", "--label-with", "hand_lite"), "hand_lite"),
        (("--person", "Ben", "--report", "no_such_folder/report.csv"), "cannot be written: No such file or directory"),
    ],
    ids=("no name", "no teacher", "no report"),
)
@pytest.mark.usefixtures("anna")
def test_a_wish_that_cannot_be_granted_leaves_neither_dataset_nor_person(
    terminal: Terminal, instance_dir: Path, coco: Path, wish: tuple[str, ...], sentence: str
) -> None:
    status, _, error = terminal.run(
        instance_dir, "datasets", "import", str(coco), "--dataset", "Street", "--create", *wish
    )

    assert (status, sentence in error) == (1, True), error
    assert people_in(instance_dir) == []
    assert "There is no dataset yet" in terminal.run(instance_dir, "datasets", "list")[1]


def test_a_teacher_labels_what_an_import_brought_and_nothing_that_was_there(
    terminal: Terminal, instance_dir: Path, anna: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOVEPRINT_DETECTOR", "whole_frame")
    for number, name in enumerate(("before", "after")):
        (tmp_path / name).mkdir()
        grey = Image.new("RGB", SIZE_PX, (90 + 40 * number,) * 3)
        grey.save(tmp_path / name / f"{name}.jpg")
    terminal.run(instance_dir, "datasets", "create", "Street", "--skeleton", "coco_17", "--owner", anna)
    into = ("--dataset", "Street")

    terminal.run(instance_dir, "datasets", "import", str(tmp_path / "before"), *into)
    status, said, _ = terminal.run(
        instance_dir, "datasets", "import", str(tmp_path / "after"), *into, "--label-with", "blazepose_lite"
    )

    assert status == 0
    assert [line for line in said.splitlines() if "sees nobody" in line] == [
        "noted: after.jpg: blazepose_lite sees nobody in the box"
    ]


def test_an_import_of_nothing_has_the_status_1_and_leaves_no_dataset(
    terminal: Terminal, instance_dir: Path, anna: str, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    made = ("--create", "--skeleton", "coco_17")

    status, said, _ = terminal.run(instance_dir, "datasets", "import", str(empty), "--dataset", "Street", *made)

    assert status == 1
    assert "There are no files" in said
    assert "There is no dataset yet" in terminal.run(instance_dir, "datasets", "list")[1]


def test_pictures_without_labels_make_no_dataset_without_a_skeleton(
    terminal: Terminal, instance_dir: Path, anna: str, coco: Path
) -> None:
    status, _, error = terminal.run(
        instance_dir, "datasets", "import", str(coco / "images"), "--dataset", "Street", "--create"
    )

    assert status == 1
    assert "name them with --skeleton, such as coco_17" in error


def test_an_unknown_dataset_is_one_sentence(terminal: Terminal, instance_dir: Path, anna: str) -> None:
    status, _, error = terminal.run(instance_dir, "datasets", "versions", "--dataset", "Legs")

    assert status == 1
    assert error == "moveprint: there is no dataset 'Legs'; see python -m webapp datasets list\n"


def test_of_two_datasets_of_one_name_the_owner_decides(terminal: Terminal, instance_dir: Path, anna: str) -> None:
    terminal.run(instance_dir, "user", "add", "ben", stdin="seven green bicycles\n")
    for owner in ("anna", "ben"):
        terminal.run(instance_dir, "datasets", "create", "Arms", "--skeleton", "coco_17", "--owner", owner)

    both = terminal.run(instance_dir, "datasets", "versions", "--dataset", "Arms")
    one = terminal.run(instance_dir, "datasets", "versions", "--dataset", "Arms", "--owner", "ben")

    assert "2 accounts have a dataset 'Arms'; say whose with --owner" in both[2]
    assert one[0] == 0
    assert one[1].startswith("Arms has no version yet")


def test_a_version_is_frozen_and_packed(
    terminal: Terminal, instance_dir: Path, anna: str, coco: Path, tmp_path: Path
) -> None:
    terminal.run(instance_dir, "datasets", "import", str(coco), "--dataset", "Street", "--create")
    out = tmp_path / "street.zip"

    frozen = terminal.run(instance_dir, "datasets", "freeze", "--dataset", "Street", "--note", "for a run")
    packed = terminal.run(
        *(instance_dir, "datasets", "export", "--dataset", "Street"),
        *("--format", "coco", "--version", "1", "--out", str(out)),
    )

    assert frozen[1] == "Street is frozen as version 1.\n"
    assert packed[0] == 0
    assert "Version 1: 2 samples were packed." in packed[1]
    assert out.stat().st_size > 1000
    assert "for a run" in terminal.run(instance_dir, "datasets", "versions", "--dataset", "Street")[1]


def test_a_teacher_that_knows_none_of_the_keypoints_fails_with_both_lists(
    terminal: Terminal, instance_dir: Path, anna: str, coco: Path
) -> None:
    terminal.run(instance_dir, "datasets", "import", str(coco), "--dataset", "Street", "--create")

    status, said, _ = terminal.run(instance_dir, "datasets", "propose", "--dataset", "Street", "--model", "hand_lite")

    assert status == 1
    assert "fewer than 2 names are the same" in said


def test_what_is_noted_of_no_file_names_none(
    terminal: Terminal, instance_dir: Path, anna: str, coco: Path, tmp_path: Path
) -> None:
    labels = coco / "person_keypoints.json"
    content = json.loads(labels.read_text())
    del content["annotations"][0]["keypoints"]
    labels.write_text(json.dumps(content))
    terminal.run(instance_dir, "datasets", "import", str(coco), "--dataset", "Street", "--create")

    status, said, _ = terminal.run(
        *(instance_dir, "datasets", "export", "--dataset", "Street", "--format", "npz"),
        *("--states", "reviewed", "unlabelled", "--out", str(tmp_path / "street.zip")),
    )

    assert status == 0
    assert "noted: 1 sample left out" in said


def test_a_file_that_is_refused_whole_is_called_by_its_name(
    terminal: Terminal, instance_dir: Path, anna: str, coco: Path
) -> None:
    (coco / "person_keypoints.json").write_text('{"images": [')

    status, said, told = terminal.run(
        instance_dir, "datasets", "import", str(coco), "--dataset", "Street", "--skeleton", "coco_17", "--create"
    )

    assert status == 1
    assert "person_keypoints.json is no whole JSON file" in said + told
