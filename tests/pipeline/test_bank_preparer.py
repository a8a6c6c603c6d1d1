"""Banks are prepared one after another, whatever one of them is like."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from tests.movements import arm_raise
from tests.pipeline.banks import stored_bank
from webapp.core.records import PoseSequence
from webapp.pipeline import bank_preparer
from webapp.recognition.ports import Action
from webapp.recognition.template_bank import TemplateBank, prepare_bank


def test_a_bank_that_cannot_be_prepared_leaves_the_next_ones_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail_once(actions: Sequence[Action], negatives: Sequence[PoseSequence]) -> TemplateBank:
        monkeypatch.setattr(bank_preparer, "prepare_bank", prepare_bank)
        raise RuntimeError("a fault in the arithmetic")

    monkeypatch.setattr(bank_preparer, "prepare_bank", fail_once)
    preparer = bank_preparer.BankPreparer()

    preparer.want(stored_bank(1, {"a1": [arm_raise()]}, "user-1"))
    preparer.want(stored_bank(1, {"a2": [arm_raise()]}, "user-2"))

    assert [bank_id for bank_id, _ in prepared_by(preparer)] == ["user-2"]
    assert "bank user-1 could not be prepared" in caplog.text


def test_no_frame_waits_for_what_a_pose_model_without_world_coordinates_needs() -> None:
    preparer = bank_preparer.BankPreparer()
    preparer.want(stored_bank(1, {"a1": [arm_raise()]}, "user-1"))
    ((_, bank),) = prepared_by(preparer)
    assert bank.dimensions == 3
    assert "flat" in vars(bank)


def prepared_by(preparer: bank_preparer.BankPreparer) -> Sequence[tuple[str, TemplateBank]]:
    """The first that becomes ready."""
    for _ in range(1000):
        prepared = preparer.take_prepared()
        if prepared:
            return prepared
        time.sleep(0.01)
    raise AssertionError("nothing was prepared in 10 s")
