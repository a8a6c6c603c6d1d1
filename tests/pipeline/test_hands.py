"""The live path with the hand models: a real hand in pictures that move it, learned from one take and recognised."""

from __future__ import annotations

import json
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from tests.jointed_hand import fist, gestured, pinch
from tests.movements import arm_raise
from tests.pipeline.banks import stored_bank
from tests.vision.hands import CLEAR, walking_hand
from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.core.records import Pose, PoseSequence
from webapp.core.sequence_file import to_bytes
from webapp.core.sequences import check_take
from webapp.pipeline.analyses import analysed
from webapp.pipeline.inquiries import (
    ComparisonQuestion,
    FeedbackQuestion,
    HealthQuestion,
    Question,
    RepetitionsQuestion,
    StoredEvent,
)
from webapp.pipeline.messages import SessionEvent
from webapp.pipeline.models import Models, load_models
from webapp.pipeline.pipeline import SessionPipeline
from webapp.recognition.ports import Action, Take
from webapp.recognition.template_bank import TemplateBank, prepare_bank

FPS = 20
HEIGHT_PX = 480
_HAND_PX = (360, 315)


def film(image_bgr: np.ndarray, turns_deg: np.ndarray, scale: float, carried_px: float = 0.0) -> Iterator[np.ndarray]:
    """The hand held up in the middle of the picture, turned by these angles; carried to and fro sideways."""
    for number, turn_deg in enumerate(turns_deg):
        affine = cv2.getRotationMatrix2D(_HAND_PX, 180 + float(turn_deg), scale)
        affine[:, 2] += np.array([320 + carried_px * np.sin(number / 6), 240]) - _HAND_PX
        yield np.asarray(cv2.warpAffine(image_bgr, affine, (640, HEIGHT_PX), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def still_around(turns_deg: np.ndarray) -> np.ndarray:
    rest = np.full(10, turns_deg[0])
    return np.concatenate([rest, turns_deg, rest])


def waved(frames: int, amplitude_deg: float, tilt_deg: float = 0.0) -> np.ndarray:
    return still_around(tilt_deg + amplitude_deg * np.sin(np.linspace(0, 4 * np.pi, frames)))


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models(Settings(pose_model="hand_full"))


@pytest.fixture(scope="module")
def pictures_bgr() -> list[np.ndarray]:
    return walking_hand(range(CLEAR, CLEAR + 2))


def poses_of(models: Models, pictures: Iterator[np.ndarray]) -> list[Pose]:
    pipeline = SessionPipeline(models, "learning", prepare_bank([]))
    answers = [pipeline.step_image(picture, n, n / FPS)[0] for n, picture in enumerate(pictures)]
    assert {person.person_id for answer in answers for person in answer.people} == {1}
    return [pose for answer in answers if (pose := answer.people[0].pose) is not None]


@pytest.fixture(scope="module")
def bank(models: Models, pictures_bgr: list[np.ndarray]) -> TemplateBank:
    poses = poses_of(models, film(pictures_bgr[0], waved(32, 30), scale=1.6))
    whole = PoseSequence(
        poses[0].skeleton,
        np.arange(len(poses)) / FPS,
        np.stack([pose.keypoints_px / HEIGHT_PX for pose in poses]).astype(np.float32),
        np.stack([pose.scores for pose in poses]),
        np.stack([pose.world_m for pose in poses if pose.world_m is not None]),
    )
    check = check_take(whole)
    assert check.usable
    return prepare_bank([Action("wave", "wave", [Take("take", whole.between(check.trim_start_s, check.trim_end_s))])])


def played(models: Models, bank: TemplateBank, pictures: Iterator[np.ndarray]) -> tuple[list[SessionEvent], str | None]:
    pipeline, events, reason = SessionPipeline(models, "s", bank), list[SessionEvent](), None
    for number, picture in enumerate(pictures):
        answer, found = pipeline.step_image(picture, number, number / FPS)
        events += found
        reason = answer.people[0].recognition.reason if answer.people else reason
    return [*events, *pipeline.flush()], reason


def test_a_wave_is_recognised_larger_slower_and_tilted(
    models: Models, bank: TemplateBank, pictures_bgr: list[np.ndarray]
) -> None:
    pictures = film(pictures_bgr[1], waved(42, 26, tilt_deg=12), scale=2.1)

    events, _ = played(models, bank, pictures)

    assert [event.event.action for event in events] == ["wave"]


def test_a_hand_that_is_carried_about_does_nothing(
    models: Models, bank: TemplateBank, pictures_bgr: list[np.ndarray]
) -> None:
    events, reason = played(models, bank, film(pictures_bgr[0], np.zeros(40), scale=1.6, carried_px=40))

    assert events == []
    assert reason == "too still"


def test_a_hand_that_tips_over_once_does_not_wave(
    models: Models, bank: TemplateBank, pictures_bgr: list[np.ndarray]
) -> None:
    tipped = still_around(60 * np.sin(np.linspace(0, np.pi, 36)))

    events, _ = played(models, bank, film(pictures_bgr[0], tipped, scale=1.6))

    assert events == []


BOTH_KINDS = stored_bank(
    1, {"fist": [gestured((fist, 1.6))], "pinch": [gestured((pinch, 1.2))], "raise": [arm_raise()]}
)
FIST = to_bytes(gestured((fist, 1.4), seed=3))
EVENT = StoredEvent("event", "fist", "fist", "take of fist", 2.0, 3.4, 0.1, 0.4, FIST)


@pytest.mark.parametrize(
    "question",
    [
        HealthQuestion(BOTH_KINDS),
        ComparisonQuestion(FIST, BOTH_KINDS.actions[0].takes, None, mirror=True),
        RepetitionsQuestion("event", [EVENT]),
        FeedbackQuestion(BOTH_KINDS, FIST, "fist", None, "", tune=True, add=None, recent=[EVENT]),
        FeedbackQuestion(BOTH_KINDS, FIST, None, "raise", "", tune=True, add=None, recent=[]),
    ],
    ids=["health", "comparison", "repetitions", "wrong", "missed"],
)
def test_everything_asked_of_takes_is_answered_for_hands_beside_bodies(question: Question) -> None:
    assert json.dumps(analysed(question, Settings()), allow_nan=False)


def test_a_body_has_no_take_of_a_hand_to_be_compared_with() -> None:
    question = ComparisonQuestion(to_bytes(arm_raise()), BOTH_KINDS.actions[0].takes, None, mirror=False)

    with pytest.raises(InvalidInputError, match="none of the action's takes can be compared"):
        analysed(question, Settings())
