"""The official weights find what the official network finds."""

from __future__ import annotations

import json

import cv2
import numpy as np
import torch

from tests.evaluation_data import SHARED, needs_shared_data
from yolov5.boxes import box_iou
from yolov5.hub import load_hub_model


@needs_shared_data
def test_every_reference_box_is_reproduced_and_none_is_added() -> None:
    folder = SHARED / "images" / "person_boxes"
    reference = json.loads((folder / "yolov5n_640_reference.json").read_text())
    model = load_hub_model(SHARED / "weights" / "yolov5n.pt")
    model.max_iou = 0.6

    for name, boxes in reference.items():
        with torch.inference_mode():
            people = [found for found in model(folder / "images" / name) if found.class_name == "person"]

        assert len(people) == len(boxes), name
        if boxes:
            corners = np.array([(p.x1_px, p.y1_px, p.x2_px, p.y2_px) for p in people], np.float32)
            overlaps = box_iou(np.array(boxes, np.float32)[:, :4], corners)
            assert overlaps.max(axis=1).min() >= 0.98, name
            scores = np.array([p.score for p in people])[overlaps.argmax(axis=1)]
            np.testing.assert_allclose(scores, np.array(boxes)[:, 4], atol=0.01)


@needs_shared_data
def test_pictures_are_taken_as_bgr() -> None:
    folder = SHARED / "images" / "person_boxes" / "images"
    image_bgr = cv2.imread(str(folder / "000000000885.jpg"))
    assert image_bgr is not None
    model = load_hub_model(SHARED / "weights" / "yolov5n.pt")

    assert model(image_bgr) == model(folder / "000000000885.jpg") != model(image_bgr[..., ::-1])
