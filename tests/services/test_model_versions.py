"""Forms of runs become models of the installation's own: whole, never under an old number, never by surprise."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import MakeAccount
from tests.dataset_seeding import Seeded, seed_dataset
from tests.run_seeding import evaluation, seed_run, write_files
from tests.services.datasets import account
from webapp.config import Settings
from webapp.core.errors import InvalidInputError, ModelUnavailableError, NotAllowedError, NotFoundError
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.engine import transaction
from webapp.db.runs import ModelVersion, TrainingRun
from webapp.services import model_versions, models, runs
from webapp.services.erasing import delete_dataset
from webapp.services.picture_files import sweep
from webapp.services.run_files import run_dir
from webapp.services.version_files import NOTE
from webapp.training.records import EXPORTS
from webapp.vision.catalogue import ModelEntry
from webapp.vision.own_card import card_of

HOUR_S = 3600.0


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return replace(settings, weights_dir=tmp_path / "weights", detector="whole_frame")


@pytest.fixture
def chief(context: None, make_account: MakeAccount) -> User:
    return account(make_account("chief", role="admin"))


@pytest.fixture
def arms(chief: User, settings: Settings) -> Seeded:
    return seed_dataset(chief, settings.instance_dir, 4)


@pytest.fixture
def run_id(chief: User, arms: Seeded, settings: Settings) -> str:
    """A run with exported forms, each with its card beside it."""
    run_id = seed_run(arms, chief.id, metrics=evaluation(arms))
    write_files(run_dir(settings, run_id), arms)
    return run_id


@pytest.fixture
def own(settings: Settings) -> Path:
    return settings.weights_dir / "own"


def test_a_registered_form_is_a_whole_model_and_not_yet_used(
    chief: User, run_id: str, own: Path, settings: Settings
) -> None:
    version = model_versions.register(chief, run_id, "arms", "int8", "  for the   hall ")

    card = card_of(own / "arms-v1")
    source = run_dir(settings, run_id) / EXPORTS / "arms.int8.tflite"
    assert (version.pose_model, version.number, version.form, version.note) == ("arms-v1", 1, "int8", "for the hall")
    assert (card.name, card.sha256) == ("arms-v1", version.sha256)
    assert (own / "arms-v1" / "model.tflite").read_bytes() == source.read_bytes()
    assert [entry.name for entry in models.installed(chief) if entry.own] == ["arms-v1"]
    assert models.selection().models.pose_model == settings.pose_model


def test_a_version_says_what_it_was_made_of_when_run_and_dataset_are_gone(
    chief: User, run_id: str, arms: Seeded, own: Path
) -> None:
    version_id = model_versions.register(chief, run_id, "arms", "float32").id
    told = runs.run_for(chief, run_id)
    settings, metrics, code_version = told.settings, runs.metrics_of(told), told.code_version

    delete_dataset(chief, arms.dataset_id, "Arms")

    version = model_versions.version_for(chief, version_id)
    assert (version.run_id, version.run_name, version.dataset, version.dataset_version) == (
        None,
        "First try",
        "Arms",
        1,
    )
    assert (version.settings, version.code_version) == (settings, code_version)
    assert metrics is not None
    assert metrics["worst"], "keypoints of people in pictures, which go with these"
    assert model_versions.metrics_of(version) == {key: metrics[key] for key in metrics if key != "worst"}
    assert card_of(own / "arms-v1").name == "arms-v1"


def test_numbers_go_up_and_are_never_given_again(chief: User, run_id: str, own: Path) -> None:
    first = model_versions.register(chief, run_id, "arms", "int8")
    model_versions.remove(chief, first.id)

    second = model_versions.register(chief, run_id, "arms", "int8")
    other = model_versions.register(chief, run_id, "legs", "float16")

    assert (second.pose_model, other.pose_model) == ("arms-v2", "legs-v1")
    assert sorted(path.name for path in own.glob("[!.]*")) == ["arms-v2", "legs-v1"]
    with pytest.raises(NotFoundError):
        model_versions.version_for(chief, first.id)


def test_two_people_who_register_at_once_get_different_numbers(app: Flask, chief: User, run_id: str, own: Path) -> None:
    chief_id, at_once, made = chief.id, threading.Barrier(4), []

    def register() -> None:
        with app.app_context():
            actor = account(chief_id)
            at_once.wait()
            made.append(model_versions.register(actor, run_id, "arms", "int8").pose_model)

    threads = [threading.Thread(target=register) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(made) == ["arms-v1", "arms-v2", "arms-v3", "arms-v4"]
    assert all(card_of(own / name).name == name for name in made)


def test_a_model_that_somebody_added_by_hand_keeps_its_name(chief: User, run_id: str, own: Path) -> None:
    (own / "arms-v1").mkdir(parents=True)
    (own / "arms-v1" / "card.toml").write_text("mine", encoding="utf-8")

    assert model_versions.register(chief, run_id, "arms", "int8").pose_model == "arms-v2"
    assert (own / "arms-v1" / "card.toml").read_text(encoding="utf-8") == "mine"


def test_a_crash_between_folder_and_row_is_registered_over_and_swept(chief: User, run_id: str, own: Path) -> None:
    versions = [model_versions.register(chief, run_id, name, "int8") for name in ("arms", "legs", "toes")]
    with transaction() as session:  # as if the commit of these two had never come
        for version in versions[:2]:
            session.delete(version)

    again = model_versions.register(chief, run_id, "arms", "float32")

    assert again.pose_model == "arms-v1"
    assert card_of(own / "arms-v1").sha256 == again.sha256
    sweep()
    assert (own / "legs-v1").exists(), "it may be of somebody who is just registering"
    for note in own.glob(f"*/{NOTE}"):
        os.utime(note, (time.time() - HOUR_S - 1,) * 2)
    sweep()
    assert sorted(path.name for path in own.glob("[!.]*")) == ["arms-v1", "toes-v1"]


def test_a_registration_that_fails_leaves_nothing(chief: User, run_id: str, own: Path, settings: Settings) -> None:
    source = run_dir(settings, run_id) / EXPORTS / "arms.int8.tflite"
    source.write_bytes(b"something else")

    with pytest.raises(ModelUnavailableError, match=r"arms\.int8\.tflite is damaged"):
        model_versions.register(chief, run_id, "arms", "int8")

    assert list(own.iterdir()) == []
    assert db.session.query(ModelVersion).count() == 0


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (("Arms", "int8"), "must be 1 to 30 of a-z"),
        (("../arms", "int8"), "must be 1 to 30 of a-z"),
        (("-arms", "int8"), "must be 1 to 30 of a-z"),
        (("a" * 31, "int8"), "must be 1 to 30 of a-z"),
        (("blazepose_full", "int8"), "is the name of a ready-made pose model"),
        (("arms", "onnx"), "form must be one of float32, float16, dynamic, int8"),
        (("arms", "dynamic"), "has no dynamic form"),
        (("arms", "int8", "x" * 201), "a line of at most 200 characters"),
    ],
    ids=["capitals", "path", "dash", "long", "ready-made", "onnx", "no-such-form", "long-note"],
)
def test_what_cannot_be_registered_is_refused_with_the_reason(
    chief: User, run_id: str, asked: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(InvalidInputError, match=sentence):
        model_versions.register(chief, run_id, *asked)


def test_only_administrators_register_activate_and_remove(chief: User, run_id: str, make_account: MakeAccount) -> None:
    ben = account(make_account("ben"))
    version = model_versions.register(chief, run_id, "arms", "int8")

    for refused in (
        lambda: model_versions.register(ben, run_id, "arms", "int8"),
        lambda: model_versions.activate(ben, version.id),
        lambda: model_versions.remove(ben, version.id),
        lambda: model_versions.roll_back(ben),
    ):
        with pytest.raises(NotAllowedError):
            refused()
    assert [shown.version.id for shown in model_versions.list_versions(ben)] == [version.id]


def test_a_version_is_activated_told_as_active_not_removed_meanwhile_and_gone_back_from(
    chief: User, run_id: str, own: Path
) -> None:
    first, second = (model_versions.register(chief, run_id, "arms", form) for form in ("int8", "float32"))
    told: list[object] = []
    models.models_changed.connect(told.append, weak=False)

    model_versions.activate(chief, first.id)
    model_versions.activate(chief, second.id)
    shown = [(each.version.pose_model, each.active, each.usable) for each in model_versions.list_versions(chief)]
    with pytest.raises(InvalidInputError, match="arms-v2 is used now; activate another model first"):
        model_versions.remove(chief, second.id)
    back = model_versions.roll_back(chief)

    assert shown == [("arms-v2", True, True), ("arms-v1", False, True)]
    assert back.models.pose_model == "arms-v1"
    assert len(told) == 3
    assert (own / "arms-v2").is_dir()


def test_a_version_that_is_removed_while_somebody_activates_it_is_not_used(
    chief: User, run_id: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, known = model_versions.register(chief, run_id, "arms", "int8"), models.known

    def known_until_removed(actor: User) -> tuple[ModelEntry, ...]:
        entries = known(actor)
        model_versions.remove(chief, version.id)
        return entries

    monkeypatch.setattr(models, "known", known_until_removed)

    with pytest.raises(InvalidInputError, match="arms-v1 was removed meanwhile; choose another model"):
        model_versions.activate(chief, version.id)
    assert models.selection().models.pose_model == settings.pose_model


def test_a_version_whose_files_were_deleted_by_hand_is_told_and_not_activated(
    chief: User, run_id: str, own: Path
) -> None:
    version = model_versions.register(chief, run_id, "arms", "int8")
    (own / "arms-v1" / "model.tflite").unlink()

    assert [shown.usable for shown in model_versions.list_versions(chief)] == [False]
    with pytest.raises(InvalidInputError):
        model_versions.activate(chief, version.id)
    model_versions.remove(chief, version.id)
    assert model_versions.list_versions(chief) == []


def test_a_version_belongs_to_its_run(chief: User, run_id: str, arms: Seeded) -> None:
    other = seed_run(arms, chief.id)
    first, second = (model_versions.register(chief, run_id, name, "int8") for name in ("arms", "legs"))
    model_versions.remove(chief, first.id)

    assert [version.id for version in model_versions.versions_of_run(run_id)] == [second.id]
    assert model_versions.versions_of_run(other) == []
    assert db.session.query(TrainingRun).count() == 2
