"""YOLOv5 as a person detector: the same boxes by either runtime, converted once, never from a damaged file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.evaluation_data import SHARED, needs_shared_data
from tests.yolov5.checkpoints import random_network, write_official
from webapp.core.errors import ModelUnavailableError
from webapp.supervisor import LOADING_S
from webapp.vision.detectors import yolov5_runtimes
from webapp.vision.detectors.yolov5 import MEASURING_LIMITS, Limits, YoloV5Detector, load_yolov5
from webapp.vision.detectors.yolov5_runtimes import load_openvino_rows, load_torch_rows
from webapp.vision.person_ap import person_ap50
from yolov5.boxes import box_iou

SIDE_PX = 64


class FixedRows:
    """Answers the same rows for any picture."""

    runtime = "fixed"

    def __init__(self, *rows: tuple[float, ...]) -> None:
        self._rows = np.array(rows, np.float32).reshape(-1, 6)

    def run(self, fitted_bgr: np.ndarray) -> np.ndarray:
        return self._rows


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights that know a person, already converted for SIDE_PX."""
    path = tmp_path_factory.mktemp("weights") / "custom.pt"
    write_official(path, random_network("n"), ["dog", "person", "ball"])
    load_yolov5(path, threads=1, input_px=SIDE_PX)
    return path


@pytest.fixture
def noise_bgr() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def no_conversion(*_: object) -> None:
    raise AssertionError("converted again")


def test_boxes_are_in_pixels_of_the_picture_best_first() -> None:
    rows = FixedRows((32, 32, 16, 32, 0.5, 1.0), (10, 32, 8, 16, 0.9, 1.0))

    people = YoloV5Detector("fixed", rows, SIDE_PX).detect(np.zeros((96, 128, 3), np.uint8))

    assert [round(person.score, 3) for person in people] == [0.9, 0.5]
    assert people[1].box.x1_px == pytest.approx(48)
    assert people[1].box.y1_px == pytest.approx(16)
    assert people[1].box.height_px == pytest.approx(64)


def test_weak_and_small_boxes_are_left_out() -> None:
    rows = FixedRows((32, 32, 16, 32, 0.2, 1.0), (10, 32, 4, 4, 0.9, 1.0), (50, 32, 8, 8, 0.8, 1.0))
    limits = Limits(min_score=0.3, min_height=0.1)

    people = YoloV5Detector("fixed", rows, SIDE_PX, limits).detect(np.zeros((64, 64, 3), np.uint8))

    assert [round(person.score, 3) for person in people] == [0.8]


def test_a_box_beside_the_picture_is_nobody() -> None:
    # within the grey above a wide picture
    rows = FixedRows((32, 6, 8, 8, 0.9, 1.0))

    assert YoloV5Detector("fixed", rows, SIDE_PX).detect(np.zeros((16, 64, 3), np.uint8)) == []


def test_openvino_and_pytorch_give_the_same_rows(checkpoint: Path, noise_bgr: np.ndarray) -> None:
    square_bgr = np.ascontiguousarray(np.resize(noise_bgr, (SIDE_PX, SIDE_PX, 3)))
    sha256 = next((checkpoint.parent / "openvino").glob("*.xml")).stem.split("-")[1].ljust(64, "0")

    fast = load_openvino_rows(checkpoint, sha256, SIDE_PX, threads=1).run(square_bgr)
    plain = load_torch_rows(checkpoint, threads=1).run(square_bgr)

    assert fast.shape == plain.shape == (3 * (8 * 8 + 4 * 4 + 2 * 2), 6)
    np.testing.assert_allclose(fast, plain, atol=1e-3)


def test_the_conversion_is_done_once(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yolov5_runtimes, "_export", no_conversion)

    assert load_yolov5(checkpoint, threads=1, input_px=SIDE_PX).runtime == "openvino"


def test_a_conversion_that_hangs_is_given_up_before_the_supervisor_replaces_its_worker() -> None:
    assert yolov5_runtimes.EXPORT_LIMIT_S < LOADING_S / 1.2


@pytest.mark.parametrize("suffix", ["xml", "bin", "json"])
def test_a_damaged_conversion_is_not_loaded_but_done_again(
    checkpoint: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = next((checkpoint.parent / "openvino").glob(f"*.{suffix}"))
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2])
    monkeypatch.setattr(yolov5_runtimes, "_export", no_conversion)

    with pytest.raises(AssertionError, match="converted again"):
        load_yolov5(checkpoint, threads=1, input_px=SIDE_PX)

    kept.write_bytes(whole)


def test_a_converted_network_runs_without_pytorch(checkpoint: Path) -> None:
    code = (
        "import sys, numpy; from pathlib import Path; from webapp.vision.detectors.yolov5 import load_yolov5;"
        f"detector = load_yolov5(Path({str(checkpoint)!r}), threads=1, input_px={SIDE_PX});"
        "detector.detect(numpy.zeros((48, 64, 3), numpy.uint8)); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_pytorch_steps_in_where_openvino_is_missing(
    checkpoint: Path, noise_bgr: np.ndarray, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    limits = Limits(min_score=0.0, min_height=0.0)
    expected = load_yolov5(checkpoint, threads=1, input_px=SIDE_PX, limits=limits).detect(noise_bgr)
    monkeypatch.setitem(sys.modules, "openvino", None)

    detector = load_yolov5(checkpoint, threads=1, input_px=SIDE_PX, limits=limits)

    assert detector.runtime == "torch"
    assert "YOLOv5 runs on PyTorch" in caplog.text
    people = detector.detect(noise_bgr)
    assert [person.score for person in people] == pytest.approx([person.score for person in expected], abs=1e-4)


def test_a_damaged_official_file_is_never_loaded(tmp_path: Path) -> None:
    damaged = tmp_path / "yolov5n.pt"
    damaged.write_bytes(b"half of it")

    with pytest.raises(ModelUnavailableError, match=r"damaged; get them anew: python -m webapp weights pull yolov5n"):
        load_yolov5(damaged, threads=1)


def test_missing_and_foreign_files_are_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"missing; get them: python -m webapp weights pull yolov5s"):
        load_yolov5(tmp_path / "yolov5s.pt", threads=1)
    foreign = tmp_path / "mine.pt"
    foreign.write_bytes(b"<html>")
    with pytest.raises(ModelUnavailableError, match="not a whole PyTorch checkpoint"):
        load_yolov5(foreign, threads=1)


def test_a_network_that_knows_no_person_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pets.pt"
    write_official(path, random_network("n", classes=2), ["dog", "cat"])

    with pytest.raises(ModelUnavailableError, match='knows no class "person"'):
        load_yolov5(path, threads=1, input_px=SIDE_PX)


def test_the_medium_size_detects(tmp_path: Path) -> None:
    path = tmp_path / "medium.pt"
    write_official(path, random_network("m", classes=1), ["person"])

    rows = load_torch_rows(path, threads=1).run(np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8))

    assert rows.shape == (252, 6)
    assert np.isfinite(rows).all()


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("official") / "yolov5n.pt"
    path.write_bytes((SHARED / "weights" / "yolov5n.pt").read_bytes())
    return path


@needs_shared_data
@pytest.mark.parametrize(("input_px", "expected"), [(320, 0.556), (640, 0.713)])
def test_person_ap50_is_that_of_the_official_network(official: Path, input_px: int, expected: float) -> None:
    detector = load_yolov5(official, threads=2, input_px=input_px, limits=MEASURING_LIMITS)

    assert person_ap50(detector, SHARED / "images" / "person_boxes") == pytest.approx(expected, abs=0.002)


@needs_shared_data
def test_live_boxes_are_the_same_by_either_runtime(official: Path) -> None:
    fast = load_yolov5(official, threads=2)
    plain = YoloV5Detector("plain", load_torch_rows(official, threads=2), 320)
    compared = 0

    for picture in sorted((SHARED / "images" / "person_boxes" / "images").glob("*.jpg"))[:24]:
        image_bgr = np.asarray(cv2.imread(str(picture)), np.uint8)
        sets = [
            np.array([(p.box.x1_px, p.box.y1_px, p.box.x2_px, p.box.y2_px) for p in people], np.float32).reshape(-1, 4)
            for people in (fast.detect(image_bgr), plain.detect(image_bgr))
        ]
        assert sets[0].shape == sets[1].shape, picture.name
        if len(sets[0]):
            assert np.diagonal(box_iou(*sets)).min() >= 0.99, picture.name
            compared += len(sets[0])
    assert compared > 5
