"""A trained model to carry to a machine with a camera and without the server: one archive, ready to unpack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from webapp.config import OWN_MODELS_DIR
from webapp.core.errors import ModelUnavailableError
from webapp.datasets.archives import zip_written
from webapp.vision.own_card import CARD, FILES, OwnModelCard, card_text, read_card
from webapp.vision.own_conversion import card_beside
from webapp.vision.weights import sha256_of

README = "README.txt"
_MODEL = FILES[".tflite"]


def write_edge_zip(model: Path, name: str, out: Path) -> None:
    """An archive of an exported .tflite file with its card, which unpacked into weights/own/NAME works at once.

    ModelUnavailableError where the card beside the file is missing or not of it.
    """
    card = read_card(card_beside(model))
    if card.sha256 != sha256_of(model):
        raise ModelUnavailableError(f"{model.name} is not the file that its card is of; export it again")
    named = replace(card, name=name, file=_MODEL)
    with zip_written(out) as archive:
        archive.copy(_MODEL, model)
        archive.write(CARD, card_text(named).encode())
        archive.write(README, _readme(named).encode())


def _readme(card: OwnModelCard) -> str:
    folder = f"weights/{OWN_MODELS_DIR}/{card.name}"
    takes = f"{card.picture.height_px}x{card.picture.width_px} pixels"
    finds = ", ".join(card.skeleton.keypoints)
    measured = "" if card.parity is None else f"Its form: {card.parity}.\n"
    return f"""{card.name}: a pose model for Moveprint

1. Make the folder {folder} where Moveprint is installed, and unpack this archive into it.
2. Look whether it is whole: python -m webapp models list
3. Use it: choose {card.name} on the Models page, or set pose_model = "{card.name}" in instance/config.toml.

It takes {takes} around one person and finds: {finds}.
{measured}"""
