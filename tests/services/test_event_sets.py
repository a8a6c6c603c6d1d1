"""Events of the history as sets of repetitions."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from tests.conftest import MakeAccount
from tests.events import announced
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.services import history
from webapp.services.event_sets import EventSet, sets_of
from webapp.services.history import HistoryFilter

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
ALL = HistoryFilter()

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def anna(make_account: MakeAccount) -> User:
    return person(make_account("anna"))


def person(user_id: int) -> User:
    user = db.session.get(User, user_id)
    assert user is not None
    return user


def happened(user: User, *starts_s: float, action: str = "Squat", session: str = "s", confidence: float = 0.8) -> None:
    """Events of one second that begin at these seconds of a session."""
    for start_s in starts_s:
        told = announced(f"{user.id} {session} {action} {start_s}", action=action, action_id=action)
        event = replace(
            told.event, start_s=start_s, end_s=start_s + 1, announced_s=start_s + 1.2, confidence=confidence
        )
        received_at = NOW + dt.timedelta(seconds=event.announced_s)
        history.record_event(user.id, replace(told, session_id=session, event=event), "yolov5n", "full", received_at)


def listed(actor: User, wanted: HistoryFilter = ALL, page: int = 1) -> list[EventSet]:
    return list(sets_of(actor, wanted, history.list_events(actor, wanted, page).events))


def shapes(sets: list[EventSet]) -> list[tuple[str, int, int]]:
    return [(one.newest.action_name, len(one.events), one.count) for one in sets]


def test_repetitions_that_follow_each_other_are_one_set_with_its_tempo(anna: User) -> None:
    happened(anna, 0, 2, 4, 6)

    (squats,) = listed(anna)

    assert (len(squats.events), squats.count) == (4, 4)
    assert squats.tempo_per_min == pytest.approx(30)
    assert squats.newest.start_s > squats.oldest.start_s
    assert squats.duration_s == 7


def test_another_action_a_pause_and_another_session_end_a_set(anna: User) -> None:
    happened(anna, 0, 2)
    happened(anna, 4, action="Wave")
    happened(anna, 6, 20)
    happened(anna, 22, session="t")

    assert shapes(listed(anna)) == [
        ("Squat", 1, 1), ("Squat", 1, 1), ("Squat", 1, 1), ("Wave", 1, 1), ("Squat", 2, 2)
    ]  # fmt: skip


def test_a_set_across_the_border_of_a_page_is_whole_on_both(anna: User) -> None:
    happened(anna, *range(0, 60, 2))

    first, second = listed(anna, page=1), listed(anna, page=2)

    assert shapes(first) == shapes(second) == [("Squat", 30, 30)]


def test_a_filter_shows_what_fits_of_a_set_and_how_many_there_are(anna: User) -> None:
    happened(anna, 0, 2, 4)
    happened(anna, 6, confidence=0.2)

    assert shapes(listed(anna, HistoryFilter(min_confidence=0.5))) == [("Squat", 3, 4)]


def test_an_action_in_between_ends_a_set_also_where_it_is_filtered_out(anna: User) -> None:
    happened(anna, 0, 4)
    happened(anna, 2, action="Wave")

    assert shapes(listed(anna, HistoryFilter(action_name="Squat"))) == [("Squat", 1, 1), ("Squat", 1, 1)]


def test_an_event_told_twice_in_other_words_is_listed_beside_the_set(anna: User) -> None:
    happened(anna, 0, 0.2, 2)

    assert shapes(listed(anna)) == [("Squat", 2, 2), ("Squat", 1, 1)]


def test_sets_of_two_people_are_never_mixed(anna: User, make_account: MakeAccount) -> None:
    ben, coach = person(make_account("ben")), person(make_account("carl", role="coach"))
    happened(anna, 0, 2, 4)
    happened(ben, 1, 3)

    assert shapes(listed(coach)) == [("Squat", 3, 3), ("Squat", 2, 2)]
    assert shapes(listed(ben)) == [("Squat", 2, 2)]


def test_no_events_are_no_sets(anna: User) -> None:
    assert listed(anna) == []
