"""The card of a trained network, as the live path reads it beside the file."""

from __future__ import annotations

from webapp.core.skeleton import Skeleton
from webapp.datasets.crops import MARGIN
from webapp.training.config import RunSettings
from webapp.vision.own_card import AnswerFormat, OwnModelCard, PictureFormat


def card_of_model(name: str, settings: RunSettings, skeleton: Skeleton) -> OwnModelCard:
    """Of what heads.build_model makes: what it takes and answers. Its file and sha256 are the exporter's to say."""
    return OwnModelCard(
        name=name,
        family=settings.family,
        file="model.tflite",
        sha256="",
        picture=PictureFormat(settings.side_px, settings.side_px, 1),
        skeleton=skeleton,
        answer=AnswerFormat(coordinates="unit", scores="probabilities", offsets="y_then_x", cells="centre"),
        margin=MARGIN,
    )
