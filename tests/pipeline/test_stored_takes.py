"""Stored takes become movements; what is damaged is left out and said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.movements import arm_raise
from tests.pipeline.banks import stored_bank
from webapp.pipeline.messages import Bank
from webapp.pipeline.stored_takes import unpacked


def with_bytes(bank: Bank, damaged: bytes) -> Bank:
    """The bank with these bytes as the sequence of its first take."""
    first, *others = bank.actions
    takes = (replace(first.takes[0], sequence=damaged), *first.takes[1:])
    return replace(bank, actions=(replace(first, takes=takes), *others))


def test_a_take_is_cut_to_its_trim() -> None:
    bank = stored_bank(1, {"wave": [arm_raise(frames=61)]})
    action = bank.actions[0]
    bank = replace(bank, actions=[replace(action, takes=[replace(action.takes[0], trim_start_s=0.5, trim_end_s=1.5)])])

    (wave,) = unpacked(bank)

    assert (wave.action_id, wave.name, wave.takes[0].take_id) == ("wave", "action wave", "take of wave")
    assert len(wave.takes[0].sequence) == 31
    assert wave.takes[0].sequence.duration_s == pytest.approx(1.0)


@pytest.mark.parametrize("damaged", [b"", b"nonsense", b"PK\x03\x04" + bytes(40)])
def test_a_damaged_take_is_left_out_and_the_others_stay(damaged: bytes, caplog: pytest.LogCaptureFixture) -> None:
    bank = with_bytes(stored_bank(1, {"wave": [arm_raise(), arm_raise()], "squat": [arm_raise()]}), damaged)

    assert [(action.action_id, len(action.takes)) for action in unpacked(bank)] == [("wave", 1), ("squat", 1)]
    assert "take of wave is damaged and left out" in caplog.text


def test_an_action_with_damaged_takes_alone_is_left_out() -> None:
    bank = with_bytes(stored_bank(1, {"wave": [arm_raise()], "squat": [arm_raise()]}), b"nonsense")

    assert [action.action_id for action in unpacked(bank)] == ["squat"]
