"""One step of the live path with the real models, and what a session keeps over its frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.browser.clips import FIRST_JACK, JACKS, man_alone
from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.core.packed_poses import pack_poses
from webapp.core.records import Box, Pose, PoseSequence
from webapp.core.skeleton import BLAZEPOSE_33
from webapp.pipeline.messages import (
    ON_DEVICE,
    FrameAnswer,
    FrameMessage,
    ModelChoice,
    PersonAnswer,
    PosesMessage,
    SessionEvent,
)
from webapp.pipeline.models import Models, load_models
from webapp.pipeline.pipeline import SessionPipeline
from webapp.recognition.ports import Action, Take
from webapp.recognition.template_bank import TemplateBank, prepare_bank

HEIGHT_PX = 360
LITE = ModelChoice("blazepose", "blazepose_lite")
STAGES = {"decode", "detect", "pose", "recognise", "total"}


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models(Settings(detector="blazepose"))


@pytest.fixture(scope="module")
def jacks_bgr() -> list[np.ndarray]:
    return man_alone(JACKS)


@pytest.fixture(scope="module")
def jack_bank(models: Models, jacks_bgr: list[np.ndarray]) -> TemplateBank:
    """The first of the man's two jumping jacks as the only take."""
    pipeline = SessionPipeline(models, "learning", prepare_bank([]))
    poses = [seen(pipeline.step_image(jacks_bgr[n], n, n / 30)[0].people[0])[1] for n in FIRST_JACK]
    return prepare_bank([Action("jack", "Jumping jack", [Take("take", as_sequence(poses))])])


@pytest.fixture(scope="module")
def jack_poses(models: Models, jacks_bgr: list[np.ndarray]) -> PoseSequence:
    """The man's poses in every frame."""
    answers, _ = played(SessionPipeline(models, "watching", prepare_bank([])), jacks_bgr)
    return as_sequence([seen(answer.people[0])[1] for answer in answers])


def as_sequence(poses: Sequence[Pose]) -> PoseSequence:
    return PoseSequence(
        poses[0].skeleton,
        np.arange(len(poses)) / 30,
        (np.stack([pose.keypoints_px for pose in poses]) / HEIGHT_PX).astype(np.float32),
        np.stack([pose.scores for pose in poses]),
        np.stack([pose.world_m for pose in poses if pose.world_m is not None]),
    )


def seen(person: PersonAnswer) -> tuple[Box, Pose]:
    assert person.box is not None
    assert person.pose is not None
    return person.box, person.pose


def packets_of(sequence: PoseSequence, session_id: str = "s1", each: int = 6) -> list[PosesMessage]:
    """The sequence as a browser would send it."""
    assert sequence.world_m is not None
    found = []
    for number, start in enumerate(range(0, len(sequence), each)):
        rows = slice(start, start + each)
        packed = pack_poses(sequence.keypoints[rows], sequence.scores[rows], sequence.world_m[rows])
        times_s = tuple(sequence.times_s[rows].tolist())
        found.append(PosesMessage(session_id, number, times_s, 640, HEIGHT_PX, sequence.skeleton, True, packed))
    return found


def nobody(frame_id: int) -> PosesMessage:
    return PosesMessage("s1", frame_id, (), 640, HEIGHT_PX, BLAZEPOSE_33, True, b"")


def jpeg_of(image_bgr: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".jpg", image_bgr)[1])


def played(pipeline: SessionPipeline, images: list[np.ndarray]) -> tuple[list[FrameAnswer], list[SessionEvent]]:
    answers: list[FrameAnswer] = []
    events: list[SessionEvent] = []
    for number, image in enumerate(images):
        answer, found = pipeline.step_image(image, number, number / 30)
        answers.append(answer)
        events += found
    return answers, [*events, *pipeline.flush()]


def test_a_jpeg_is_answered_with_its_people_and_stages(models: Models, jacks_bgr: list[np.ndarray]) -> None:
    pipeline = SessionPipeline(models, "s1", prepare_bank([]))

    answer, events = pipeline.step(FrameMessage("s1", 7, 0.0, jpeg_of(jacks_bgr[0])))

    assert (answer.session_id, answer.frame_id, answer.width_px, answer.height_px) == ("s1", 7, 640, 360)
    assert len(answer.people) == 1
    person = answer.people[0]
    box, pose = seen(person)
    x_px, y_px = pose.keypoints_px.T
    assert ((x_px >= box.x1_px) & (x_px <= box.x2_px)).mean() > 0.95
    assert ((y_px >= box.y1_px) & (y_px <= box.y2_px)).mean() > 0.95
    assert set(answer.stages_ms) == STAGES
    assert answer.stages_ms["total"] == pytest.approx(sum(answer.stages_ms[stage] for stage in STAGES - {"total"}))
    assert events == ()


def test_an_empty_room_is_answered_too(models: Models) -> None:
    pipeline = SessionPipeline(models, "s1", prepare_bank([]))

    answer, _ = pipeline.step(FrameMessage("s1", 1, 0.0, jpeg_of(np.full((480, 640, 3), 90, np.uint8))))

    assert answer.people == ()
    assert set(answer.stages_ms) == STAGES


@pytest.mark.parametrize("jpeg", [b"", b"\x89PNG\r\n\x1a\n" + bytes(40), b"\xff\xd8\xff\xe0\x00\x10"])
def test_a_frame_that_is_no_jpeg_is_refused_and_the_session_goes_on(
    models: Models, jacks_bgr: list[np.ndarray], jpeg: bytes
) -> None:
    pipeline = SessionPipeline(models, "s1", prepare_bank([]))

    with pytest.raises(InvalidInputError):
        pipeline.step(FrameMessage("s1", 1, 0.0, jpeg))

    answer, _ = pipeline.step(FrameMessage("s1", 2, 0.1, jpeg_of(jacks_bgr[0])))
    assert len(answer.people) == 1


def test_a_picture_with_too_many_pixels_is_refused(models: Models, jacks_bgr: list[np.ndarray]) -> None:
    pipeline = SessionPipeline(replace(models, max_pixels=1000), "s1", prepare_bank([]))

    with pytest.raises(InvalidInputError, match="640x360"):
        pipeline.step(FrameMessage("s1", 1, 0.0, jpeg_of(jacks_bgr[0])))


def test_a_followed_person_needs_no_detector(models: Models, jacks_bgr: list[np.ndarray]) -> None:
    answers, _ = played(SessionPipeline(models, "s1", prepare_bank([])), jacks_bgr[:20])

    assert {person.person_id for answer in answers for person in answer.people} == {1}
    assert sum(answer.stages_ms["detect"] > 0 for answer in answers) == 1


def test_a_movement_learned_from_one_take_is_found_again(
    models: Models, jack_bank: TemplateBank, jacks_bgr: list[np.ndarray]
) -> None:
    _, events = played(SessionPipeline(models, "s1", jack_bank), jacks_bgr)

    assert 1 <= len(events) <= 2
    assert {found.event.action for found in events} == {"Jumping jack"}
    assert {(found.session_id, found.person_id) for found in events} == {("s1", 1)}
    assert len({found.event_key for found in events}) == len(events)


def test_a_person_who_stands_still_is_never_recognised(
    models: Models, jack_bank: TemplateBank, jacks_bgr: list[np.ndarray]
) -> None:
    _, events = played(SessionPipeline(models, "s1", jack_bank), [jacks_bgr[0]] * 90)

    assert events == []


def test_new_actions_take_effect_while_people_stay_followed(
    models: Models, jack_bank: TemplateBank, jacks_bgr: list[np.ndarray]
) -> None:
    pipeline = SessionPipeline(models, "s1", prepare_bank([]))
    pipeline.step_image(jacks_bgr[0], 0, 0.0)

    pipeline.set_bank(jack_bank)
    answer, _ = pipeline.step_image(jacks_bgr[1], 1, 1 / 30)

    assert answer.people[0].person_id == 1
    assert answer.stages_ms["detect"] == 0
    assert {candidate.action_id for candidate in answer.people[0].recognition.ranking} <= {"jack"}


def test_a_movement_that_was_about_to_be_announced_survives_a_change_of_the_actions(
    models: Models, jack_bank: TemplateBank, jacks_bgr: list[np.ndarray]
) -> None:
    steps = SessionPipeline(models, "s1", jack_bank)
    announcing = next(n for n, image in enumerate(jacks_bgr) if steps.step_image(image, n, n / 30)[1])
    pipelines = [SessionPipeline(models, name, jack_bank) for name in ("goes on", "ends")]
    for pipeline in pipelines:
        for n in range(announcing):
            assert pipeline.step_image(jacks_bgr[n], n, n / 30)[1] == ()
        pipeline.set_bank(prepare_bank([]))

    _, with_the_next_frame = pipelines[0].step_image(jacks_bgr[announcing], announcing, announcing / 30)
    at_the_end = pipelines[1].flush()

    for events in (with_the_next_frame, at_the_end):
        assert [found.event.action for found in events] == ["Jumping jack"]
    assert pipelines[0].flush() == pipelines[1].flush() == ()


def test_what_was_about_to_be_announced_survives_a_change_of_the_models(
    models: Models, jack_bank: TemplateBank, jacks_bgr: list[np.ndarray]
) -> None:
    steps = SessionPipeline(models, "s1", jack_bank)
    announcing = next(n for n, image in enumerate(jacks_bgr) if steps.step_image(image, n, n / 30)[1])
    pipeline, lite = SessionPipeline(models, "s1", jack_bank), load_models(Settings(), LITE)
    for n in range(announcing):
        assert pipeline.step_image(jacks_bgr[n], n, n / 30)[1] == ()

    pipeline.set_models(lite)
    answer, events = pipeline.step_image(jacks_bgr[announcing], announcing, announcing / 30)

    assert [found.event.action for found in events] == ["Jumping jack"]
    assert events[0].found_by == models.names
    assert seen(answer.people[0])[1].skeleton is lite.loaded.skeleton
    assert pipeline.models is lite


def test_poses_from_a_browser_are_recognised_as_those_from_pictures_are(
    models: Models, jack_bank: TemplateBank, jack_poses: PoseSequence
) -> None:
    pipeline, events = SessionPipeline(models, "s1", jack_bank), list[SessionEvent]()
    for packet in packets_of(jack_poses):
        answer, found = pipeline.step(packet)
        events += found

    events += pipeline.flush()
    assert (answer.width_px, answer.height_px, answer.followed) == (640, HEIGHT_PX, None)
    assert [(person.person_id, person.box, person.pose) for person in answer.people] == [(1, None, None)]
    assert set(answer.stages_ms) == STAGES
    assert 1 <= len(events) <= 2
    assert {found.event.action for found in events} == {"Jumping jack"}
    assert {found.found_by for found in events} == {ON_DEVICE}


def test_packed_poses_that_are_none_are_refused_and_the_session_goes_on(
    models: Models, jack_bank: TemplateBank, jack_poses: PoseSequence
) -> None:
    pipeline, (first, second, *_) = SessionPipeline(models, "s1", jack_bank), packets_of(jack_poses)

    with pytest.raises(InvalidInputError, match="packed poses"):
        pipeline.step(replace(first, packed=second.packed[:-1]))

    assert len(pipeline.step(second)[0].people) == 1


def test_where_a_browser_sees_nobody_for_a_while_what_waited_is_announced(
    models: Models, jack_bank: TemplateBank, jack_poses: PoseSequence
) -> None:
    now_s = [0.0]
    pipeline = SessionPipeline(models, "s1", jack_bank, clock=lambda: now_s[0])
    packets = packets_of(jack_poses, each=1)
    announcing = next(n for n, packet in enumerate(packets) if pipeline.step(packet)[1])
    waiting = SessionPipeline(models, "s1", jack_bank, clock=lambda: now_s[0])
    for packet in packets[:announcing]:
        assert waiting.step(packet)[1] == ()

    answer, events = waiting.step(nobody(announcing))
    assert (answer.people, events) == ((), ())
    now_s[0] = 1.1
    _, events = waiting.step(nobody(announcing + 1))

    assert [found.event.action for found in events] == ["Jumping jack"]


def test_a_session_may_change_between_pictures_and_poses_and_loses_no_event(
    models: Models, jack_bank: TemplateBank, jacks_bgr: list[np.ndarray], jack_poses: PoseSequence
) -> None:
    steps = SessionPipeline(models, "s1", jack_bank)
    announcing = next(n for n, image in enumerate(jacks_bgr) if steps.step_image(image, n, n / 30)[1])
    pipeline = SessionPipeline(models, "s1", jack_bank)
    for n in range(announcing):
        pipeline.step_image(jacks_bgr[n], n, n / 30)

    _, from_pictures = pipeline.step(packets_of(jack_poses)[0])
    answer, _ = pipeline.step_image(jacks_bgr[0], 100, 10.0)

    assert [found.found_by for found in from_pictures] == [models.names]
    assert len(answer.people) == 1
    assert answer.stages_ms["detect"] > 0  # what the tracker knew is of another time


def test_the_one_who_is_followed_is_recognised_alone_until_gone_for_good(
    models: Models, jack_bank: TemplateBank, jacks_bgr: list[np.ndarray]
) -> None:
    pipeline, two = (
        SessionPipeline(models, "s1", jack_bank),
        [np.hstack([each[:, 197:457]] * 2) for each in jacks_bgr[:12]],
    )
    for n, image in enumerate(two):
        answer, _ = pipeline.step_image(image, n, n / 30)
    first, second = sorted(answer.people, key=lambda person: person.person_id)

    pipeline.follow(second.person_id)
    answer, _ = pipeline.step_image(two[-1], 12, 12 / 30)
    reasons = {person.person_id: person.recognition.reason for person in answer.people}
    assert (answer.followed, reasons[first.person_id]) == (second.person_id, "not followed")
    assert reasons[second.person_id] != "not followed"

    for n in range(13, 13 + 30 * 6, 5):  # seconds of an empty room
        answer, _ = pipeline.step_image(np.full_like(two[0], 90), n, n / 30)
    assert answer.followed is None


def test_a_person_who_is_not_there_cannot_be_followed(models: Models, jacks_bgr: list[np.ndarray]) -> None:
    pipeline = SessionPipeline(models, "s1", prepare_bank([]))
    pipeline.step_image(jacks_bgr[0], 0, 0.0)

    pipeline.follow(77)

    answer, _ = pipeline.step_image(jacks_bgr[1], 1, 1 / 30)
    assert answer.followed is None
    assert answer.people[0].recognition.reason != "not followed"


def test_sessions_do_not_share_people(models: Models, jacks_bgr: list[np.ndarray]) -> None:
    one, other = (SessionPipeline(models, name, prepare_bank([])) for name in ("s1", "s2"))
    one.step_image(jacks_bgr[0], 0, 0.0)

    answer, _ = other.step_image(np.zeros((360, 640, 3), np.uint8), 0, 0.0)

    assert answer.people == ()
