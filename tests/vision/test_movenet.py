"""MoveNet MultiPose: what its six rows mean, in pixels of the picture, and which files are none of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from webapp.config import Settings
from webapp.core.errors import ModelUnavailableError
from webapp.core.skeleton import COCO_17
from webapp.vision.poses import movenet
from webapp.vision.poses.movenet import MoveNetMultiPose, load_movenet_multipose
from webapp.vision.runners import Array, ModelInput
from webapp.vision.weights import model_path


@dataclass
class Scripted:
    """A network that answers these rows (people, 56), whatever it is shown."""

    rows: Array
    seen: list[Array] = field(default_factory=list)
    runtime: str = "none"
    input: ModelInput = field(default_factory=lambda: ModelInput((1, 320, 320, 3), np.dtype(np.int32)))

    def run(self, batch: Array) -> list[Array]:
        self.seen.append(batch)
        return [self.rows[None]]


def row(score: float, y: float = 0.5, x: float = 0.5, keypoint_score: float = 0.9) -> list[float]:
    return [*[y, x, keypoint_score] * 17, 0.0, 0.0, 1.0, 1.0, score]


def test_places_are_those_of_the_picture_before_it_was_scaled_to_fit() -> None:
    network = Scripted(np.array([row(0.8, y=0.25, x=0.75)], np.float32))

    (pose,) = MoveNetMultiPose(network, "movenet").find(np.zeros((320, 640, 3), np.uint8))

    # the wide picture fills rows 80 to 240 of the input at half its size
    assert pose.keypoints_px == pytest.approx(np.tile([480.0, 0.0], (17, 1)))
    assert pose.skeleton is COCO_17


def test_the_network_sees_whole_numbers_in_the_order_rgb() -> None:
    network = Scripted(np.array([row(0.0)], np.float32))

    MoveNetMultiPose(network, "movenet").find(np.full((10, 10, 3), (10, 20, 30), np.uint8))

    (batch,) = network.seen
    assert batch.shape == (1, 320, 320, 3)
    assert batch.dtype == np.int32
    assert batch[0, 160, 160].tolist() == [30, 20, 10]


def test_the_best_comes_first_and_rows_that_are_nobody_are_left_out() -> None:
    network = Scripted(np.array([row(0.05), row(0.2), row(0.9), row(0.0)], np.float32))

    poses = MoveNetMultiPose(network, "movenet").find(np.zeros((100, 100, 3), np.uint8))

    assert [pose.score for pose in poses] == pytest.approx([0.944, 0.556], abs=0.001)


def test_scores_are_even_at_a_half_as_those_of_other_pose_models() -> None:
    even = Scripted(np.array([row(movenet.EVEN_SCORE, keypoint_score=movenet.EVEN_KEYPOINT_SCORE)], np.float32))
    sure = Scripted(np.array([row(1.01, keypoint_score=1.01)], np.float32))
    image_bgr = np.zeros((100, 100, 3), np.uint8)

    (unsure_pose,), (sure_pose,) = (MoveNetMultiPose(network, "m").find(image_bgr) for network in (even, sure))

    assert unsure_pose.score == pytest.approx(0.5)
    assert unsure_pose.scores == pytest.approx(np.full(17, 0.5))
    assert sure_pose.score == 1.0
    assert sure_pose.scores.max() == 1.0


def test_another_model_s_file_is_refused_with_its_shapes() -> None:
    path = model_path("blazepose_lite", Settings().weights_dir)

    with pytest.raises(ModelUnavailableError, match=r"must answer \(1, people, 56\), it answers \(1, 195\), "):
        load_movenet_multipose("movenet_multipose", path, "litert", 1)


def test_a_cut_off_file_is_refused(tmp_path: Path) -> None:
    whole = model_path("blazepose_lite", Settings().weights_dir)
    (tmp_path / "movenet").mkdir()
    path = tmp_path / "movenet" / "cut.tflite"
    path.write_bytes(whole.read_bytes()[:100_000])

    with pytest.raises(ModelUnavailableError, match=r"cut\.tflite"):
        load_movenet_multipose("movenet_multipose", path, "litert", 1)


def test_the_converted_model_answers_as_tensorflow_does() -> None:
    try:
        path = model_path("movenet_multipose", Settings().weights_dir)
    except ModelUnavailableError as error:
        pytest.skip(str(error))

    assert json.loads(path.with_name(path.name + ".json").read_text())["largest_difference"] < 1e-4
