"""What an error says becomes a sentence, and names in it stay as they are."""

from __future__ import annotations

import pytest

from webapp.core.errors import sentence


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("there is no such dataset", "There is no such dataset."),
        ("stop: it is full!", "Stop: it is full!"),
        ("gone. make it anew", "Gone. make it anew."),
        ("min_score must be 0 to 1", "min_score must be 0 to 1."),
        ("ann.json is no whole JSON file", "ann.json is no whole JSON file."),
        ("data.yaml: kpt_shape must be two numbers", "data.yaml: kpt_shape must be two numbers."),
        ("images/a is listed twice", "images/a is listed twice."),
        ("", "."),
    ],
)
def test_a_sentence_begins_with_a_capital_unless_with_a_name(said: str, told: str) -> None:
    assert sentence(said) == told
