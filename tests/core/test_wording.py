"""Numbers in sentences agree with what they count."""

from __future__ import annotations

from webapp.core.wording import counted


def test_one_is_one_and_all_others_are_many() -> None:
    assert [counted(number, "picture") for number in (0, 1, 2, 1200)] == [
        "0 pictures",
        "1 picture",
        "2 pictures",
        "1,200 pictures",
    ]
    assert counted(1, "person", "people") == "1 person"
    assert counted(3, "person", "people") == "3 people"
