"""What every person detector keeps to, whichever network it runs."""

from __future__ import annotations

import numpy as np
import pytest

from tests.browser.clips import man_alone
from tests.vision.ssd_models import write_ssd
from webapp.config import DETECTORS, Settings
from webapp.core.errors import ModelUnavailableError
from webapp.vision.detectors.limits import Limits
from webapp.vision.detectors.ssd_mobilenet import load_ssd_mobilenet
from webapp.vision.ports import PersonDetector
from webapp.vision.registry import load_detector_named

BUILT = "built_ssd_mobilenet"
"""The smallest network of that signature, made here, so that its file is always there: it takes red for a person."""


@pytest.fixture(scope="module", params=[*(name for name in DETECTORS if name != "auto"), BUILT])
def detector(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PersonDetector:
    if request.param == BUILT:
        path = tmp_path_factory.mktemp("weights") / "ssd_mobilenet" / "built.tflite"
        path.parent.mkdir()
        write_ssd(path)
        return load_ssd_mobilenet(path, runtime="auto", threads=1, limits=Limits(min_score=0.1))
    try:
        return load_detector_named(request.param, Settings())
    except ModelUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def man_bgr() -> np.ndarray:
    return man_alone(range(1))[0]


def test_it_goes_by_the_name_of_the_setting(detector: PersonDetector) -> None:
    assert detector.name in DETECTORS


def test_it_says_what_runs_it(detector: PersonDetector) -> None:
    assert detector.runtime in ("openvino", "litert", "onnxruntime", "torch", "none")


def test_a_person_is_found_within_the_picture(detector: PersonDetector, man_bgr: np.ndarray) -> None:
    people = detector.detect(man_bgr)

    assert people
    box = people[0].box
    assert box.x1_px < 325 < box.x2_px
    assert box.y1_px < 180 < box.y2_px
    assert 0 < people[0].score <= 1


def test_the_best_comes_first(detector: PersonDetector, man_bgr: np.ndarray) -> None:
    twice = np.concatenate([man_bgr, man_bgr], axis=1)

    scores = [person.score for person in detector.detect(twice)]

    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("shape", [(360, 640, 3), (640, 360, 3), (1, 1, 3), (2000, 30, 3)])
def test_pictures_of_any_shape_are_answered(detector: PersonDetector, shape: tuple[int, int, int]) -> None:
    assert isinstance(detector.detect(np.zeros(shape, np.uint8)), list)


def test_the_picture_is_left_as_it_was_and_the_answer_repeats(detector: PersonDetector, man_bgr: np.ndarray) -> None:
    before = man_bgr.copy()

    first, second = detector.detect(man_bgr), detector.detect(man_bgr)

    assert np.array_equal(man_bgr, before)
    assert len(first) == len(second)
    assert first[0].box.x1_px == pytest.approx(second[0].box.x1_px, abs=0.5)
