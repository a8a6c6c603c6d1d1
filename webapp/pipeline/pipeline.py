"""One step of the live path: a picture or poses in, the people with keypoints, ranking and events out."""

from __future__ import annotations

import time
from collections.abc import Callable

from webapp.core.packed_poses import UnpackedPoses, unpack_poses
from webapp.core.records import Pose
from webapp.core.skeleton import Skeleton
from webapp.pipeline.messages import (
    ON_DEVICE,
    FrameAnswer,
    FrameMessage,
    ModelChoice,
    PersonAnswer,
    PosesMessage,
    SessionEvent,
    StreamMessage,
)
from webapp.pipeline.models import Models
from webapp.pipeline.recognisers import SessionRecognisers
from webapp.recognition.ports import Recognition
from webapp.recognition.template_bank import TemplateBank
from webapp.vision.images import decode_jpeg
from webapp.vision.ports import Image

ON_DEVICE_PERSON = 1
"""The person_id of whom a browser has found: it looks for one person."""
NOBODY_S = 1.0
"""After so long without a pose from a browser, what was only waiting for more evidence is announced."""

Step = tuple[FrameAnswer, tuple[SessionEvent, ...]]


class SessionPipeline:
    """The state of one session: who is in view, and what they are doing.

    Without a bank (it is being prepared) people are tracked and nothing is recognised yet.
    """

    def __init__(
        self,
        models: Models,
        session_id: str,
        bank: TemplateBank | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._models = models
        self._session_id = session_id
        self._clock = clock
        self._tracker = models.new_tracker()
        self._recognisers = SessionRecognisers(session_id, bank, models.names)
        self._remembered: frozenset[int] = frozenset()
        self._posed_s = clock()

    @property
    def models(self) -> Models:
        return self._models

    @property
    def bank(self) -> TemplateBank | None:
        return self._recognisers.bank

    def set_bank(self, bank: TemplateBank) -> None:
        """Recognise against these templates from the next frame on; people stay tracked.

        What was only waiting for more evidence is announced with the next frame, or by flush.
        """
        self._recognisers.set_bank(bank)

    def set_models(self, models: Models) -> None:
        """Find people with these from the next frame on, under new ids; nothing that was found is lost."""
        finds_itself = self._recognisers.found_by != ON_DEVICE
        self._models = models
        if finds_itself:  # else it begins anew when pictures come again
            self._begin_anew(models.names)

    def follow(self, person_id: int | None) -> None:
        """Recognise this person alone, or everybody; a person who has left meanwhile is not followed."""
        self._recognisers.follow(person_id if person_id in self._remembered else None)

    def step(self, message: StreamMessage) -> Step:
        """Answer one message; InvalidInputError when its bytes cannot be read."""
        return self.step_jpeg(message) if isinstance(message, FrameMessage) else self.step_poses(message)

    def step_jpeg(self, frame: FrameMessage) -> Step:
        """Answer one JPEG; InvalidInputError when it cannot be read as one."""
        started = time.perf_counter()
        image_bgr = decode_jpeg(frame.jpeg, self._models.max_pixels)
        decode_ms = (time.perf_counter() - started) * 1000
        return self.step_image(image_bgr, frame.frame_id, frame.time_s, decode_ms)

    def step_image(self, image_bgr: Image, frame_id: int, time_s: float, decode_ms: float = 0.0) -> Step:
        """Answer one decoded picture."""
        self._expect_from(self._models.names)
        height_px, width_px = image_bgr.shape[:2]
        tracked = self._tracker.step(image_bgr, time_s)
        started = time.perf_counter()
        self._remembered = tracked.remembered
        self._recognisers.forget_lost(tracked.remembered)
        people = tuple(
            PersonAnswer(
                person.person_id,
                person.box,
                person.pose,
                self._recognisers.recognition_of(person.person_id, person.pose, height_px, time_s),
            )
            for person in tracked.people
        )
        recognise_ms = (time.perf_counter() - started) * 1000
        stages_ms = _stages(decode_ms, tracked.detect_ms, tracked.pose_ms, recognise_ms)
        return self._answer(frame_id, (width_px, height_px), people, stages_ms)

    def step_poses(self, message: PosesMessage) -> Step:
        """Answer the poses that a browser has found; InvalidInputError when they cannot be unpacked."""
        started = time.perf_counter()
        count, keypoints = len(message.times_s), len(message.skeleton.keypoints)
        unpacked = unpack_poses(message.packed, count, keypoints, world=message.world)
        decode_ms = (time.perf_counter() - started) * 1000
        self._expect_from(ON_DEVICE)
        recognition = self._recognition_of(message, unpacked)
        people = () if recognition is None else (PersonAnswer(ON_DEVICE_PERSON, None, None, recognition),)
        stages_ms = _stages(decode_ms, 0.0, 0.0, (time.perf_counter() - started) * 1000 - decode_ms)
        return self._answer(message.frame_id, (message.width_px, message.height_px), people, stages_ms)

    def flush(self) -> tuple[SessionEvent, ...]:
        """The session has ended: announce what was only waiting for more evidence."""
        return self._recognisers.flush()

    def _recognition_of(self, message: PosesMessage, unpacked: UnpackedPoses) -> Recognition | None:
        """What the person is doing at the end of the message; None where it shows nobody."""
        now_s = self._clock()
        if not message.times_s:
            if now_s - self._posed_s > NOBODY_S:
                self._recognisers.forget_lost(frozenset())
            return None
        self._posed_s = now_s
        recognition = None
        for index, time_s in enumerate(message.times_s):
            pose = _pose(unpacked, index, message.skeleton, message.height_px)
            is_last = index == len(message.times_s) - 1
            recognition = self._recognisers.recognition_of(
                ON_DEVICE_PERSON, pose, message.height_px, time_s, ranked=is_last
            )
        return recognition

    def _expect_from(self, found_by: ModelChoice) -> None:
        """Whoever was seen by other models, or by a browser itself, was somebody else."""
        if found_by != self._recognisers.found_by:
            self._begin_anew(found_by)

    def _begin_anew(self, found_by: ModelChoice) -> None:
        self._recognisers.begin_anew(found_by)
        self._tracker = self._models.new_tracker()
        self._remembered = frozenset()

    def _answer(
        self, frame_id: int, size_px: tuple[int, int], people: tuple[PersonAnswer, ...], stages_ms: dict[str, float]
    ) -> Step:
        followed = self._recognisers.followed
        answer = FrameAnswer(self._session_id, frame_id, *size_px, people, stages_ms, followed)
        return answer, self._recognisers.take_events()


def _pose(unpacked: UnpackedPoses, index: int, skeleton: Skeleton, height_px: int) -> Pose:
    return Pose(
        skeleton=skeleton,
        keypoints_px=unpacked.keypoints[index] * height_px,
        scores=unpacked.scores[index],
        score=float(unpacked.scores[index].mean()),
        world_m=None if unpacked.world_m is None else unpacked.world_m[index],
    )


def _stages(decode_ms: float, detect_ms: float, pose_ms: float, recognise_ms: float) -> dict[str, float]:
    return {
        "decode": decode_ms,
        "detect": detect_ms,
        "pose": pose_ms,
        "recognise": recognise_ms,
        "total": decode_ms + detect_ms + pose_ms + recognise_ms,
    }
