"""Which models a session is to have: the browser's wish before the installation's, and what a refusal leaves."""

from __future__ import annotations

from webapp.core.skeleton import COCO_17
from webapp.pipeline.messages import LoadedModels, ModelChoice, ModelsReady, ModelsRefused
from webapp.sockets.session_models import SessionModels

A, B, C = (ModelChoice("auto", name) for name in "abc")


def accept(session: SessionModels) -> None:
    loaded = LoadedModels("yolov5n", "any", "none", COCO_17)
    session.ready(ModelsReady("s1", session.wanted, loaded))


def refuse(session: SessionModels) -> None:
    session.refused(ModelsRefused("s1", session.wanted, "why"))


def test_a_session_has_what_the_installation_uses_and_changes_with_it() -> None:
    session = SessionModels(A)

    assert session.settled == A
    assert session.follow_installation(B)
    assert (session.wanted, session.settled) == (B, A)
    accept(session)
    assert session.settled == B
    assert not session.follow_installation(B)


def test_a_choice_of_its_own_outlives_changes_of_the_installation_until_it_is_taken_back() -> None:
    session = SessionModels(None)
    session.choose(A)
    accept(session)

    assert not session.follow_installation(B)
    assert session.settled == A
    session.choose(None)
    assert session.wanted == B


def test_after_a_refusal_a_session_has_what_it_had() -> None:
    session = SessionModels(A)
    session.choose(B)
    accept(session)
    session.choose(C)
    refuse(session)

    assert (session.wanted, session.settled, session.is_waiting) == (B, B, False)


def test_a_refused_wish_leaves_a_session_with_the_installation() -> None:
    session = SessionModels(A)
    session.choose(B)
    refuse(session)

    assert session.follow_installation(C)
    assert session.wanted == C


def test_who_wanted_the_usual_models_back_in_vain_gets_those_that_the_installation_uses_next() -> None:
    session = SessionModels(A)
    session.choose(B)
    accept(session)
    session.choose(None)
    refuse(session)

    assert (session.settled, session.is_waiting) == (B, False)
    assert session.follow_installation(C)
    assert session.wanted == C


def test_an_answer_to_an_older_wish_settles_nothing() -> None:
    session = SessionModels(A)
    session.choose(B)
    asked_first = session.wanted
    session.choose(C)

    session.refused(ModelsRefused("s1", asked_first, "why"))

    assert (session.wanted, session.settled, session.is_waiting) == (C, A, True)


def test_where_there_is_no_worker_the_next_one_begins_with_the_wish() -> None:
    session = SessionModels(A)
    session.choose(B)

    session.settle()

    assert (session.settled, session.is_waiting) == (B, False)


def test_where_a_new_worker_does_not_have_them_it_is_asked_for_those_of_the_installation() -> None:
    session = SessionModels(A)
    session.choose(B)
    session.settle()

    assert session.refused(ModelsRefused("s1", B, "why"))
    assert (session.settled, session.wanted, session.is_waiting) == (None, A, True)
    assert not session.refused(ModelsRefused("s1", A, "why"))
    assert (session.wanted, session.is_waiting) == (None, False)


def test_what_the_worker_of_a_new_session_does_not_have_is_given_up() -> None:
    session = SessionModels(A)

    refuse(session)

    assert (session.settled, session.is_waiting) == (None, False)


def test_a_wish_over_which_two_workers_were_lost_is_given_up() -> None:
    session = SessionModels(A)
    session.begin()
    accept(session)
    session.choose(B)

    assert session.begin() is None
    assert session.wanted == B
    assert session.begin() == B
    assert (session.wanted, session.settled, session.is_waiting) == (A, A, False)


def test_models_over_which_two_workers_were_lost_are_given_up_for_those_of_the_installation() -> None:
    session = SessionModels(A)
    session.choose(B)
    session.settle()

    assert [session.begin() for _ in range(3)] == [None, None, B]
    assert session.settled == A
    assert [session.begin() for _ in range(2)] == [None, A]
    assert session.settled is None


def test_workers_that_are_lost_later_on_cost_a_session_no_models() -> None:
    session = SessionModels(A)
    session.choose(B)
    for _ in range(5):
        session.begin()
        accept(session)

    assert session.settled == B
