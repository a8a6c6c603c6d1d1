"""What is exported and imported again is the same to the bit, in every format that can hold it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.datasets.formats.drawn_records import datasets, told
from tests.datasets.formats.memory_files import MemoryFiles, read_all, written
from webapp.core.skeleton import Skeleton
from webapp.datasets.formats.known import WRITABLE, recognised
from webapp.datasets.records import LabelledPicture

TEXT_FORMATS = ("coco", "cvat", "yolo")


def by_name(pictures: list[LabelledPicture]) -> list[LabelledPicture]:
    return sorted(pictures, key=lambda picture: picture.file_name)


@pytest.mark.parametrize("name", TEXT_FORMATS)
@given(drawn=datasets())
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_records_written_and_read_are_equal(name: str, drawn: tuple[Skeleton, list[LabelledPicture]]) -> None:
    skeleton, pictures = drawn
    contents = written(WRITABLE[name], pictures, skeleton)
    back, findings = read_all(WRITABLE[name], contents, skeleton)
    assert [told(picture) for picture in by_name(back)] == [told(picture) for picture in by_name(pictures)]
    assert [finding for finding in findings if finding.kind == "refused"] == []


@pytest.mark.parametrize("name", TEXT_FORMATS)
@given(drawn=datasets())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_export_is_recognised_and_tells_its_skeleton(
    name: str, drawn: tuple[Skeleton, list[LabelledPicture]]
) -> None:
    skeleton, pictures = drawn
    files = MemoryFiles(written(WRITABLE[name], pictures, skeleton))
    assert recognised(files) == name
    assert WRITABLE[name].skeleton_of(files) == skeleton


@pytest.mark.parametrize("name", TEXT_FORMATS)
@given(drawn=datasets())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_whole_archive_may_lie_in_a_folder_of_its_own(
    name: str, drawn: tuple[Skeleton, list[LabelledPicture]]
) -> None:
    skeleton, pictures = drawn
    contents = {f"my data/{key}": data for key, data in written(WRITABLE[name], pictures, skeleton).items()}
    back, findings = read_all(WRITABLE[name], contents, skeleton)
    assert {picture.file_name for picture in back} == {f"my data/{picture.file_name}" for picture in pictures}
    assert [finding for finding in findings if finding.kind == "refused"] == []
