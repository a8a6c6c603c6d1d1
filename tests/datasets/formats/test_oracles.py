"""Other libraries read what we write, and see the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import supervision
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from tests.datasets.formats.memory_files import written
from webapp.core.records import Box
from webapp.core.skeleton import COCO_17, UPPER_BODY_6, Skeleton
from webapp.datasets.formats import coco, yolo_pose
from webapp.datasets.records import ABSENT, SPLITS, Label, LabelledPerson, LabelledPicture

WIDTH_PX, HEIGHT_PX = 320, 240


def people_standing_about(skeleton: Skeleton, count: int = 6) -> list[LabelledPicture]:
    """Pictures of two labelled people each, and one of somebody with a box alone."""
    chance = np.random.default_rng(7)
    pictures = []
    for number in range(count):
        people = []
        for left_px in (10.125, 170.3):
            keypoints = (chance.uniform(0.1, 0.9, (len(skeleton.keypoints), 2)) * (130, 200) + (left_px, 20)).astype(
                "f4"
            )
            visibility = chance.integers(0, 3, len(skeleton.keypoints)).astype(np.uint8)
            visibility[0] = 2
            keypoints[visibility == ABSENT] = np.nan
            box = Box(left_px, 20.1, left_px + 130.7, 220.3)
            people.append(LabelledPerson(box, Label(keypoints, visibility), person="Anna", split=SPLITS[number % 3]))
        pictures.append(LabelledPicture(f"images/{number}.png", WIDTH_PX, HEIGHT_PX, tuple(people)))
    alone = LabelledPerson(Box(5.5, 6.5, 100.25, 200.75), None, state="unlabelled")
    return [*pictures, LabelledPicture("images/alone.png", WIDTH_PX, HEIGHT_PX, (alone,))]


def put_down(contents: dict[str, bytes], folder: Path) -> Path:
    for name, data in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def everybody(pictures: list[LabelledPicture]) -> list[LabelledPerson]:
    return [person for picture in pictures for person in picture.people]


@pytest.mark.parametrize("skeleton", [COCO_17, UPPER_BODY_6], ids=lambda skeleton: skeleton.name)
def test_pycocotools_sees_the_same_people_and_keypoints(skeleton: Skeleton, tmp_path: Path) -> None:
    pictures = people_standing_about(skeleton)
    folder = put_down(written(coco, pictures, skeleton), tmp_path)
    loaded = COCO(str(folder / "person_keypoints.json"))
    annotations = loaded.loadAnns(sorted(loaded.getAnnIds(catIds=loaded.getCatIds(["person"]))))
    for annotation, person in zip(annotations, everybody(pictures), strict=True):
        x, y, width, height = annotation["bbox"]
        assert (x, y) == (person.box.x1_px, person.box.y1_px)
        assert (x + width, y + height) == pytest.approx((person.box.x2_px, person.box.y2_px))
        points = np.array(annotation["keypoints"]).reshape(-1, 3)
        if person.label is None:
            assert annotation["num_keypoints"] == 0
            continue
        there = person.label.visibility != ABSENT
        assert points[:, 2].tolist() == person.label.visibility.tolist()
        assert points[there, :2].astype(np.float32).tolist() == person.label.keypoints_px[there].tolist()
    (category,) = loaded.loadCats(loaded.getCatIds())
    assert [(a - 1, b - 1) for a, b in category["skeleton"]] == list(skeleton.edge_indices)


def test_our_ground_truth_as_its_own_detections_is_perfect_for_coco(tmp_path: Path) -> None:
    folder = put_down(written(coco, people_standing_about(COCO_17), COCO_17), tmp_path)
    truth = COCO(str(folder / "person_keypoints.json"))
    found = [{**annotation, "score": 1.0} for annotation in truth.anns.values() if annotation["num_keypoints"]]
    evaluation = COCOeval(truth, truth.loadRes(found), "keypoints")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1.0)


def test_supervision_reads_our_coco_boxes(tmp_path: Path) -> None:
    pictures = people_standing_about(UPPER_BODY_6)
    folder = put_down(written(coco, pictures, UPPER_BODY_6), tmp_path)
    loaded = supervision.DetectionDataset.from_coco(str(folder / "images"), str(folder / "person_keypoints.json"))
    assert_boxes(loaded, pictures)


def test_supervision_reads_our_yolo_boxes(tmp_path: Path) -> None:
    pictures = people_standing_about(UPPER_BODY_6)
    folder = put_down(written(yolo_pose, pictures, UPPER_BODY_6), tmp_path)
    loaded = supervision.DetectionDataset.from_yolo(
        str(folder / "images"), str(folder / "labels"), str(folder / "data.yaml")
    )
    assert_boxes(loaded, pictures)


def assert_boxes(loaded: supervision.DetectionDataset, pictures: list[LabelledPicture]) -> None:
    boxes = {Path(path).name: detections.xyxy for path, detections in loaded.annotations.items()}
    assert loaded.classes == ["person"]
    assert set(boxes) == {Path(picture.file_name).name for picture in pictures}
    for picture in pictures:
        expected = [[p.box.x1_px, p.box.y1_px, p.box.x2_px, p.box.y2_px] for p in picture.people]
        np.testing.assert_allclose(boxes[Path(picture.file_name).name], expected, atol=1e-3)
