"""How fast models are: asked of a worker, kept until asked again, nonsense refused."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.conftest import MakeAccount
from webapp.core.errors import InvalidInputError, NotAllowedError
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.pipeline.inquiries import ModelSpeedQuestion, Question
from webapp.services import model_speeds
from webapp.services.analysis import Analysis, Result, WorkerUnavailableError

TRUE_ANSWER: Result = {"runtimes_ms": {"litert": 9.5, "openvino": 6.25}, "machine": "workshop", "threads": 2}


class AskedWorker(Analysis):
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self, *answers: Result) -> None:
        super().__init__(self.work)
        self.answers = list(answers)
        self.asked: list[Question] = []

    def work(self, question: Question) -> Result:
        self.asked.append(question)
        return self.answers.pop(0)


@pytest.fixture
def chief(app: Flask, make_account: MakeAccount, context: None) -> User:
    return account(make_account("chief", role="admin"))


def account(user_id: int) -> User:
    found = db.session.get(User, user_id)
    assert found is not None
    return found


def kept() -> dict[tuple[str, str], list[tuple[str, float, str, int]]]:
    return {
        model: [(one.runtime, one.ms, one.machine, one.threads) for one in speeds]
        for model, speeds in model_speeds.kept_speeds().items()
    }


def test_what_is_measured_is_kept_with_the_fastest_runtime_first(chief: User) -> None:
    worker = AskedWorker(TRUE_ANSWER)

    speeds = model_speeds.measure(chief, worker, "pose", "blazepose_full")

    assert worker.asked == [ModelSpeedQuestion("pose", "blazepose_full")]
    assert [(one.runtime, one.ms) for one in speeds] == [("openvino", 6.25), ("litert", 9.5)]
    assert kept() == {("pose", "blazepose_full"): [("openvino", 6.25, "workshop", 2), ("litert", 9.5, "workshop", 2)]}


def test_measuring_again_takes_the_place_of_what_was_measured_before(chief: User) -> None:
    worker = AskedWorker(TRUE_ANSWER, TRUE_ANSWER | {"runtimes_ms": {"litert": 4.0}}, TRUE_ANSWER)
    model_speeds.measure(chief, worker, "pose", "blazepose_full")

    model_speeds.measure(chief, worker, "pose", "blazepose_full")
    model_speeds.measure(chief, worker, "detector", "blazepose")

    assert kept()["pose", "blazepose_full"] == [("litert", 4.0, "workshop", 2)]
    assert len(kept()["detector", "blazepose"]) == 2


@pytest.mark.parametrize(
    ("role", "name", "sentence"),
    [
        ("pose", "nonsense", "there is no pose model 'nonsense'"),
        ("detector", "blazepose_full", "there is no detector 'blazepose_full'"),
        ("detector", "whole_frame", "is no network"),
        ("detector", "auto", "is no network"),
        ("detector", "yolov5x", "yolov5x is missing and cannot be measured; python -m webapp weights pull yolov5x"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_a_worker_is_asked(
    chief: User, role: str, name: str, sentence: str
) -> None:
    worker = AskedWorker()

    with pytest.raises(InvalidInputError) as refused:
        model_speeds.measure(chief, worker, role, name)

    assert sentence in str(refused.value)
    assert worker.asked == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({}, WorkerUnavailableError),
        (TRUE_ANSWER | {"machine": 3}, WorkerUnavailableError),
        (TRUE_ANSWER | {"runtimes_ms": []}, WorkerUnavailableError),
        (TRUE_ANSWER | {"runtimes_ms": {}}, InvalidInputError),
        (TRUE_ANSWER | {"runtimes_ms": {"litert": -1.0, "openvino": "fast", "torch": float("nan")}}, InvalidInputError),
    ],
)
def test_an_answer_that_is_no_measurement_is_not_kept(chief: User, answer: Result, error: type[Exception]) -> None:
    with pytest.raises(error):
        model_speeds.measure(chief, AskedWorker(answer), "pose", "blazepose_full")

    assert kept() == {}


def test_only_administrators_have_models_measured(make_account: MakeAccount, chief: User) -> None:
    with pytest.raises(NotAllowedError):
        model_speeds.measure(account(make_account("coach", role="coach")), AskedWorker(), "pose", "blazepose_full")
