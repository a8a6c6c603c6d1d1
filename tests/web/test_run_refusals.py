"""A refused run's sentence stands beside the field that it is about."""

from __future__ import annotations

import pytest

from tests.conftest import Browser
from tests.dataset_seeding import Seeded
from tests.web.datasets import arms, base, people

__all__ = ["arms", "people"]


@pytest.mark.parametrize(
    ("name", "wanted", "field", "words"),
    [
        ("", {"seed": -1}, "seed", "Seed must be"),
        ("", {}, "name", "A run needs a name"),
        ("a\u202eb", {}, "name", "The name"),
        ("", {"validation_share": 0.5, "test_share": 0.5}, None, "validation_share and test_share"),
    ],
    ids=["both", "name", "direction", "two settings"],
)
def test_of_a_wrong_name_and_a_wrong_setting_that_field_is_named_of_which_the_sentence_speaks(
    people: dict[str, Browser],
    arms: Seeded,
    *,
    name: str,
    wanted: dict[str, object],
    field: str | None,
    words: str,
) -> None:
    answer = people["owner"].send_json(f"{base(arms)}/runs", {"name": name, "settings": wanted})

    assert answer.status_code == 422
    assert answer.get_json()["field"] == field
    assert answer.get_json()["error"].startswith(words)
