"""`python -m webapp models list|add|remove`: pose models of the user's own."""

from __future__ import annotations

import argparse

from webapp.config import OWN_MODELS_DIR, POSE_MODELS, Settings, pose_models
from webapp.core.errors import MoveprintError
from webapp.models_options import hints_of
from webapp.vision.own_card import OwnModelCard, card_of
from webapp.vision.own_models import add_model, remove_model


def run(arguments: argparse.Namespace, settings: Settings) -> str:
    """Do it; the text to print."""
    if arguments.action == "list":
        return _list(settings)
    if arguments.action == "remove":
        remove_model(arguments.name, settings.weights_dir)
        return f"{arguments.name} removed"
    card = add_model(
        arguments.file,
        arguments.name,
        settings.weights_dir,
        hints=hints_of(arguments),
        margin=arguments.margin,
        licence=arguments.licence,
        made_by=arguments.made_by,
    )
    return f"{card.name} added to {settings.weights_dir / OWN_MODELS_DIR}\n{_described(card)}"


def _list(settings: Settings) -> str:
    folder = settings.weights_dir / OWN_MODELS_DIR
    names = [name for name in pose_models(settings.weights_dir) if name not in POSE_MODELS]
    if not names:
        return f"No models of your own in {folder}; python -m webapp models add FILE --name NAME"
    lines = [f"Models of your own in {folder}"]
    for name in names:
        try:
            lines.append(_described(card_of(folder / name)))
        except MoveprintError as error:
            lines.append(f"{name}: {error}")
    return "\n".join(lines)


def _described(card: OwnModelCard) -> str:
    picture = card.picture
    colour = "grey" if picture.channels == 1 else "RGB"
    lines = [
        f"{card.name}: {card.family}, {card.skeleton.name} ({len(card.skeleton.keypoints)} keypoints), "
        f"{picture.width_px}x{picture.height_px} {colour} {picture.low:g}..{picture.high:g}, "
        f"margin {card.margin:g}, {card.file}"
    ]
    for what, text in (("licence", card.licence), ("made by", card.made_by), ("exported from", card.exported_from)):
        lines += [f"  {what}: {text}"] if text else []
    return "\n".join([*lines, *([f"  {card.parity}"] if card.parity else [])])
