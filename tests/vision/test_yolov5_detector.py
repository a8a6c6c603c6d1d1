"""YOLOv5 as a person detector: the same boxes by any runtime, exported once, never from a damaged file."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.evaluation_data import SHARED, needs_shared_data
from tests.yolov5.checkpoints import random_network, write_official
from webapp.core.errors import ModelUnavailableError
from webapp.supervisor import LOADING_S
from webapp.vision import runtimes
from webapp.vision.detectors import yolov5_runtimes
from webapp.vision.detectors.limits import MEASURING_LIMITS, Limits
from webapp.vision.detectors.yolov5 import YoloV5Detector, load_yolov5
from webapp.vision.detectors.yolov5_runtimes import RUNTIMES
from webapp.vision.person_ap import person_ap50
from webapp.vision.runners import ModelInput
from webapp.vision.runtimes import load_network
from webapp.vision.weights import sha256_of
from yolov5.boxes import box_iou
from yolov5.checkpoint import CheckpointError
from yolov5.export import MAX_BOX_DIFFERENCE_PX, MAX_SCORE_DIFFERENCE, Parity
from yolov5.network import SCALES, YoloV5

SIDE_PX = 64


class FixedRows:
    """Answers the same rows for any picture."""

    runtime = "fixed"
    input = ModelInput((1, SIDE_PX, SIDE_PX, 3), np.dtype(np.uint8))

    def __init__(self, *rows: tuple[float, ...]) -> None:
        self._rows = np.array(rows, np.float32).reshape(1, -1, 6)

    def run(self, batch: np.ndarray) -> list[np.ndarray]:
        return [self._rows]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights that know a person, already exported for SIDE_PX."""
    path = tmp_path_factory.mktemp("weights") / "yolov5" / "custom.pt"
    path.parent.mkdir()
    write_official(path, random_network("n"), ["dog", "person", "ball"])
    load_yolov5(path, threads=1, input_px=SIDE_PX)
    return path


@pytest.fixture(autouse=True)
def quick_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "_MEASURING_S", 0.0)


@pytest.fixture
def noise_bgr() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (48, 64, 3), dtype=np.uint8)


@pytest.fixture
def onnx_path(checkpoint: Path) -> Path:
    """The export of the checkpoint."""
    return next(checkpoint.parent.glob(f"*-{SIDE_PX}.onnx"))


def no_export(*_: object) -> None:
    raise AssertionError("exported again")


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


def test_every_runtime_gives_the_same_boxes(checkpoint: Path, noise_bgr: np.ndarray) -> None:
    limits = Limits(min_score=0.0, max_iou=1.0, max_people=1000, min_height=0.0)
    found = {}

    for runtime in RUNTIMES:
        detector = load_yolov5(checkpoint, threads=1, input_px=SIDE_PX, limits=limits, runtime=runtime)
        assert detector.runtime == runtime
        boxes = [(p.box.x1_px, p.box.y1_px, p.box.x2_px, p.box.y2_px) for p in detector.detect(noise_bgr)]
        found[runtime] = np.sort(np.array(boxes), axis=0)

    assert len(found["torch"]) > 50
    np.testing.assert_allclose(found["openvino"], found["torch"], atol=0.01)
    np.testing.assert_allclose(found["onnxruntime"], found["torch"], atol=0.01)


def test_the_export_is_done_once_and_the_fastest_runtime_remembered(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_yolov5(checkpoint, threads=1, input_px=SIDE_PX).runtime
    monkeypatch.setattr(yolov5_runtimes, "_export", no_export)
    monkeypatch.setattr(runtimes, "_times_s", no_export)

    assert load_yolov5(checkpoint, threads=1, input_px=SIDE_PX).runtime == first in RUNTIMES


def test_what_is_kept_of_an_export_says_how_near_it_came_to_pytorch(checkpoint: Path, onnx_path: Path) -> None:
    known = json.loads(onnx_path.with_suffix(".json").read_text())

    assert known["source_sha256"] == sha256_of(checkpoint)
    assert known["sha256"] == sha256_of(onnx_path)
    assert 0 <= known["difference_to_torch"]["box_px"] < MAX_BOX_DIFFERENCE_PX
    assert 0 <= known["difference_to_torch"]["score"] < MAX_SCORE_DIFFERENCE


@pytest.mark.parametrize("parity", [Parity(0.06, 0.0), Parity(0.0, 0.01), Parity(float("nan"), 0.0)])
def test_an_export_that_sees_something_else_is_refused(parity: Parity) -> None:
    with pytest.raises(CheckpointError, match="differ from PyTorch's by"):
        parity.check()


def test_an_export_that_hangs_is_given_up_before_the_supervisor_replaces_its_worker() -> None:
    assert yolov5_runtimes.EXPORT_LIMIT_S < LOADING_S / 1.2


@pytest.mark.parametrize("suffix", [".onnx", ".json"])
def test_a_damaged_export_is_not_loaded_but_done_again(
    checkpoint: Path, onnx_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = onnx_path.with_suffix(suffix)
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[: len(whole) // 2])
    monkeypatch.setattr(yolov5_runtimes, "_export", no_export)

    with pytest.raises(AssertionError, match="exported again"):
        load_yolov5(checkpoint, threads=1, input_px=SIDE_PX)

    damaged.write_bytes(whole)


def test_where_the_weights_may_not_be_written_the_export_serves_once(
    checkpoint: Path,
    onnx_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def export(_path: Path, fresh: Path, _input_px: int) -> None:
        shutil.copy(onnx_path, fresh)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    read_only = tmp_path / "yolov5" / "custom.pt"
    read_only.parent.mkdir()
    shutil.copy(checkpoint, read_only)
    monkeypatch.setattr(yolov5_runtimes, "_export", export)
    monkeypatch.setattr(yolov5_runtimes, "_keep", refuse)

    detector = load_yolov5(read_only, threads=1, input_px=SIDE_PX)

    assert isinstance(detector.detect(np.zeros((48, 64, 3), np.uint8)), list)
    assert "each start exports anew" in caplog.text
    assert list(read_only.parent.iterdir()) == [read_only]


def test_an_exported_network_runs_without_pytorch(checkpoint: Path) -> None:
    code = (
        "import sys, numpy; from pathlib import Path; from webapp.vision.detectors.yolov5 import load_yolov5;"
        f"detector = load_yolov5(Path({str(checkpoint)!r}), threads=1, input_px={SIDE_PX}, runtime='openvino');"
        "detector.detect(numpy.zeros((48, 64, 3), numpy.uint8)); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_pytorch_steps_in_where_nothing_could_be_exported(
    checkpoint: Path, noise_bgr: np.ndarray, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(yolov5_runtimes, "EXPORT_LIMIT_S", 0.05)

    detector = load_yolov5(checkpoint, threads=1, input_px=SIDE_PX + 64)

    assert detector.runtime == "torch"
    assert isinstance(detector.detect(noise_bgr), list)
    assert "took more than 0.05 s; YOLOv5 runs on PyTorch" in caplog.text


def test_without_pytorch_an_export_runs_on_the_others_even_where_pytorch_is_named(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)

    assert load_yolov5(checkpoint, threads=1, input_px=SIDE_PX, runtime="torch").runtime in ("openvino", "onnxruntime")
    assert "runtime torch is not installed" in caplog.text


def test_a_runtime_that_cannot_run_it_leaves_the_choice_to_the_others(checkpoint: Path) -> None:
    assert load_yolov5(checkpoint, threads=1, input_px=SIDE_PX, runtime="litert").runtime in RUNTIMES


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_an_onnx_file_that_is_none_is_refused(runtime: str, onnx_path: Path, tmp_path: Path) -> None:
    broken = tmp_path / "yolov5" / "cut.onnx"
    broken.parent.mkdir()
    for content in (onnx_path.read_bytes()[:5000], b"<html>" * 100, b""):
        broken.write_bytes(content)
        with pytest.raises(ModelUnavailableError, match=r"openvino cannot load cut\.onnx: .*onnxruntime cannot load"):
            load_network(broken)
        with pytest.raises(ModelUnavailableError, match=r"cannot load cut\.onnx"):
            load_network(broken, runtime=runtime)


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


def test_the_medium_size_detects_on_every_runtime(tmp_path: Path) -> None:
    path = tmp_path / "yolov5" / "medium.pt"
    path.parent.mkdir()
    write_official(path, random_network("m", classes=1), ["person"])
    image_bgr = np.random.default_rng(6).integers(0, 256, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    limits = Limits(min_score=0.0, min_height=0.0)

    scores = {
        runtime: [person.score for person in load_yolov5(path, 1, SIDE_PX, limits, runtime).detect(image_bgr)]
        for runtime in RUNTIMES
    }

    assert len(scores["torch"]) == limits.max_people
    assert scores["openvino"] == pytest.approx(scores["torch"], abs=1e-4)
    assert scores["onnxruntime"] == pytest.approx(scores["torch"], abs=1e-4)


@pytest.mark.parametrize("size", ["l", "x"])
def test_the_larger_sizes_are_built(size: str) -> None:
    with torch.device("meta"):
        rows = YoloV5(SCALES[size], classes=1)(torch.empty(1, 3, SIDE_PX, SIDE_PX))

    assert rows.shape == (1, 252, 6)


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("official") / "yolov5" / "yolov5n.pt"
    path.parent.mkdir()
    path.write_bytes((SHARED / "weights" / "yolov5n.pt").read_bytes())
    return path


@needs_shared_data
@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_person_ap50_is_that_of_the_official_network(official: Path, runtime: str) -> None:
    detector = load_yolov5(official, threads=2, limits=MEASURING_LIMITS, runtime=runtime)

    assert person_ap50(detector, SHARED / "images" / "person_boxes") == pytest.approx(0.556, abs=0.002)


@needs_shared_data
def test_person_ap50_at_the_published_side_is_that_of_the_official_network(official: Path) -> None:
    detector = load_yolov5(official, threads=2, input_px=640, limits=MEASURING_LIMITS, runtime="openvino")

    assert person_ap50(detector, SHARED / "images" / "person_boxes") == pytest.approx(0.713, abs=0.002)


@needs_shared_data
@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_live_boxes_are_those_of_pytorch(official: Path, runtime: str) -> None:
    fast = load_yolov5(official, threads=2, runtime=runtime)
    plain = load_yolov5(official, threads=2, runtime="torch")
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
