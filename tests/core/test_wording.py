"""Numbers in sentences agree with what they count."""

from __future__ import annotations

from webapp.core.wording import counted, listed


def test_one_is_one_and_all_others_are_many() -> None:
    assert [counted(number, "picture") for number in (0, 1, 2, 1200)] == [
        "0 pictures",
        "1 picture",
        "2 pictures",
        "1,200 pictures",
    ]
    assert counted(1, "person", "people") == "1 person"
    assert counted(3, "person", "people") == "3 people"


def test_names_are_listed_as_one_says_them_and_many_are_counted() -> None:
    names = ["Anna", "Ben", "Cleo", "Dora", "Emil"]

    assert [listed(names[:count], 3) for count in range(6)] == [
        "",
        "Anna",
        "Anna and Ben",
        "Anna, Ben and Cleo",
        "Anna, Ben, Cleo and 1 more",
        "Anna, Ben, Cleo and 2 more",
    ]
