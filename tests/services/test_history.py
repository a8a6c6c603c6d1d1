"""What is stored of an event, who may see it, and how it is found."""

from __future__ import annotations

import datetime as dt
import threading

import numpy as np
import pytest
from flask import Flask

from tests.conftest import MakeAccount
from tests.events import announced
from tests.movements import arm_raise
from webapp.core.errors import InvalidInputError, NotAllowedError, NotFoundError
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.services import actions, history
from webapp.services.history import HistoryFilter

NOON = dt.datetime(2026, 5, 4, 12, 0, 0, tzinfo=dt.UTC)


def account(user_id: int) -> User:
    user = db.session.get(User, user_id)
    assert user is not None
    return user


@pytest.fixture
def anna(make_account: MakeAccount, context: None) -> User:
    return account(make_account("anna"))


@pytest.fixture
def coach(make_account: MakeAccount, context: None) -> User:
    return account(make_account("coach", role="coach"))


def record(user: User, key: str, at: dt.datetime = NOON, **changes: object) -> str:
    return history.record_event(user.id, announced(key, **changes), "yolov5n", "blazepose_full", at)


def test_wall_clock_is_counted_back_from_the_moment_of_receipt(anna: User) -> None:
    event = history.get_event(anna, record(anna, "one"))

    assert event.started_at == NOON - dt.timedelta(seconds=3)
    assert event.ended_at == NOON - dt.timedelta(seconds=1)


def test_everything_known_of_an_event_is_stored(anna: User) -> None:
    event_id = record(anna, "one")
    db.session.expire_all()

    event = history.get_event(anna, event_id)

    assert (event.user_id, event.person_id, event.session_id) == (anna.id, 2, "session-1")
    assert (event.action_name, event.distance, event.threshold, event.confidence) == ("Arm raise", 0.5, 1.0, 0.8)
    assert (event.detector, event.pose_model) == ("yolov5n", "blazepose_full")
    stored = history.event_sequence(anna, event_id)
    np.testing.assert_array_equal(stored.keypoints, arm_raise().keypoints)


def test_an_event_sent_twice_is_stored_once(anna: User) -> None:
    first, second = record(anna, "one"), record(anna, "one", at=NOON + dt.timedelta(minutes=5))

    assert first == second
    assert history.list_events(anna, HistoryFilter()).total == 1


def test_an_event_outlives_its_action_and_keeps_its_name(anna: User) -> None:
    action, _ = actions.create_action(anna, "Arm raise")
    event_id = record(anna, "one", action_id=action.id)
    assert history.get_event(anna, event_id).action_id == action.id

    actions.delete_action(anna, action.id)

    db.session.expire_all()
    event = history.get_event(anna, event_id)
    assert (event.action_id, event.action_name) == (None, "Arm raise")


def test_an_event_of_an_action_just_deleted_is_stored_all_the_same(anna: User) -> None:
    assert history.get_event(anna, record(anna, "one", action_id="f" * 32)).action_id is None


@pytest.mark.parametrize("name", ["distance", "confidence", "start_s"])
def test_an_event_without_a_number_is_refused(anna: User, name: str) -> None:
    with pytest.raises(InvalidInputError, match=f"event one has {name} nan"):
        record(anna, "one", NOON, **{name: float("nan")})


def test_an_event_announced_by_two_at_once_is_stored_once(app: Flask, anna: User) -> None:
    user_id, gate, got = anna.id, threading.Barrier(4), []

    def announce() -> None:
        with app.app_context():
            gate.wait()
            got.append(history.record_event(user_id, announced("same"), "yolov5n", "blazepose_full"))

    threads = [threading.Thread(target=announce) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(got) == 4
    assert len(set(got)) == 1
    assert history.list_events(anna, HistoryFilter()).total == 1


def test_people_see_their_own_and_coaches_see_everybodys(anna: User, coach: User, make_account: MakeAccount) -> None:
    ben = account(make_account("ben"))
    annas, bens = record(anna, "one"), record(ben, "two")

    seen_by_anna = [event.id for event in history.list_events(anna, HistoryFilter()).events]
    seen_by_coach = {event.id for event in history.list_events(coach, HistoryFilter()).events}

    assert seen_by_anna == [annas]
    assert seen_by_coach == {annas, bens}
    with pytest.raises(NotFoundError):
        history.get_event(anna, bens)
    with pytest.raises(NotFoundError):
        history.event_sequence(anna, bens)


def test_asking_for_someone_else_by_name_shows_nothing(anna: User, make_account: MakeAccount) -> None:
    ben = account(make_account("ben"))
    record(ben, "two")

    assert history.list_events(anna, HistoryFilter(username="ben")).total == 0


def test_a_coach_sees_but_does_not_delete(anna: User, coach: User) -> None:
    event_id = record(anna, "one")

    with pytest.raises(NotAllowedError, match="only the person it belongs to"):
        history.delete_event(coach, event_id)
    history.delete_event(anna, event_id)

    assert history.list_events(anna, HistoryFilter()).total == 0


def test_the_newest_comes_first_page_by_page(anna: User) -> None:
    ids = [record(anna, f"k{n}", at=NOON + dt.timedelta(minutes=n)) for n in range(30)]

    first, second = history.list_events(anna, HistoryFilter(), 1), history.list_events(anna, HistoryFilter(), 2)

    assert [event.id for event in first.events] + [event.id for event in second.events] == ids[::-1]
    assert (first.total, first.pages, second.page) == (30, 2, 2)


def test_a_page_beyond_the_last_is_the_last(anna: User) -> None:
    record(anna, "one")

    page = history.list_events(anna, HistoryFilter(), 10**9)

    assert (page.page, len(page.events)) == (1, 1)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (HistoryFilter(), {"early", "squat", "late"}),
        (HistoryFilter(action_name="Squat"), {"squat"}),
        (HistoryFilter(username="anna"), {"early", "squat", "late"}),
        (HistoryFilter(username="nobody"), set()),
        (HistoryFilter(min_confidence=0.9), {"late"}),
        (HistoryFilter(from_day=dt.date(2026, 5, 5)), {"late"}),
        (HistoryFilter(to_day=dt.date(2026, 5, 3)), {"early"}),
        (HistoryFilter(from_day=dt.date(2026, 5, 4), to_day=dt.date(2026, 5, 4)), {"squat"}),
    ],
)
def test_filters_find_what_they_say(coach: User, anna: User, wanted: HistoryFilter, found: set[str]) -> None:
    record(anna, "early", at=NOON - dt.timedelta(days=1))
    record(anna, "squat", action="Squat")
    record(anna, "late", at=NOON + dt.timedelta(days=1), confidence=0.95)

    page = history.list_events(coach, wanted)

    assert {event.event_key for event in page.events} == found
    assert page.total == len(found)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (HistoryFilter(from_day=dt.date(2026, 5, 5), to_day=dt.date(2026, 5, 4)), "exchange the two dates"),
        (HistoryFilter(min_confidence=1.5), "within 0 to 1, got 1.5"),
        (HistoryFilter(min_confidence=float("nan")), "within 0 to 1, got nan"),
    ],
)
def test_filters_that_cannot_be_are_refused(anna: User, wanted: HistoryFilter, sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=sentence):
        history.list_events(anna, wanted)


def test_the_last_day_of_the_calendar_is_a_day_like_any_other(anna: User) -> None:
    assert history.list_events(anna, HistoryFilter(to_day=dt.date.max)).total == 0
