"""Published labels come in whole, and through every format of ours they stay the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.datasets.formats.drawn_records import told
from tests.datasets.formats.memory_files import MemoryFiles, MemoryWriter, sorted_out
from tests.evaluation_data import SHARED, needs_shared_data
from webapp.core.skeleton import COCO_17
from webapp.datasets.archives import folder_files
from webapp.datasets.formats.known import FORMATS, WRITABLE, recognised
from webapp.datasets.records import Finding, LabelledPicture


def taken_in(folder: Path) -> tuple[str, list[LabelledPicture], list[Finding]]:
    files = folder_files(folder)
    name = recognised(files)
    assert name is not None
    pictures, findings = sorted_out(FORMATS[name].read(files, FORMATS[name].skeleton_of(files)))
    return name, pictures, findings


@needs_shared_data
def test_the_coco_pictures_come_in_whole() -> None:
    name, pictures, findings = taken_in(SHARED / "images/coco_keypoints")
    people = [person for picture in pictures for person in picture.people]
    assert (name, len(pictures), len(people)) == ("coco", 80, 167)
    assert sum(person.label is not None for person in people) == 86
    assert [finding.kind for finding in findings] == ["noted"] * 5
    assert all("is a crowd" in finding.reason for finding in findings)
    assert all("segmentation" in person.extra["coco"] for person in people)  # type: ignore[operator]


@needs_shared_data
def test_the_table_of_lsp_comes_in_whole_with_one_keypoint_moved() -> None:
    name, pictures, findings = taken_in(SHARED / "images/lsp_extended")
    assert (name, len(pictures)) == ("csv", 400)
    assert [(finding.file_name, finding.kind) for finding in findings] == [("images/im00024.jpg", "noted")]
    assert "head_top (1.17 px)" in findings[0].reason
    labels = [person.label for picture in pictures for person in picture.people]
    assert sum(int((label.visibility == 2).sum()) for label in labels if label is not None) == 4866


@needs_shared_data
@pytest.mark.parametrize("name", ["coco", "cvat", "yolo"])
def test_the_coco_labels_are_the_same_after_a_way_through(name: str) -> None:
    folder = SHARED / "images/coco_keypoints"
    _, pictures, _ = taken_in(folder)
    writer = MemoryWriter()
    WRITABLE[name].write(pictures, COCO_17, writer)
    contents = {picture.file_name: (folder / picture.file_name).read_bytes() for picture in pictures}
    back, findings = sorted_out(WRITABLE[name].read(MemoryFiles({**contents, **writer.contents}), COCO_17))
    assert findings == []
    expected = {picture.file_name: told(picture) for picture in pictures}
    assert {picture.file_name: told(picture) for picture in back} == expected
