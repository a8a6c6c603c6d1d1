"""What a worker is asked about takes and events, and how often."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator, Sequence

import pytest
from flask import Flask

from tests.conftest import MakeAccount
from tests.events import announced
from tests.movements import arm_raise
from webapp.core.errors import NotFoundError
from webapp.db.accounts import User
from webapp.db.actions import Action
from webapp.db.base import db
from webapp.pipeline.inquiries import ComparisonQuestion, HealthQuestion, Question, RepetitionsQuestion
from webapp.services import actions, history, insight
from webapp.services.actions import NewTake
from webapp.services.analysis import Analysis, Result, WorkerUnavailableError

BEGAN = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def account(user_id: int) -> User:
    user = db.session.get(User, user_id)
    assert user is not None
    return user


class AskedWorker:
    """Keeps what it is asked and answers how often it was."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.analysis = Analysis(self.ask)

    def ask(self, question: Question) -> Result:
        self.asked.append(question)
        return {"times": len(self.asked)}


@pytest.fixture
def anna(make_account: MakeAccount, context: None) -> User:
    return account(make_account("anna"))


@pytest.fixture
def squat(anna: User) -> Action:
    action, _ = actions.create_action(anna, "Squat")
    for key in ("one", "two"):
        take = NewTake(key, arm_raise(), 0.3, 1.6, "webcam", "blazepose", "blazepose_full")
        actions.add_take(anna, action.id, take)
    return action


def recognised(owner: User, action: Action, number: int, **changes: object) -> str:
    """An event `number` times 3 seconds after the session began."""
    start_s = 3.0 * number
    event = announced(
        f"event {number} {changes}", action_id=action.id, action=action.name, start_s=start_s, end_s=start_s + 2,
        announced_s=start_s + 2, **{key: value for key, value in changes.items() if key != "at"},
    )  # fmt: skip
    at = BEGAN + dt.timedelta(seconds=start_s + 2)
    return history.record_event(owner.id, event, "yolov5n", "blazepose_full", changes.get("at", at))  # type: ignore[arg-type]


def takes_of(question: Question) -> tuple[Sequence[str], str | None]:
    assert isinstance(question, ComparisonQuestion)
    return [take.take_id for take in question.takes], question.take_id


def test_health_is_asked_once_for_the_same_actions(anna: User, squat: Action) -> None:
    worker = AskedWorker()
    first, again = (insight.health(anna, worker.analysis) for _ in range(2))
    actions.set_take_enabled(anna, squat.id, squat.takes[0].id, False)
    changed = insight.health(anna, worker.analysis)

    assert (first, first.result) == (again, {"times": 1})
    assert (changed.bank_number, changed.result) == (first.bank_number + 1, {"times": 2})
    assert isinstance(worker.asked[1], HealthQuestion)
    assert len(worker.asked[1].bank.actions[0].takes) == 1


def test_two_who_ask_at_a_time_are_answered_by_one_inquiry(app: Flask, anna: User, squat: Action) -> None:
    user_id, asked, go = anna.id, list[Question](), threading.Event()

    def ask(question: Question) -> Result:
        asked.append(question)
        go.wait(10)
        return {}

    analysis = Analysis(ask)

    def look() -> None:
        with app.app_context():
            insight.health(account(user_id), analysis)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()

    assert len(asked) == 1


def test_an_inquiry_that_failed_is_asked_again(anna: User) -> None:
    answers: Iterator[Result | WorkerUnavailableError] = iter([WorkerUnavailableError("no worker"), {"actions": []}])

    def ask(_question: Question) -> Result:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    analysis = Analysis(ask)
    with pytest.raises(WorkerUnavailableError):
        insight.health(anna, analysis)

    assert insight.health(anna, analysis).result == {"actions": []}


def test_no_connection_is_held_while_a_worker_works(anna: User, squat: Action) -> None:
    def ask(_question: Question) -> Result:
        return {"connections": db.engine.pool.checkedout()}  # type: ignore[attr-defined]  # of a queue pool

    assert insight.health(anna, Analysis(ask)).result == {"connections": 0}


def test_an_event_is_compared_with_the_take_it_was_recognised_by(anna: User, squat: Action) -> None:
    one, two = (take.id for take in squat.takes)
    event_id = recognised(anna, squat, 1, take_id=two)
    worker = AskedWorker()

    for take_id in (None, one):
        assert insight.comparison(anna, worker.analysis, event_id, take_id).action_id == squat.id
    actions.delete_take(anna, squat.id, two)
    insight.comparison(anna, worker.analysis, event_id)

    assert [takes_of(question) for question in worker.asked] == [([two], two), ([one], one), ([one], None)]


def test_what_cannot_be_compared_says_why(anna: User, squat: Action) -> None:
    worker, event_id = AskedWorker(), recognised(anna, squat, 1)

    with pytest.raises(NotFoundError, match="Squat has no take 'other'"):
        insight.comparison(anna, worker.analysis, event_id, "other")
    for take in list(squat.takes):
        actions.set_take_enabled(anna, squat.id, take.id, False)
    with pytest.raises(NotFoundError, match="no take that is switched on"):
        insight.comparison(anna, worker.analysis, event_id)
    actions.delete_action(anna, squat.id)
    with pytest.raises(NotFoundError, match="Squat was deleted"):
        insight.comparison(anna, worker.analysis, event_id)
    assert worker.asked == []


def test_a_coach_may_compare_and_count_others_may_not(anna: User, squat: Action, make_account: MakeAccount) -> None:
    worker, event_id = AskedWorker(), recognised(anna, squat, 1)
    coach, other = account(make_account("coach", role="coach")), account(make_account("other"))

    assert insight.comparison(coach, worker.analysis, event_id).result
    assert insight.repetitions(coach, worker.analysis, event_id).result
    for ask in (insight.comparison, insight.repetitions):
        with pytest.raises(NotFoundError):
            ask(other, worker.analysis, event_id)


def test_repetitions_are_those_of_the_same_person_session_and_time(anna: User, squat: Action) -> None:
    worker = AskedWorker()
    ids = [recognised(anna, squat, number) for number in (2, 1, 3)]
    recognised(anna, squat, 4, at=BEGAN + dt.timedelta(hours=1))

    insight.repetitions(anna, worker.analysis, ids[0])
    insight.repetitions(anna, worker.analysis, ids[0])
    later = recognised(anna, squat, 5)
    insight.repetitions(anna, worker.analysis, ids[0])

    sent = [[event.event_id for event in one.events] for one in worker.asked if isinstance(one, RepetitionsQuestion)]
    assert sent == [[ids[1], ids[0], ids[2]], [ids[1], ids[0], ids[2], later]]
