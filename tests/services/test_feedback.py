"""Feedback: nothing by looking, all or nothing by applying, exactly back by undoing, in whatever order."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.conftest import MakeAccount
from tests.events import announced
from tests.movements import arm_raise
from webapp.core.errors import InvalidInputError, NotAllowedError, NotFoundError
from webapp.db.accounts import User
from webapp.db.actions import Action, Negative, Take
from webapp.db.base import db
from webapp.db.feedback import Feedback, Tuning
from webapp.pipeline.inquiries import FeedbackQuestion, Question
from webapp.pipeline.wire_inquiries import effect_to_wire
from webapp.recognition.feedback import Bound, Change, ChangedEvent, Effect
from webapp.services import actions, banks, feedback, history
from webapp.services.actions import NewTake
from webapp.services.analysis import Analysis, Result, WorkerUnavailableError
from webapp.services.feedback_case import FeedbackRequest


def account(user_id: int) -> User:
    user = db.session.get(User, user_id)
    assert user is not None
    return user


@pytest.fixture
def anna(make_account: MakeAccount, context: None) -> User:
    return account(make_account("anna"))


@pytest.fixture
def squat(anna: User) -> Action:
    return learned(anna, "Squat")


@pytest.fixture
def bow(anna: User) -> Action:
    return learned(anna, "Bow")


@pytest.fixture
def event_id(anna: User, squat: Action) -> str:
    """An event that was taken for a squat."""
    return recognised(anna, squat, "key-1")


@pytest.fixture
def told() -> Iterator[list[int]]:
    heard: list[int] = []

    def hear(_sender: object, user_id: int) -> None:
        heard.append(user_id)

    with banks.bank_changed.connected_to(hear):
        yield heard


def learned(owner: User, name: str) -> Action:
    action, _ = actions.create_action(owner, name)
    actions.add_take(owner, action.id, NewTake("one", arm_raise(), 0.3, 1.6, "webcam", "blazepose", "blazepose_full"))
    return action


def recognised(owner: User, action: Action, key: str) -> str:
    event = announced(key, action_id=action.id, action=action.name)
    return history.record_event(owner.id, event, "yolov5n", "blazepose_full")


def change(action: Action, bound: Bound, factor: float, obstacle: str | None = None) -> Change:
    before = action.threshold_factor
    return Change(action.id, action.name, bound, before, factor, before, factor, obstacle)


def effect_of(*changes: Change, **others: object) -> Effect:
    return replace(Effect(changes, True, (), (), 0, 0), **others)  # type: ignore[arg-type]


def worker(*effects: Effect) -> tuple[Analysis, list[FeedbackQuestion]]:
    """An analysis whose worker works these out one after another, and what it was asked."""
    asked: list[FeedbackQuestion] = []
    answers = iter(effects)

    def ask(question: Question) -> Result:
        assert isinstance(question, FeedbackQuestion)
        asked.append(question)
        return effect_to_wire(next(answers))

    return Analysis(ask), asked


def applied(actor: User, request: FeedbackRequest, key: str, effect: Effect) -> Feedback:
    """Shown and then applied, as a page does."""
    analysis, _ = worker(effect)
    shown = feedback.preview(actor, analysis, request)
    return feedback.apply(actor, analysis, request, key, shown.bank_number)


def factor_of(action: Action) -> float:
    db.session.expire_all()
    (stored,) = [one for one in banks.load_bank(action.owner_id).actions if one.action_id == action.id]
    assert stored.threshold_factor == action.threshold_factor
    return stored.threshold_factor


def count(table: type[Take] | type[Negative] | type[Feedback] | type[Tuning]) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_looking_stores_nothing_and_asks_once(
    anna: User, squat: Action, bow: Action, event_id: str, told: list[int]
) -> None:
    other = recognised(anna, squat, "key-2")
    effect = effect_of(change(squat, "at_most", 0.8), events=(ChangedEvent(other, squat.id, None),), checked_events=1)
    analysis, asked = worker(effect)
    number = banks.bank_number(anna.id)

    shown = [feedback.preview(anna, analysis, FeedbackRequest("wrong", event_id)) for _ in range(2)]

    assert shown[0] == shown[1]
    assert shown[0].effect == effect
    assert [(one.event_id, one.before, one.after) for one in shown[0].events] == [(other, "Squat", None)]
    assert "The threshold of Squat falls from 1.00 to 0.80." in shown[0].sentences
    assert "Of the newest 1 events, 1 would no longer be recognised." in shown[0].sentences
    (question,) = asked
    assert (question.wrong_action_id, question.right_action_id, question.tune) == (squat.id, None, True)
    assert [event.event_id for event in question.recent] == [other]
    assert (banks.bank_number(anna.id), count(Feedback), told) == (number, 0, [])


def test_applying_changes_the_bank_and_tells_the_workers_once(
    anna: User, squat: Action, event_id: str, told: list[int]
) -> None:
    effect = effect_of(change(squat, "at_most", 0.8))
    analysis, asked = worker(effect)
    request = FeedbackRequest("wrong", event_id)
    number = feedback.preview(anna, analysis, request).bank_number

    first = feedback.apply(anna, analysis, request, "key", number)
    again = feedback.apply(anna, analysis, request, "key", number)

    assert first.id == again.id
    assert (factor_of(squat), banks.bank_number(anna.id), told, len(asked)) == (0.8, number + 1, [anna.id], 1)
    assert [one.id for one in feedback.feedback_of([event_id])[event_id]] == [first.id]


def test_what_was_shown_of_other_actions_is_not_applied(anna: User, squat: Action, event_id: str) -> None:
    analysis, _ = worker(effect_of(change(squat, "at_most", 0.8)), effect_of(change(squat, "at_most", 0.7)))
    request = FeedbackRequest("wrong", event_id)
    number = feedback.preview(anna, analysis, request).bank_number
    actions.rename_action(anna, squat.id, "Deep squat")

    with pytest.raises(InvalidInputError, match="have changed since this effect was shown"):
        feedback.apply(anna, analysis, request, "key", number)

    assert (factor_of(squat), count(Feedback)) == (1, 0)


def test_a_change_between_looking_and_storing_is_seen_inside_the_transaction(
    anna: User, squat: Action, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    analysis, _ = worker(effect_of(change(squat, "at_most", 0.8)))
    request = FeedbackRequest("wrong", event_id)
    number = feedback.preview(anna, analysis, request).bank_number
    shown_by = feedback.preview

    def shown_then_changed(*arguments: object) -> feedback.Preview:
        shown = shown_by(*arguments)  # type: ignore[arg-type]
        actions.rename_action(anna, squat.id, "Deep squat")
        return shown

    monkeypatch.setattr(feedback, "preview", shown_then_changed)

    with pytest.raises(InvalidInputError, match="have changed since"):
        feedback.apply(anna, analysis, request, "key", number)

    assert (factor_of(squat), count(Feedback)) == (1, 0)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_undone_in_any_order_the_rest_holds_and_in_the_end_all_is_as_it_was(
    anna: User, squat: Action, order: Sequence[int]
) -> None:
    actions.set_options(anna, squat.id, threshold_factor=1.1)
    steps: list[tuple[Bound, float]] = [("at_most", 0.8), ("at_least", 0.9), ("at_most", 0.7), ("at_least", 1.3)]
    ids = []
    for number, (bound, factor) in enumerate(steps):
        event_id = recognised(anna, squat, f"event {number}")
        made = applied(
            anna, FeedbackRequest("wrong", event_id), f"key {number}", effect_of(change(squat, bound, factor))
        )
        ids.append(made.id)
    left = dict(enumerate(steps))

    for which in order:
        feedback.undo(anna, ids[which])
        del left[which]
        expected = 1.1
        for bound, factor in left.values():
            expected = min(expected, factor) if bound == "at_most" else max(expected, factor)
        assert factor_of(squat) == expected

    assert factor_of(squat) == 1.1


def test_undoing_takes_out_what_was_added_and_nothing_else(anna: User, squat: Action, bow: Action) -> None:
    before = (count(Take), count(Negative), banks.load_bank(anna.id).actions)
    as_take = applied(
        anna, FeedbackRequest("wrong", recognised(anna, squat, "a"), action_id=bow.id, add="take"), "a",
        effect_of(change(squat, "at_most", 0.9), change(bow, "at_least", 1.2)),
    )  # fmt: skip
    as_negative = applied(
        anna, FeedbackRequest("wrong", recognised(anna, squat, "b"), add="negative"), "b", effect_of()
    )

    assert (count(Take), count(Negative)) == (before[0] + 1, 1)
    assert len(banks.load_bank(anna.id).negatives) == 1
    assert (factor_of(squat), factor_of(bow)) == (0.9, 1.2)

    for one in (as_take, as_negative):
        feedback.undo(anna, one.id)

    assert (count(Take), count(Negative), banks.load_bank(anna.id).actions) == before
    assert [one.undone_at is not None for one in feedback.list_feedback(anna).feedback] == [True, True]


def test_undoing_twice_is_undoing_once(anna: User, squat: Action, event_id: str, told: list[int]) -> None:
    made = applied(anna, FeedbackRequest("wrong", event_id), "key", effect_of(change(squat, "at_most", 0.8)))
    first = feedback.undo(anna, made.id).undone_at
    number = banks.bank_number(anna.id)

    assert feedback.undo(anna, made.id).undone_at == first
    assert (banks.bank_number(anna.id), told, factor_of(squat)) == (number, [anna.id] * 2, 1)


def test_what_was_added_may_be_deleted_by_hand_before_it_is_undone(anna: User, squat: Action, bow: Action) -> None:
    request = FeedbackRequest("wrong", recognised(anna, squat, "a"), action_id=bow.id, add="take")
    made = applied(anna, request, "a", effect_of())
    assert made.take_id is not None
    actions.delete_take(anna, bow.id, made.take_id)

    assert feedback.undo(anna, made.id).undone_at is not None


def test_a_factor_set_by_hand_stays_when_the_feedback_before_it_is_undone(
    anna: User, squat: Action, event_id: str
) -> None:
    made = applied(anna, FeedbackRequest("wrong", event_id), "key", effect_of(change(squat, "at_most", 0.8)))
    actions.set_options(anna, squat.id, threshold_factor=1.5)
    later = applied(
        anna, FeedbackRequest("wrong", recognised(anna, squat, "b")), "b", effect_of(change(squat, "at_most", 1.4))
    )

    feedback.undo(anna, made.id)
    assert factor_of(squat) == 1.4
    feedback.undo(anna, later.id)
    assert factor_of(squat) == 1.5


def test_feedback_outlives_its_event_and_can_still_be_undone(anna: User, squat: Action, event_id: str) -> None:
    made = applied(anna, FeedbackRequest("wrong", event_id), "key", effect_of(change(squat, "at_most", 0.8)))
    history.delete_event(anna, event_id)

    db.session.expire_all()
    assert feedback.list_feedback(anna).feedback[0].event_id is None
    feedback.undo(anna, made.id)
    assert factor_of(squat) == 1


def test_a_deleted_action_takes_its_tuning_along(anna: User, squat: Action, bow: Action) -> None:
    request = FeedbackRequest("wrong", recognised(anna, squat, "a"), action_id=bow.id)
    effect = effect_of(change(squat, "at_most", 0.9), change(bow, "at_least", 1.2))
    made = applied(anna, request, "a", effect)
    actions.delete_action(anna, squat.id)

    assert feedback.list_feedback(anna).feedback[0].action_name == "Squat"
    feedback.undo(anna, made.id)
    assert factor_of(bow) == 1


def test_what_does_not_fit_any_more_leaves_nothing_stored(
    anna: User, squat: Action, bow: Action, monkeypatch: pytest.MonkeyPatch, told: list[int]
) -> None:
    monkeypatch.setattr(actions, "MAX_TAKES", 1)
    request = FeedbackRequest("wrong", recognised(anna, squat, "a"), action_id=bow.id, add="take")

    with pytest.raises(InvalidInputError, match="Bow has 1 takes, the most"):
        applied(anna, request, "a", effect_of(change(squat, "at_most", 0.8)))

    assert (factor_of(squat), count(Feedback), told) == (1, 0, [])


def test_feedback_that_would_change_nothing_is_refused_with_the_reason(
    anna: User, squat: Action, event_id: str
) -> None:
    stays = effect_of(change(squat, "at_most", 1.0, "it would also lose 2 of 3 takes"), solved=False)
    stays = replace(stays, suggestion="negative")

    with pytest.raises(
        InvalidInputError, match="lose 2 of 3 takes, so the threshold stays; add the poses as a movement"
    ):
        applied(anna, FeedbackRequest("wrong", event_id), "a", stays)
    with pytest.raises(InvalidInputError, match="change nothing"):
        applied(anna, FeedbackRequest("wrong", event_id), "a", effect_of())


def test_a_missed_one_can_be_posted(anna: User, squat: Action) -> None:
    analysis, asked = worker(effect_of(change(squat, "at_least", 1.2)))
    request = FeedbackRequest("missed", sequence=arm_raise(), action_id=squat.id)

    shown = feedback.preview(anna, analysis, request)

    assert (asked[0].right_action_id, asked[0].wrong_action_id, shown.case.event_id) == (squat.id, None, None)


BROKEN: dict[str, tuple[Callable[[str, str], FeedbackRequest], str]] = {
    "unknown kind": (lambda _e, _a: FeedbackRequest("odd"), "kind 'odd' is unknown"),
    "wrong of nothing": (lambda _e, _a: FeedbackRequest("wrong"), "give event_id"),
    "wrong of a sequence": (lambda e, _a: FeedbackRequest("wrong", e, arm_raise()), "no sequence"),
    "the same action": (lambda e, a: FeedbackRequest("wrong", e, action_id=a), "was recognised as Squat"),
    "missed what": (lambda e, _a: FeedbackRequest("missed", e), "which action was missed"),
    "missed without poses": (lambda _e, a: FeedbackRequest("missed", action_id=a), "either event_id or sequence"),
    "missed with both": (lambda e, a: FeedbackRequest("missed", e, arm_raise(), a), "either event_id or sequence"),
    "a take of nothing": (lambda e, _a: FeedbackRequest("wrong", e, add="take"), "belongs to an action"),
    "a negative of an action": (
        lambda _e, a: FeedbackRequest("missed", None, arm_raise(), a, add="negative"), "none of your actions",
    ),
    "standing still": (
        lambda _e, a: FeedbackRequest("missed", None, arm_raise(height=0.0), a), "very little movement",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_what_contradicts_itself_is_refused(anna: User, squat: Action, event_id: str, case: str) -> None:
    make, sentence = BROKEN[case]

    with pytest.raises(InvalidInputError, match=sentence):
        feedback.preview(anna, worker()[0], make(event_id, squat.id))


REFUSED: dict[str, type[Exception] | None] = {"user": NotFoundError, "coach": NotAllowedError, "admin": None}


@pytest.mark.parametrize("role", REFUSED)
def test_only_the_person_and_administrators_give_and_undo_feedback(
    anna: User, squat: Action, event_id: str, make_account: MakeAccount, role: str
) -> None:
    error = REFUSED[role]
    other = account(make_account("other", role=role))
    effect = effect_of(change(squat, "at_most", 0.8))
    request = FeedbackRequest("wrong", event_id)
    if error is None:
        made = applied(other, request, "a", effect)
        assert feedback.undo(other, made.id).owner_id == anna.id
        return
    with pytest.raises(error):
        applied(other, request, "a", effect)
    made = applied(anna, request, "a", effect)
    with pytest.raises(NotFoundError):
        feedback.undo(other, made.id)
    assert factor_of(squat) == 0.8


def test_an_action_of_someone_else_cannot_be_the_right_one(
    anna: User, event_id: str, make_account: MakeAccount
) -> None:
    admin = account(make_account("root", role="admin"))
    theirs = learned(admin, "Wave")

    with pytest.raises(NotFoundError, match="those of the person of this event"):
        feedback.preview(admin, worker()[0], FeedbackRequest("wrong", event_id, action_id=theirs.id))


def test_what_a_worker_cannot_have_worked_out_is_not_believed(
    anna: User, squat: Action, bow: Action, event_id: str
) -> None:
    for effect in (effect_of(change(bow, "at_most", 0.8)), effect_of(change(squat, "at_most", 1e-9))):
        with pytest.raises(WorkerUnavailableError, match="cannot be right"):
            feedback.preview(anna, worker(effect)[0], FeedbackRequest("wrong", event_id))
    with pytest.raises(WorkerUnavailableError, match="cannot be read"):
        feedback.preview(anna, Analysis(lambda _question: {"solved": "yes"}), FeedbackRequest("wrong", event_id))


def test_feedback_posted_again_is_answered_with_what_was_stored_while_it_was_looked_at(
    anna: User, squat: Action, event_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    effect = effect_of(change(squat, "at_most", 0.8))
    analysis, _ = worker(effect, effect)
    request, look, stored = FeedbackRequest("wrong", event_id), feedback.preview, list[str]()
    number = look(anna, analysis, request).bank_number

    def looked_at_late(*asked: Any) -> Any:
        monkeypatch.setattr(feedback, "preview", look)
        stored.append(feedback.apply(anna, analysis, request, "key", number).id)
        return look(*asked)

    monkeypatch.setattr(feedback, "preview", looked_at_late)

    assert [feedback.apply(anna, analysis, request, "key", number).id] == stored


def test_the_same_feedback_posted_twice_at_a_time_is_stored_once(
    app: Flask, anna: User, squat: Action, event_id: str
) -> None:
    effect = effect_of(change(squat, "at_most", 0.8))
    analysis, _ = worker(effect, effect)  # the second looks before or after the first is stored
    request = FeedbackRequest("wrong", event_id)
    user_id, number = anna.id, feedback.preview(anna, analysis, request).bank_number
    begin, ids = threading.Barrier(2), list[str]()

    def post() -> None:
        with app.app_context():
            begin.wait()
            ids.append(feedback.apply(account(user_id), analysis, request, "key", number).id)

    threads = [threading.Thread(target=post) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert (count(Feedback), factor_of(squat)) == (1, 0.8)
