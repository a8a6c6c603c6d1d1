"""The networks that answer a session: a person detector and a pose model, loaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from weakref import WeakValueDictionary

from webapp.config import Settings
from webapp.pipeline.messages import LoadedModels, ModelChoice
from webapp.vision.ports import PersonDetector, PoseModel
from webapp.vision.registry import detector_name, load_detector_named, load_pose_model
from webapp.vision.tracker import PersonTracker

NO_DETECTOR = "none"
"""What stands for the detector of a pose model that finds people by itself."""


@dataclass(frozen=True)
class Models:
    """Shared by all sessions that use them; they keep no state of a stream."""

    person_detector: PersonDetector | None
    pose_estimator: PoseModel
    max_people: int = Settings.max_people
    max_pixels: int = Settings.max_pixels

    @cached_property
    def loaded(self) -> LoadedModels:
        """What others are told of them."""
        detector = NO_DETECTOR if self.person_detector is None else self.person_detector.name
        pose_model = self.pose_estimator
        return LoadedModels(detector, pose_model.name, pose_model.runtime, pose_model.skeleton)

    @property
    def names(self) -> ModelChoice:
        return ModelChoice(self.loaded.detector, self.loaded.pose_model)

    def new_tracker(self) -> PersonTracker:
        """A tracker for one stream."""
        return PersonTracker(self.person_detector, self.pose_estimator, self.max_people)


class ModelLoader:
    """Loads models; a network that is in use, with whatever other, is not loaded once more. For one thread at a time.

    So all that sessions may choose takes no more memory than one of each.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._detectors: WeakValueDictionary[str, PersonDetector] = WeakValueDictionary()
        self._pose_models: WeakValueDictionary[str, PoseModel] = WeakValueDictionary()

    def load(self, choice: ModelChoice | None = None) -> Models:
        """What the choice, else the settings name; ModelUnavailableError says how to get what is missing."""
        settings = self._settings
        if choice is not None:
            settings = replace(settings, detector=choice.detector, pose_model=choice.pose_model)
        return Models(self._detector(settings), self._pose_model(settings), settings.max_people, settings.max_pixels)

    def _detector(self, settings: Settings) -> PersonDetector | None:
        name = detector_name(settings)
        if name is None:
            return None
        detector = self._detectors.get(name)
        if detector is None:
            detector = self._detectors[name] = load_detector_named(name, settings)
        return detector

    def _pose_model(self, settings: Settings) -> PoseModel:
        pose_model = self._pose_models.get(settings.pose_model)
        if pose_model is None:
            pose_model = self._pose_models[settings.pose_model] = load_pose_model(settings)
        return pose_model


def load_models(settings: Settings, choice: ModelChoice | None = None) -> Models:
    """As ModelLoader.load, for once."""
    return ModelLoader(settings).load(choice)
