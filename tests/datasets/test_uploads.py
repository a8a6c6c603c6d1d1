"""Names of files that are handed in."""

from __future__ import annotations

import pytest

from webapp.core.errors import InvalidInputError
from webapp.datasets.uploads import checked_name


@pytest.mark.parametrize(
    "name",
    [
        "../a.jpg",
        "a/../b.jpg",
        "/etc/a.jpg",
        "a//b.jpg",
        "./a.jpg",
        "C:/a.jpg",
        "a\\b.jpg",
        "a\nb.jpg",
        "\x7f.jpg",
        "",
        "a" * 600 + ".jpg",
        "a.svg",
        "a.exe",
        "jpg",
        "a.jpg/",
    ],
)
def test_a_name_that_leads_elsewhere_or_is_of_no_kind_we_take_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError):
        checked_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "a.JPG",
        "Anna Köhler/Bild 1.png",
        "Screenshot 3.00\u202fPM.png",
        "写真/一.jpeg",
        "d.zip",
        "x/y/labels.txt",
        "..a.jpg",
    ],
)
def test_names_as_people_have_them_are_taken(name: str) -> None:
    assert checked_name(name) == name
