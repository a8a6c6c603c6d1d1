"""One step of the live path: a frame in, its people with keypoints, ranking and events out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from webapp.config import Settings
from webapp.pipeline.messages import FrameAnswer, FrameMessage, PersonAnswer, SessionEvent
from webapp.recognition.ports import Recognition
from webapp.recognition.spotter import StreamRecogniser
from webapp.recognition.template_bank import TemplateBank
from webapp.vision.images import decode_jpeg
from webapp.vision.registry import load_detector, load_pose_model
from webapp.vision.tracker import PersonTracker, TrackedPerson

if TYPE_CHECKING:
    from webapp.core.skeleton import Skeleton
    from webapp.vision.ports import Image, PersonDetector, PoseEstimator

NO_BANK_YET = "your actions are being loaded"


@dataclass(frozen=True)
class Models:
    """The networks of a worker, shared by all its sessions; they keep no state of a stream."""

    person_detector: PersonDetector
    pose_estimator: PoseEstimator
    max_people: int = 4
    max_pixels: int = Settings.max_pixels

    @property
    def detector(self) -> str:
        return self.person_detector.name

    @property
    def pose_model(self) -> str:
        return self.pose_estimator.name

    @property
    def runtime(self) -> str:
        return self.pose_estimator.runtime

    @property
    def skeleton(self) -> Skeleton:
        return self.pose_estimator.skeleton


def load_models(settings: Settings) -> Models:
    """Load what the settings name; ModelUnavailableError says how to get what is missing."""
    return Models(load_detector(settings), load_pose_model(settings), settings.max_people, settings.max_pixels)


class SessionPipeline:
    """The state of one session: who is followed, and one recogniser for each of them.

    Without a bank (it is being prepared) people are followed and nothing is recognised yet.
    """

    def __init__(self, models: Models, session_id: str, bank: TemplateBank | None) -> None:
        self._models = models
        self._session_id = session_id
        self._bank = bank
        self._tracker = PersonTracker(models.person_detector, models.pose_estimator, models.max_people)
        self._recognisers: dict[int, StreamRecogniser] = {}
        self._last_found: list[SessionEvent] = []  # against the bank before this one, for the next answer

    def set_bank(self, bank: TemplateBank) -> None:
        """Recognise against these templates from the next frame on; people stay followed.

        What was only waiting for more evidence is announced with the next frame, or by flush.
        """
        self._last_found += self._flush_all()
        self._bank = bank

    def step(self, frame: FrameMessage) -> tuple[FrameAnswer, tuple[SessionEvent, ...]]:
        """Answer one JPEG; InvalidInputError when it cannot be read as one."""
        started = time.perf_counter()
        image_bgr = decode_jpeg(frame.jpeg, self._models.max_pixels)
        decode_ms = (time.perf_counter() - started) * 1000
        return self.step_image(image_bgr, frame.frame_id, frame.time_s, decode_ms)

    def step_image(
        self, image_bgr: Image, frame_id: int, time_s: float, decode_ms: float = 0.0
    ) -> tuple[FrameAnswer, tuple[SessionEvent, ...]]:
        """Answer one decoded picture."""
        height_px, width_px = image_bgr.shape[:2]
        tracked = self._tracker.step(image_bgr, time_s)
        started = time.perf_counter()
        answers: list[PersonAnswer] = []
        events, self._last_found = self._last_found, []
        for person in tracked.people:
            recognition = self._recognition_of(person, height_px, time_s)
            answers.append(PersonAnswer(person.person_id, person.box, person.pose, recognition))
            events += self._session_events(person.person_id, recognition)
        events += self._forget_lost(tracked.remembered)
        recognise_ms = (time.perf_counter() - started) * 1000
        stages_ms = {
            "decode": decode_ms,
            "detect": tracked.detect_ms,
            "pose": tracked.pose_ms,
            "recognise": recognise_ms,
            "total": decode_ms + tracked.detect_ms + tracked.pose_ms + recognise_ms,
        }
        answer = FrameAnswer(self._session_id, frame_id, width_px, height_px, tuple(answers), stages_ms)
        return answer, tuple(events)

    def flush(self) -> tuple[SessionEvent, ...]:
        """The session has ended: announce what was only waiting for more evidence."""
        last_found, self._last_found = self._last_found, []
        return (*last_found, *self._flush_all())

    def _flush_all(self) -> list[SessionEvent]:
        return [event for person_id in list(self._recognisers) for event in self._flush(person_id)]

    def _recognition_of(self, person: TrackedPerson, height_px: int, time_s: float) -> Recognition:
        if self._bank is None:
            return Recognition(reason=NO_BANK_YET)
        recogniser = self._recognisers.get(person.person_id)
        if recogniser is None:
            recogniser = self._recognisers[person.person_id] = StreamRecogniser(self._bank)
        return recogniser.update(person.pose, height_px, time_s)

    def _forget_lost(self, remembered: frozenset[int]) -> list[SessionEvent]:
        gone = [person_id for person_id in self._recognisers if person_id not in remembered]
        return [event for person_id in gone for event in self._flush(person_id)]

    def _flush(self, person_id: int) -> list[SessionEvent]:
        return self._session_events(person_id, Recognition(events=self._recognisers.pop(person_id).flush()))

    def _session_events(self, person_id: int, recognition: Recognition) -> list[SessionEvent]:
        # a key of its own for each event: a counter would begin again when a restarted worker takes the session over
        return [SessionEvent(self._session_id, uuid4().hex, person_id, event) for event in recognition.events]
