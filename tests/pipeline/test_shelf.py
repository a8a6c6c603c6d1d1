"""The shelf: models are loaded beside the work, once for all who ask, and kept while somebody uses them."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Sequence

import pytest

from webapp.config import Settings
from webapp.core.errors import ModelUnavailableError
from webapp.core.records import Pose
from webapp.core.skeleton import COCO_17
from webapp.pipeline.messages import ModelChoice
from webapp.pipeline.models import ModelLoader, Models
from webapp.pipeline.shelf import FAILED, ModelShelf
from webapp.vision.ports import Image


class NobodyThere:
    """A pose model that finds nobody, by itself."""

    name, runtime, skeleton = "nobody", "none", COCO_17

    def find(self, image_bgr: Image) -> list[Pose]:
        return []


def choice(name: str) -> ModelChoice:
    return ModelChoice("auto", name)


class Loader:
    """Makes models, one after another as the test lets it, and counts."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.go = threading.Semaphore(1000)

    def __call__(self, asked: ModelChoice) -> Models:
        self.go.acquire()
        self.loaded.append(asked.pose_model)
        if asked.pose_model == "absent":
            raise ModelUnavailableError("absent is not here; fetch it")
        if asked.pose_model == "broken":
            raise RuntimeError("a fault in the reader")
        return Models(None, NobodyThere())


def settled(shelf: ModelShelf, count: int = 1) -> Sequence[tuple[ModelChoice, Models | str]]:
    found: list[tuple[ModelChoice, Models | str]] = []
    until_s = time.monotonic() + 20
    while len(found) < count:
        assert time.monotonic() < until_s
        found += shelf.take_settled()
        time.sleep(0.005)
    return found


@pytest.fixture
def loader() -> Loader:
    return Loader()


def test_models_are_told_when_they_are_there_and_shared_from_then_on(loader: Loader) -> None:
    shelf = ModelShelf(loader)

    assert shelf.get(choice("a")) is None
    ((asked, models),) = settled(shelf)

    assert asked == choice("a")
    assert shelf.get(choice("a")) is models
    assert loader.loaded == ["a"]


def test_what_two_ask_for_at_once_is_loaded_once(loader: Loader) -> None:
    loader.go = threading.Semaphore(0)
    shelf = ModelShelf(loader)

    for _ in range(3):
        assert shelf.get(choice("a")) is None
    loader.go.release()

    assert [asked for asked, _ in settled(shelf)] == [choice("a")]
    assert loader.loaded == ["a"]


def test_what_nobody_waits_for_any_more_is_not_loaded(loader: Loader) -> None:
    loader.go = threading.Semaphore(0)
    shelf = ModelShelf(loader)
    shelf.get(choice("a"))
    while shelf._loading is None:
        time.sleep(0.005)

    for name in ("b", "c", "d"):
        shelf.get(choice(name))
    shelf.want_only({choice("c"), None})
    for _ in range(4):
        loader.go.release()

    assert [asked for asked, _ in settled(shelf, 2)] == [choice("a"), choice("c")]
    assert loader.loaded == ["a", "c"]


@pytest.mark.parametrize(("name", "sentence"), [("absent", "absent is not here; fetch it"), ("broken", FAILED)])
def test_what_cannot_be_loaded_is_a_sentence_and_the_next_is_loaded(loader: Loader, name: str, sentence: str) -> None:
    shelf = ModelShelf(loader)

    shelf.get(choice(name))
    shelf.get(choice("a"))

    failed, loaded = settled(shelf, 2)
    assert failed == (choice(name), sentence)
    assert isinstance(loaded[1], Models)
    assert shelf.get(choice(name)) is None  # tried again: the file may have come meanwhile
    assert settled(shelf) == [(choice(name), sentence)]


def test_the_models_used_last_stay_and_those_that_somebody_uses(loader: Loader) -> None:
    shelf = ModelShelf(loader, kept=2)
    used = fetched(shelf, "used")
    for name in ("a", "b", "c"):
        fetched(shelf, name)
    gc.collect()

    assert shelf.get(choice("used")) is used
    assert shelf.get(choice("c")) is not None
    assert shelf.get(choice("a")) is None


def fetched(shelf: ModelShelf, name: str) -> Models:
    shelf.get(choice(name))
    ((_, models),) = settled(shelf)
    assert isinstance(models, Models)
    return models


def test_a_network_that_is_in_use_is_not_loaded_again_with_another() -> None:
    loader = ModelLoader(Settings(detector="blazepose", pose_model="blazepose_lite"))
    own = loader.load()

    full = loader.load(ModelChoice("blazepose", "blazepose_full"))
    whole = loader.load(ModelChoice("whole_frame", "blazepose_full"))

    assert full.person_detector is own.person_detector
    assert full.pose_estimator is whole.pose_estimator is not own.pose_estimator
    assert whole.person_detector is not own.person_detector
    assert whole.loaded.detector == "whole_frame"


def test_a_network_that_nobody_uses_any_more_is_let_go() -> None:
    loader = ModelLoader(Settings(pose_model="blazepose_lite"))
    detector = weakref.ref(loader.load(ModelChoice("blazepose", "blazepose_lite")).person_detector)
    gc.collect()

    assert detector() is None


def test_a_bottom_up_model_has_no_detector() -> None:
    models = Models(None, NobodyThere())

    assert (models.loaded.detector, models.loaded.pose_model) == ("none", "nobody")
