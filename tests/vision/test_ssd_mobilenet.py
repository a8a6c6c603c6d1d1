"""SSD MobileNet: a file with its signature finds people, any other is refused with what was expected and found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.vision.ssd_models import PERSON_YXYX, TINY_YXYX, write_ssd
from webapp.core.errors import ModelUnavailableError
from webapp.vision.detectors.limits import Limits
from webapp.vision.detectors.ssd_mobilenet import SsdMobileNetDetector, load_ssd_mobilenet


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "ssd_mobilenet" / "small.tflite"
    path.parent.mkdir()
    write_ssd(path)
    return path


@pytest.fixture(scope="module")
def detector(path: Path) -> SsdMobileNetDetector:
    return load_ssd_mobilenet(path, runtime="auto", threads=2)


def plain_bgr(blue: int, green: int, red: int, width_px: int = 640, height_px: int = 480) -> np.ndarray:
    return np.full((height_px, width_px, 3), (blue, green, red), np.uint8)


def test_a_person_is_found_in_pixels_of_the_picture(detector: SsdMobileNetDetector) -> None:
    (person,) = detector.detect(plain_bgr(0, 0, 204))

    y1, x1, y2, x2 = PERSON_YXYX
    assert person.score == pytest.approx(0.8)
    assert (person.box.x1_px, person.box.x2_px) == pytest.approx((x1 * 640, x2 * 640))
    assert (person.box.y1_px, person.box.y2_px) == pytest.approx((y1 * 480, y2 * 480))


def test_other_things_weak_and_tiny_boxes_are_nobody(detector: SsdMobileNetDetector) -> None:
    assert detector.detect(plain_bgr(255, 0, 0)) == []  # something else
    assert detector.detect(plain_bgr(0, 0, 80)) == []  # a person of score 0.31
    assert detector.detect(plain_bgr(0, 255, 0)) == []  # a person of a twentieth of the height


def test_rows_left_over_from_an_earlier_picture_are_nobody(detector: SsdMobileNetDetector) -> None:
    assert len(detector.detect(plain_bgr(200, 255, 255))) == 1
    assert detector.detect(plain_bgr(0, 0, 0)) == []


def test_the_best_comes_first_and_no_more_than_asked_for(path: Path) -> None:
    loose = load_ssd_mobilenet(path, runtime="litert", threads=1, limits=Limits(min_score=0.1, min_height=0.0))
    single = load_ssd_mobilenet(path, runtime="litert", threads=1, limits=Limits(max_people=1, min_height=0.0))
    picture_bgr = plain_bgr(0, 255, 128)

    assert [round(person.score, 2) for person in loose.detect(picture_bgr)] == [1.0, 0.5]
    (best,) = single.detect(picture_bgr)
    assert best.box.x1_px == pytest.approx(TINY_YXYX[1] * 640)


def test_it_runs_on_litert_whatever_the_setting_names(path: Path) -> None:
    assert load_ssd_mobilenet(path, runtime="openvino", threads=1).runtime == "litert"


def test_another_input_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ssd" / "other.tflite"
    path.parent.mkdir()
    write_ssd(path, side_px=64)

    with pytest.raises(
        ModelUnavailableError, match=r"other\.tflite .* \(1, 300, 300, 3\) of uint8, found \(1, 64, 64, 3\)"
    ):
        load_ssd_mobilenet(path, runtime="auto", threads=1)


@pytest.mark.parametrize(
    ("outputs", "found"),
    [((0, 1, 2), r"\(1, 3, 4\), \(1, 3\), \(1, 3\)$"), ((2, 0, 3, 1), r"\(1, 3\), \(1, 3, 4\), \(1,\), \(1, 3\)$")],
)
def test_other_outputs_are_refused(outputs: tuple[int, ...], found: str, tmp_path: Path) -> None:
    path = tmp_path / "ssd" / "other.tflite"
    path.parent.mkdir()
    write_ssd(path, outputs=outputs)

    with pytest.raises(ModelUnavailableError, match=rf"expected the outputs boxes \(1, N, 4\), .*found {found}"):
        load_ssd_mobilenet(path, runtime="auto", threads=1)


def test_missing_and_damaged_files_are_refused(path: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="is missing"):
        load_ssd_mobilenet(tmp_path / "gone.tflite", runtime="auto", threads=1)
    damaged = tmp_path / "ssd" / "cut.tflite"
    damaged.parent.mkdir()
    damaged.write_bytes(path.read_bytes()[:900])
    with pytest.raises(ModelUnavailableError, match=r"litert cannot load cut\.tflite"):
        load_ssd_mobilenet(damaged, runtime="auto", threads=1)
