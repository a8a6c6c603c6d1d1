"""All that is wrong with a run is told at once, each beside its field and in the words of the form."""

from __future__ import annotations

import pytest

from tests.conftest import Browser
from tests.dataset_seeding import Seeded
from tests.web.datasets import arms, base, people

__all__ = ["arms", "people"]

TOGETHER = (
    "For validation and For the test must leave at least a fifth to train on, together at most 0.8, got 0.5 and 0.5."
)
SHARES = {
    "validation_share": TOGETHER,
    "test_share": "Too much together with For validation.",
}


@pytest.mark.parametrize(
    ("name", "wanted", "told"),
    [
        ("", {"seed": -1}, {"name": "A run needs a name", "seed": "Seed must be"}),
        ("a\u202eb", {}, {"name": "The name"}),
        ("First", {"validation_share": 0.5, "test_share": 0.5}, SHARES),
        ("First", {"validation_share": 0.5, "test_share": 0.5, "epochs": 0}, {"epochs": "Epochs must be", **SHARES}),
        ("First", {"validation_share": 9, "test_share": 0.5}, {"validation_share": "For validation must be"}),
        (
            " ",
            {"epochs": 0, "batch_size": None, "patience": 0, "augmentation": {"blur": 99, "scale": -1}},
            {
                "name": "A run needs a name",
                "epochs": "Epochs must be",
                "batch_size": "Batch must be a whole number from 1 to 1024.",
                "patience": "Patience must be",
                "augmentation.blur": "Blur must be",
                "augmentation.scale": "Larger or smaller must be",
            },
        ),
    ],
    ids=["name and number", "direction", "shares", "shares and number", "one share", "many"],
)
def test_all_that_is_wrong_is_told_at_once_each_with_its_field(
    people: dict[str, Browser], arms: Seeded, *, name: str, wanted: dict[str, object], told: dict[str, str]
) -> None:
    answer = people["owner"].send_json(f"{base(arms)}/runs", {"name": name, "settings": wanted})

    assert answer.status_code == 422
    found = {fault["field"]: fault["error"] for fault in answer.get_json()["faults"]}
    assert found.keys() == told.keys()
    for field, words in told.items():
        assert found[field].startswith(words)
    assert "None" not in answer.text


def test_a_family_that_is_none_is_no_fault_of_the_loss(people: dict[str, Browser], arms: Seeded) -> None:
    wanted = {"family": "guess", "loss": "mse"}

    answer = people["owner"].send_json(f"{base(arms)}/runs", {"name": "First", "settings": wanted})

    assert [fault["field"] for fault in answer.get_json()["faults"]] == ["family"]


@pytest.mark.parametrize("address", ["outlook", "preview"])
def test_what_is_shown_before_a_run_refuses_in_the_same_words(
    people: dict[str, Browser], arms: Seeded, address: str
) -> None:
    wanted = {"validation_share": 0.5, "test_share": 0.5, "seed": -1}

    answer = people["owner"].send_json(f"{base(arms)}/runs/{address}", wanted)

    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.get_json()["faults"]] == ["seed", *SHARES]
    assert "_share" not in answer.get_json()["error"]
