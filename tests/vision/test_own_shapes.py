"""What a pose model of the user's own is, told from its shapes and its card; what fits nothing is refused in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.core.skeleton import BLAZEPOSE_33, COCO_17, UPPER_BODY_6, Skeleton
from webapp.vision.own_card import (
    AnswerFormat,
    OwnModelCard,
    Parity,
    PictureFormat,
    card_text,
    read_card,
    read_skeleton,
)
from webapp.vision.own_shapes import Hints, deduce

GREY = (1, 128, 128, 1)
ROD = Skeleton("rod", ("top", "left_end", "right_end"), (("top", "left_end"), ("top", "right_end")))


@pytest.mark.parametrize(
    ("answered", "family", "skeleton"),
    [
        ([(1, 12)], "regression", UPPER_BODY_6),
        ([(1, 34)], "regression", COCO_17),
        ([(1, 99)], "regression", BLAZEPOSE_33),
        ([(1, 17, 3)], "regression", COCO_17),
        ([(1, 1, 1, 12)], "regression", UPPER_BODY_6),
        ([(1, 32, 32, 17)], "heatmap", COCO_17),
        ([(1, 8, 6, 33)], "heatmap", BLAZEPOSE_33),
        ([(1, 8, 8, 12), (1, 8, 8, 6)], "heatmap_offset", UPPER_BODY_6),
        ([(1, 9, 9, 17), (1, 9, 9, 34), (1, 9, 9, 32), (1, 9, 9, 32)], "heatmap_offset", COCO_17),
    ],
)
def test_family_and_skeleton_are_told_from_the_outputs(
    answered: list[tuple[int, ...]], family: str, skeleton: Skeleton
) -> None:
    found = deduce(GREY, answered)

    assert (found.family, found.skeleton) == (family, skeleton)
    assert found.picture == PictureFormat(128, 128, 1)


def test_a_skeleton_of_the_users_own_fits_its_number_of_keypoints() -> None:
    assert deduce(GREY, [(1, 6)], Hints(skeleton=ROD)).family == "regression"
    assert deduce(GREY, [(1, 16, 16, 3)], Hints(skeleton=ROD)).family == "heatmap"


def test_a_map_with_cells_in_the_corners_of_the_picture_is_told_by_its_size() -> None:
    posenet = deduce((1, 257, 257, 3), [(1, 17, 17, 17), (1, 17, 17, 34)])
    plain = deduce((1, 256, 256, 3), [(1, 16, 16, 17), (1, 16, 16, 34)])

    assert (posenet.answer.cells, plain.answer.cells) == ("grid", "centre")


@pytest.mark.parametrize(
    ("taken", "answered", "hints", "said"),
    [
        (GREY, [(1, 14)], Hints(), r"fit none of these: .* found \(1, 14\)"),
        (GREY, [], Hints(), "found none"),
        (GREY, [(1, 12)], Hints(family="heatmap"), r"expected heatmap \(1, h, w, K\), with .* found \(1, 12\)"),
        (GREY, [(1, 12)], Hints(skeleton=COCO_17), r"the 17 keypoints \(K\) of coco_17; found \(1, 12\)"),
        (GREY, [(1, 12), (1, 34)], Hints(), "fit several of these"),
        (GREY, [(1, 8, 8, 6), (1, 4, 4, 12)], Hints(), "fit none"),
        (
            (1, 3, 128, 128),
            [(1, 12)],
            Hints(),
            r"input must be \(1, height, width, 1 or 3\).* found \(1, 3, 128, 128\)",
        ),
        ((1, 128), [(1, 12)], Hints(), r"found \(1, 128\)"),
        ((1, 4000, 4000, 3), [(1, 12)], Hints(), "8 to 1024 pixels"),
        (GREY, [(1, 12)], Hints(low=1, high=0), "from low to a larger high"),
    ],
)
def test_shapes_that_fit_nothing_are_refused_with_what_was_expected_and_found(
    taken: tuple[int, ...], answered: list[tuple[int, ...]], hints: Hints, said: str
) -> None:
    with pytest.raises(InvalidInputError, match=said):
        deduce(taken, answered, hints)


CARD = OwnModelCard(
    name="mine",
    family="regression",
    file="model.tflite",
    sha256="0" * 64,
    picture=PictureFormat(128, 96, 3, -1.0, 1.0),
    skeleton=ROD,
    answer=AnswerFormat(coordinates="centred"),
    margin=1.4,
    licence='mine "alone"\n',
    made_by="Zoë \\ \x7f",
    parity=Parity("int8", 12, "random pictures", 1.5, 0.5, 0.01, 0.004),
)


CRAB = Skeleton("crab", ("top", "claw", "pincer"), (("top", "claw"),), flip_pairs=(("claw", "pincer"),))


@pytest.mark.parametrize(
    "card",
    [CARD, replace(CARD, skeleton=COCO_17, parity=None), replace(CARD, skeleton=CRAB)],
    ids=["rod", "coco", "crab"],
)
def test_what_is_written_on_a_card_is_read_from_it(card: OwnModelCard, tmp_path: Path) -> None:
    (tmp_path / "card.toml").write_text(card_text(card), encoding="utf-8")

    assert read_card(tmp_path) == card


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("schema_version = 1", "schema_version = 2", "schema_version must be 1, got 2"),
        ('"regression"', '"voodoo"', "family must be one of regression, heatmap, heatmap_offset, got 'voodoo'"),
        ('"model.tflite"', '"../../etc/passwd"', "file must be one of model.tflite"),
        ("margin = 1.4", "margin = -1", "margin must be a number from 0.5 to 4, got -1"),
        ("width_px = 96", "width_px = true", "width_px must be a number"),
        ('"centred"', '"somewhere"', "coordinates must be one of"),
        ('["top", "left_end"]', '["top", "tail"]', "an edge names 'tail'"),
        ('"top", "left_end", "right_end"', '"top", "top", "right_end"', "none of the keypoints|there twice"),
        ("[input]", "[input", "is no card of a model"),
        ("[input]", f"deep = {'[' * 5000}", "is no card of a model"),
    ],
)
def test_a_card_that_is_wrong_says_where(right: str, wrong: str, said: str, tmp_path: Path) -> None:
    text = card_text(CARD)
    assert right in text
    (tmp_path / "card.toml").write_text(text.replace(right, wrong, 1), encoding="utf-8")

    with pytest.raises(ModelUnavailableError, match=said):
        read_card(tmp_path)


def test_a_missing_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"card\.toml cannot be read"):
        read_card(tmp_path)


def test_a_skeleton_is_read_from_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "rod.toml"
    file.write_text(
        'name = "rod"\nkeypoints = ["top", "left_end", "right_end"]\n'
        'edges = [["top", "left_end"], ["top", "right_end"]]'
    )

    assert read_skeleton(file) == ROD
    file.write_text('name = "crab"\nkeypoints = ["top", "claw", "pincer"]\nflip_pairs = [["claw", "pincer"]]')
    assert read_skeleton(file).flip_indices == (0, 2, 1)
    file.write_text('name = "crab"\nkeypoints = ["top", "claw", "pincer"]\nflip_pairs = [["claw", "tail"]]')
    with pytest.raises(InvalidInputError, match="a flip pair names 'tail'"):
        read_skeleton(file)
    file.write_text("keypoints = [")
    with pytest.raises(InvalidInputError, match="is not TOML"):
        read_skeleton(file)
    with pytest.raises(InvalidInputError, match="cannot be read"):
        read_skeleton(tmp_path / "none.toml")
