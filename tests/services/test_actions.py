"""The bank a worker gets: what it holds, when it changes, who is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import event, select, update

from tests.conftest import MakeAccount
from tests.movements import arm_raise
from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.db.accounts import User
from webapp.db.actions import Take
from webapp.db.base import db
from webapp.db.engine import transaction
from webapp.pipeline.messages import StoredTake
from webapp.recognition import action_pack
from webapp.services import actions, banks
from webapp.services.actions import NewTake


def account(user_id: int) -> User:
    user = db.session.get(User, user_id)
    assert user is not None
    return user


def new_take(key: str = "one", start_s: float = 0.3, end_s: float = 1.6) -> NewTake:
    return NewTake(key, arm_raise(), start_s, end_s, "webcam", "blazepose", "blazepose_full")


@pytest.fixture
def anna(make_account: MakeAccount, context: None) -> User:
    return account(make_account("anna"))


@pytest.fixture
def told() -> Iterator[list[int]]:
    """The user_id of every bank_changed signal."""
    heard: list[int] = []

    def hear(_sender: object, user_id: int) -> None:
        heard.append(user_id)

    with banks.bank_changed.connected_to(hear):
        yield heard


def test_the_bank_holds_enabled_takes_as_they_are_stored(anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    action, _ = actions.create_action(anna, "Arm raise")
    used = actions.add_take(anna, action.id, new_take("one"))
    unused = actions.add_take(anna, action.id, new_take("two"))
    actions.set_take_enabled(anna, action.id, unused.id, False)

    stored = db.session.scalars(select(Take.sequence).where(Take.id == used.id)).one()
    monkeypatch.setattr(actions, "from_bytes", None)  # unpacking takes time that the web process does not have

    bank = banks.load_bank(anna.id)

    assert bank.bank_id == banks.bank_id_of(anna.id)
    assert [(one.action_id, one.name) for one in bank.actions] == [(action.id, "Arm raise")]
    assert bank.actions[0].takes == (StoredTake(used.id, stored, 0.3, 1.6),)


def test_the_bank_is_read_in_one_statement(anna: User) -> None:
    for name in ("One", "Two"):
        action, _ = actions.create_action(anna, name)
        actions.add_take(anna, action.id, new_take())
    user_id, statements = anna.id, list[str]()
    event.listen(db.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))

    bank = banks.load_bank(user_id)

    assert [action.name for action in bank.actions] == ["One", "Two"]
    assert len(statements) == 1


def test_a_pack_holds_the_trimmed_takes_and_leaves_a_damaged_one_out(anna: User) -> None:
    action, _ = actions.create_action(anna, "Arm raise")
    actions.add_take(anna, action.id, new_take("one"))
    damaged = actions.add_take(anna, action.id, new_take("two"))
    with transaction() as session:
        session.execute(update(Take).where(Take.id == damaged.id).values(sequence=b"nonsense"))

    (packed,) = action_pack.from_bytes(banks.export_pack(anna))

    assert packed.name == "Arm raise"
    assert [take.sequence.duration_s for take in packed.takes] == [pytest.approx(1.3, abs=0.04)]


def test_an_action_without_a_usable_take_is_not_in_the_bank(anna: User) -> None:
    actions.create_action(anna, "Empty")

    assert banks.load_bank(anna.id).actions == ()


def test_the_bank_of_one_person_holds_nothing_of_another(anna: User, make_account: MakeAccount) -> None:
    ben = account(make_account("ben"))
    action, _ = actions.create_action(ben, "Wave")
    actions.add_take(ben, action.id, new_take())

    assert banks.load_bank(anna.id).actions == ()


def test_the_number_rises_with_every_change_and_is_told_after_the_commit(anna: User, told: list[int]) -> None:
    action, _ = actions.create_action(anna, "Arm raise")
    numbers = [banks.load_bank(anna.id).number]
    seen_by_others: list[int] = []

    def look(_sender: object, user_id: int) -> None:
        with db.engine.connect() as connection:
            seen_by_others.append(connection.execute(select(User.bank_number).where(User.id == user_id)).scalar_one())

    with banks.bank_changed.connected_to(look):
        take = actions.add_take(anna, action.id, new_take())
        numbers.append(banks.load_bank(anna.id).number)
        actions.trim_take(anna, action.id, take.id, 0.0, 1.0)
        numbers.append(banks.load_bank(anna.id).number)
        actions.set_take_enabled(anna, action.id, take.id, False)
        numbers.append(banks.load_bank(anna.id).number)
        actions.rename_action(anna, action.id, "Wave")
        numbers.append(banks.load_bank(anna.id).number)
        actions.delete_take(anna, action.id, take.id)
        numbers.append(banks.load_bank(anna.id).number)
        actions.delete_action(anna, action.id)
        numbers.append(banks.load_bank(anna.id).number)

    assert numbers == list(range(7))
    assert told == [anna.id] * 6
    assert seen_by_others == numbers[1:]


def test_a_take_posted_twice_tells_nobody_the_second_time(anna: User, told: list[int]) -> None:
    action, _ = actions.create_action(anna, "Arm raise")

    first, second = actions.add_take(anna, action.id, new_take()), actions.add_take(anna, action.id, new_take())

    assert first.id == second.id
    assert told == [anna.id]


def test_a_refused_change_leaves_everything_as_it_was(anna: User, told: list[int]) -> None:
    action, _ = actions.create_action(anna, "Arm raise")
    take = actions.add_take(anna, action.id, new_take())
    told.clear()

    with pytest.raises(InvalidInputError, match="are left after trimming"):
        actions.trim_take(anna, action.id, take.id, 1.0, 1.1)

    db.session.expire_all()
    kept = actions.get_action(anna, action.id).takes[0]
    assert (kept.trim_start_s, kept.trim_end_s, told) == (0.3, 1.6, [])


def test_the_51st_take_of_an_action_is_refused(anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MAX_TAKES", 2)
    action, _ = actions.create_action(anna, "Arm raise")
    for key in ("one", "two"):
        actions.add_take(anna, action.id, new_take(key))

    with pytest.raises(InvalidInputError, match="has 2 takes, the most"):
        actions.add_take(anna, action.id, new_take("three"))


def test_more_takes_than_an_account_keeps_are_refused(
    anna: User, make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MAX_TAKES_IN_ALL", 2)
    one, two = (actions.create_action(anna, name)[0] for name in ("One", "Two"))
    kept = [actions.add_take(anna, action.id, new_take()) for action in (one, two)]

    with pytest.raises(InvalidInputError, match="you have 2 takes, the most one account keeps"):
        actions.add_take(anna, two.id, new_take("more"))

    assert actions.add_take(anna, two.id, new_take()).id == kept[1].id
    ben = account(make_account("ben"))
    assert actions.add_take(ben, actions.create_action(ben, "One")[0].id, new_take()).id


def test_more_actions_than_an_account_keeps_are_refused(anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MAX_ACTIONS", 1)
    actions.create_action(anna, "One")

    with pytest.raises(InvalidInputError, match="you have 1 actions, the most"):
        actions.create_action(anna, "Two")


@pytest.mark.parametrize("role", ["user", "coach"])
def test_someone_elses_action_does_not_exist(anna: User, make_account: MakeAccount, role: str) -> None:
    action, _ = actions.create_action(anna, "Arm raise")
    take = actions.add_take(anna, action.id, new_take())
    other = account(make_account("other", role=role))

    for attempt in (
        lambda: actions.get_action(other, action.id),
        lambda: actions.rename_action(other, action.id, "Mine"),
        lambda: actions.delete_action(other, action.id),
        lambda: actions.add_take(other, action.id, new_take("two")),
        lambda: actions.take_sequence(other, action.id, take.id),
        lambda: actions.trim_take(other, action.id, take.id, 0.0, 1.0),
        lambda: actions.set_take_enabled(other, action.id, take.id, False),
        lambda: actions.delete_take(other, action.id, take.id),
    ):
        with pytest.raises(NotFoundError):
            attempt()


def test_an_administrator_manages_everybodys_actions(anna: User, make_account: MakeAccount, told: list[int]) -> None:
    action, _ = actions.create_action(anna, "Arm raise")
    admin = account(make_account("root", role="admin"))

    actions.rename_action(admin, action.id, "Wave")

    assert actions.get_action(anna, action.id).name == "Wave"
    assert told == [anna.id]


def test_a_take_belongs_to_its_action_alone(anna: User) -> None:
    one, _ = actions.create_action(anna, "One")
    two, _ = actions.create_action(anna, "Two")
    take = actions.add_take(anna, one.id, new_take())

    with pytest.raises(NotFoundError, match="Two has no take"):
        actions.delete_take(anna, two.id, take.id)
