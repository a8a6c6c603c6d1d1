"""How long a run will take is told from its second batch on, and grows less within an epoch, too."""

from __future__ import annotations

import json

import pytest

from tests.conftest import MakeAccount
from tests.dataset_seeding import Seeded, seed_dataset
from tests.run_seeding import data_facts, seed_run
from tests.services.datasets import account
from webapp.config import Settings
from webapp.db.accounts import User
from webapp.db.runs import TrainingRun
from webapp.services import runs

EPOCH_S = 2.5
"""Of each epoch of a seeded run."""


@pytest.fixture
def owner(context: None, make_account: MakeAccount) -> User:
    return account(make_account("anna"))


@pytest.fixture
def arms(owner: User, settings: Settings) -> Seeded:
    return seed_dataset(owner, settings.instance_dir, 8)


def going(owner: User, arms: Seeded, epochs: int, looked: dict[str, float], **said: object) -> TrainingRun:
    """A run with so many epochs behind it that stands at a batch of ten."""
    run_id = seed_run(
        arms,
        owner.id,
        state="running",
        epochs=epochs,
        settings={"epochs": 10, **said},
        step=f"Training: epoch {epochs + 1} of 10",
        total=10,
        result=json.dumps(looked),
    )
    return runs.run_for(owner, run_id)


def left_s(owner: User, arms: Seeded, epochs: int, looked: dict[str, float], **said: object) -> float | None:
    return runs.time_left_s(going(owner, arms, epochs, looked, **said))


def test_in_an_epoch_the_time_left_grows_less_with_each_batch(owner: User, arms: Seeded) -> None:
    told = [left_s(owner, arms, 4, {"looked_at": done, "within_s": 0.25 * done}) for done in (0, 5, 10)]

    assert told == pytest.approx([6 * EPOCH_S, 5.5 * EPOCH_S, 5 * EPOCH_S])


def test_the_minutes_that_are_given_run_within_an_epoch_too(owner: User, arms: Seeded) -> None:
    assert left_s(owner, arms, 4, {"looked_at": 4, "within_s": 1.5}, max_minutes=0.2) == pytest.approx(12 - 10 - 1.5)


def test_of_the_minutes_that_are_given_the_share_is_told_that_has_gone_by(owner: User, arms: Seeded) -> None:
    looked = {"looked_at": 4, "within_s": 1.5}

    told = [runs.time_share(going(owner, arms, 4, looked, max_minutes=given)) for given in (0.5, 0.1, None)]

    assert told == [pytest.approx((4 * EPOCH_S + 1.5) / 30), 1.0, None]


def test_in_the_first_epoch_its_batches_tell_how_long_all_will_take(owner: User, arms: Seeded) -> None:
    samples = data_facts(arms)["samples"]
    with_validation = 1 + samples["validation"] / samples["train"]

    told = left_s(owner, arms, 0, {"looked_at": 5, "within_s": 8.0})

    assert told == pytest.approx(8.0 / 4 * 10 * with_validation * 9.5)


@pytest.mark.parametrize("looked", [{}, {"looked_at": 1, "within_s": 0.0}])
def test_before_the_second_batch_nothing_is_known(owner: User, arms: Seeded, looked: dict[str, float]) -> None:
    assert left_s(owner, arms, 0, looked) is None
