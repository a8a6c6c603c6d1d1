"""The card that a trained network gets says what the live path reads out of its answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from webapp.core.skeleton import COCO_17, Skeleton
from webapp.training.card import card_of_model
from webapp.training.config import run_settings
from webapp.vision.own_card import FAMILIES, card_text, read_card
from webapp.vision.own_shapes import Hints, deduce

ARM = Skeleton("arm", ("shoulder", "elbow", "hand"), (("shoulder", "elbow"), ("elbow", "hand")))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("skeleton", [COCO_17, ARM], ids=["coco", "arm"])
def test_what_is_written_of_a_network_is_read_again(family: str, skeleton: Skeleton, tmp_path: Path) -> None:
    card = card_of_model("mine", run_settings({"family": family, "side_px": 96}), skeleton)

    (tmp_path / "card.toml").write_text(card_text(card), encoding="utf-8")

    assert read_card(tmp_path) == card
    assert (card.picture.height_px, card.picture.width_px, card.picture.channels) == (96, 96, 1)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_card_says_what_is_told_from_the_shapes_alone(family: str) -> None:
    card = card_of_model("mine", run_settings({"family": family, "side_px": 64}), COCO_17)
    heat, offsets = (1, 16, 16, 17), (1, 16, 16, 34)
    shapes = {"regression": ((1, 34),), "heatmap": (heat,), "heatmap_offset": (heat, offsets)}[family]

    found = deduce((1, 64, 64, 1), shapes, Hints(skeleton=COCO_17))

    assert (found.family, found.picture, found.answer) == (card.family, card.picture, card.answer)
