"""Which models the installation uses: chosen, taken back step by step, never by surprise."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import MakeAccount
from tests.movements import arm_raise
from webapp.config import ROOT, Settings
from webapp.core.errors import InvalidInputError, NotAllowedError
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.engine import transaction
from webapp.db.models import StoredChoice
from webapp.pipeline.messages import ON_DEVICE, ModelChoice
from webapp.services import actions, models

BLAZEPOSE_FILES = ("pose_detection", "pose_landmark_lite", "pose_landmark_full")
pytestmark = pytest.mark.skipif(
    not (ROOT / "weights" / "mediapipe").is_dir(), reason="the MediaPipe models are not here: npm ci, tools.vendor"
)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """With a weights folder of its own: BlazePose lite and full with their detector, and a damaged YOLOv5 s."""
    weights = tmp_path / "weights"
    (weights / "mediapipe").mkdir(parents=True)
    for name in BLAZEPOSE_FILES:
        shutil.copy(ROOT / "weights" / "mediapipe" / f"{name}.tflite", weights / "mediapipe")
    (weights / "yolov5").mkdir()
    (weights / "yolov5" / "yolov5s.pt").write_bytes(b"cut off")
    return replace(settings, weights_dir=weights)


@pytest.fixture
def chief(app: Flask, make_account: MakeAccount, context: None) -> User:
    return account(make_account("chief", role="admin"))


def account(user_id: int) -> User:
    found = db.session.get(User, user_id)
    assert found is not None
    return found


@pytest.fixture
def told() -> Iterator[list[object]]:
    """A list that grows whenever those who use the models are told."""
    heard: list[object] = []

    def hear(sender: object) -> None:
        heard.append((sender, models.active_choice()))

    models.models_changed.connect(hear)
    yield heard
    models.models_changed.disconnect(hear)


def test_what_the_settings_name_is_used_until_somebody_chooses(chief: User) -> None:
    now = models.selection()

    assert models.active_choice() is None
    assert (now.number, now.from_settings, now.before) == (0, True, None)
    assert now.models == ModelChoice("auto", "blazepose_full")


def test_a_choice_leaves_the_other_as_it_is_and_is_told_after_it_is_stored(chief: User, told: list[object]) -> None:
    chosen = models.choose(chief, pose_model="blazepose_lite")

    assert chosen.models == models.active_choice() == ModelChoice("auto", "blazepose_lite")
    assert chosen.before == ModelChoice("auto", "blazepose_full")
    assert told == [("webapp.services.models", ModelChoice("auto", "blazepose_lite"))]


def test_going_back_goes_one_further_each_time_and_ends_where_it_began(chief: User, told: list[object]) -> None:
    models.choose(chief, pose_model="blazepose_lite")
    models.choose(chief, detector="blazepose")
    models.choose(chief, pose_model="blazepose_full")

    reached = [models.roll_back(chief) for _ in range(3)]

    assert [one.models for one in reached] == [
        ModelChoice("blazepose", "blazepose_lite"),
        ModelChoice("auto", "blazepose_lite"),
        ModelChoice("auto", "blazepose_full"),
    ]
    assert [one.before for one in reached] == [*(one.models for one in reached[1:]), None]
    assert models.active_choice() is None
    assert len(told) == 6
    with pytest.raises(InvalidInputError, match="nothing to go back to"):
        models.roll_back(chief)


def test_after_going_back_and_choosing_anew_going_back_leads_to_what_was_used_before(chief: User) -> None:
    models.choose(chief, pose_model="blazepose_lite")
    models.roll_back(chief)

    chosen = models.choose(chief, detector="blazepose")

    assert chosen.before == ModelChoice("auto", "blazepose_full")


def test_what_the_settings_name_can_be_used_again_and_that_taken_back(chief: User) -> None:
    models.choose(chief, pose_model="blazepose_lite")

    now = models.use_settings(chief)

    assert (now.from_settings, models.active_choice()) == (True, None)
    assert models.roll_back(chief).models == ModelChoice("auto", "blazepose_lite")


def test_choosing_what_is_used_already_changes_nothing(chief: User, told: list[object]) -> None:
    models.choose(chief, pose_model="blazepose_lite")

    again = models.choose(chief, pose_model="blazepose_lite")
    models.roll_back(chief)
    models.use_settings(chief)

    assert again.number == 1
    assert len(told) == 2


@pytest.mark.parametrize(
    ("role", "name", "sentence"),
    [
        ("pose_model", "blazepose", "there is no pose model 'blazepose'; known: blazepose_lite, "),
        ("detector", "blazepose_lite", "there is no detector 'blazepose_lite'; known: auto, yolov5n"),
        ("detector", "palm", "there is no detector 'palm'"),
        ("pose_model", "blazepose_heavy", "blazepose_heavy is missing and cannot be used; npm ci"),
        ("detector", "yolov5s", "yolov5s is damaged and cannot be used; python -m webapp weights pull yolov5s"),
        ("pose_model", "hand_full", "hand_full is missing"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_remedy(
    chief: User, role: str, name: str, sentence: str, told: list[object]
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        models.choose(chief, name if role == "detector" else None, name if role == "pose_model" else None)

    assert sentence in str(refused.value)
    assert (models.active_choice(), told) == (None, [])


def test_going_back_to_what_is_gone_is_refused_with_the_remedy(chief: User, settings: Settings) -> None:
    models.choose(chief, pose_model="blazepose_lite")
    models.choose(chief, pose_model="blazepose_full")
    (settings.weights_dir / "mediapipe" / "pose_landmark_lite.tflite").unlink()

    with pytest.raises(InvalidInputError, match="blazepose_lite is missing and cannot be used; npm ci"):
        models.roll_back(chief)


def test_a_choice_made_before_another_was_seen_is_refused(chief: User) -> None:
    seen = models.selection().number
    models.choose(chief, pose_model="blazepose_lite", number=seen)

    for change in (partial(models.choose, detector="blazepose"), models.roll_back, models.use_settings):
        with pytest.raises(InvalidInputError, match="changed by somebody else meanwhile"):
            change(chief, number=seen)
    assert models.selection().number == 1


def test_of_two_who_choose_at_the_same_moment_one_is_refused(chief: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL lets both look before either has stored its choice."""
    models.choose(chief, pose_model="blazepose_lite")
    db.session.expunge(db.session.get(StoredChoice, 1))
    monkeypatch.setattr(models, "_newest", lambda _session: None)

    with pytest.raises(InvalidInputError, match="changed by somebody else meanwhile"):
        models.choose(chief, detector="blazepose")


@pytest.mark.parametrize("role", ["user", "coach"])
def test_only_administrators_change_models(make_account: MakeAccount, chief: User, role: str) -> None:
    someone = account(make_account("someone", role=role))

    for change in (models.roll_back, models.use_settings, partial(models.choose, detector="blazepose")):
        with pytest.raises(NotAllowedError, match="needs the role admin"):
            change(someone)
    assert {entry.name for entry in models.installed(someone)} >= {"blazepose_full", "whole_frame"}


def test_what_is_installed_is_what_is_here_and_whole(chief: User) -> None:
    names = [entry.name for entry in models.installed(chief)]

    assert names == ["auto", "blazepose", "whole_frame", "blazepose_lite", "blazepose_full"]


def test_choices_are_remembered_also_when_who_made_them_is_gone(chief: User, make_account: MakeAccount) -> None:
    models.choose(account(make_account("anna", role="admin")), pose_model="blazepose_lite")
    models.roll_back(chief)
    with transaction() as session:
        session.delete(session.query(User).filter_by(username="anna").one())

    past = models.past_choices(chief)

    assert [(one.by, one.rolled_back, one.from_settings) for one in past] == [
        ("chief", True, True),
        (None, False, False),
    ]
    assert past[1].models == ModelChoice("auto", "blazepose_lite")


def test_actions_recorded_with_keypoints_that_a_model_does_not_find_are_counted(chief: User) -> None:
    for name, pose_model in (("one", "blazepose_lite"), ("two", ON_DEVICE.pose_model), ("three", "hand_full")):
        action, _ = actions.create_action(chief, name)
        for number in range(2):
            take = actions.NewTake(f"{name}-{number}", arm_raise(), 0.3, 1.6, "webcam", "auto", pose_model)
            actions.add_take(chief, action.id, take)

    counts = models.actions_with_other_keypoints(chief, models.known(chief))

    assert (counts["blazepose_full"], counts["hand_lite"], counts["movenet_multipose"]) == (1, 2, 1)
