"""The settings of a run as its form asks for them: what each is called, means and is measured in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from webapp.core.errors import InvalidInputError, sentence
from webapp.services.names import clean_name
from webapp.services.runs import NO_NAME
from webapp.training.config import RANGES, run_settings

AUGMENTATION = "augmentation"
SHARE = "share of "
"""What the unit of a number of 0..1 begins with; a page shows it in percent."""
SHARES = ("validation_share", "test_share")
"""Settings that are judged together as well."""
WITHOUT_WEIGHTS = {"small"}
"""Networks that nobody has published weights of."""
FAMILY_NAMES = {
    "heatmap_offset": "Heat maps with offsets",
    "heatmap": "Heat maps",
    "regression": "Coordinates (regression)",
}
NETWORK_NAMES = {
    "small": "Small, made for two CPU cores",
    "mobilenet_v3_small": "MobileNetV3 small",
    "efficientnet_b0": "EfficientNet-B0",
    "resnet50": "ResNet50",
}
LOSS_NAMES = {
    "mse": "Squared distance (MSE)",
    "wing": "Wing: small distances count more",
    "oks": "OKS: distances as the score judges them",
}
SPLIT_NAMES = {
    "person": "By person: nobody is in two splits",
    "source": "By recording: no recording is in two splits",
    "given": "As set on the samples",
}
PRECISION_NAMES = {"auto": "Mixed where the hardware has it", "full": "Full", "mixed": "Mixed"}
STATE_NAMES = {"reviewed": "reviewed by a person", "proposed": "proposed by a model"}


@dataclass(frozen=True)
class Field:
    """One setting. choices: what can be chosen, by value; empty for a number, a switch or what the page brings."""

    name: str
    label: str
    help: str
    unit: str = ""
    choices: Mapping[str, str] | None = None
    step: str = "1"

    @property
    def limits(self) -> tuple[float, float] | None:
        """Lowest and highest of a number; None for what is none."""
        return RANGES.get(self.name)


FIRST: Sequence[Field] = (
    Field("states", "Labels", "Which samples are trained on.", choices=STATE_NAMES),
    Field("network", "Network", "A larger one learns more from many pictures and takes longer.", choices=NETWORK_NAMES),
    Field(
        "family",
        "What it answers",
        "Heat maps are more exact; with offsets they may be coarse and quick. Coordinates make the fastest model.",
        choices=FAMILY_NAMES,
    ),
    Field("epochs", "Epochs", "At most so many times through all pictures; it stops earlier when nothing gets better."),
    Field("max_minutes", "Longest time", "Training stops then; empty for no limit.", "minutes", step="any"),
    Field(
        "split_by",
        "Split",
        "Who is learned from, and who is tested on. By person tells how well it does with somebody new.",
        choices=SPLIT_NAMES,
    ),
)
MORE: Mapping[str, Sequence[Field]] = {
    "Data": (
        Field(
            "validation_share",
            "For validation",
            "By these the epoch that is kept is chosen.",
            "share of all samples",
            step="0.01",
        ),
        Field(
            "test_share",
            "For the test",
            "Never seen in training; they judge the result.",
            "share of all samples",
            step="0.01",
        ),
        Field(
            "side_px",
            "Side of the picture",
            "What the network sees of a person: a multiple of 32.",
            "pixels",
            step="32",
        ),
        Field("seed", "Seed", "The same seed gives the same split, order and changes of the pictures."),
    ),
    "Learning": (
        Field(
            "pretrained",
            "Begin with ImageNet's weights",
            "Where they can be had; otherwise it begins at random and says so.",
        ),
        Field("loss", "Loss", "How a miss is weighed.", choices=LOSS_NAMES),
        Field("batch_size", "Batch", "Pictures per step. More need more memory.", "pictures"),
        Field("learning_rate", "Learning rate", "How far each step goes, at first.", step="any"),
        Field(
            "patience",
            "Patience",
            "It stops after so many epochs without a better validation loss.",
            "epochs",
        ),
        Field(
            "plateau_patience",
            "Epochs until the learning rate falls",
            "So many without a better validation loss.",
        ),
        Field("plateau_factor", "Lowered by", "The learning rate is multiplied by this.", step="0.01"),
    ),
    "Running": (
        Field("precision", "Precision of numbers", "Mixed is faster on a GPU that knows it.", choices=PRECISION_NAMES),
        Field("predictions_every", "Examples every", "How often examples are drawn on validation pictures.", "epochs"),
        Field(
            "teacher",
            "Compare with",
            "This pose model looks at the test pictures too: a new model should do better.",
            choices={},
        ),
    ),
}
CHANGES: Sequence[Field] = (
    Field("flip", "Mirror", "Half of the pictures, left and right exchanged."),
    Field("rotation_deg", "Turn", "At most so far, either way.", "degrees", step="1"),
    Field("scale", "Larger or smaller", "At most by this share.", "share of its size", step="0.01"),
    Field("shift", "Move", "At most by this share.", "share of the side", step="0.01"),
    Field("brightness", "Brightness and contrast", "At most by this share.", "share of the range", step="0.01"),
    Field("blur", "Blur", "At most this sigma.", "px of 128", step="0.1"),
    Field(
        "occlusion",
        "Cover",
        "At most this share, by a grey square, on half of them.",
        "share of the side",
        step="0.01",
    ),
)
"""How pictures are changed at random while it learns."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one field, named as the form names it, as a sentence in the form's words."""

    field: str
    error: str


def faults(name: str, raw: Mapping[str, Any]) -> list[Fault]:
    """All that is wrong with a name and settings, in the order of the form; empty where nothing is."""
    refused = _refusal(lambda: clean_name(name, NO_NAME))
    return [*([] if refused is None else [Fault("name", sentence(refused))]), *setting_faults(raw)]


def setting_faults(raw: Mapping[str, Any]) -> list[Fault]:
    """As `faults`, of the settings alone, of which any may be left out."""
    found: dict[str, str] = {}
    for field, alone in _one_by_one(raw):
        refused = _refusal(partial(run_settings, alone))
        if refused is not None and refused not in found.values():  # a family that is none is no fault of the loss, too
            found[field] = refused
    told = [Fault(field, sentence(in_the_forms_words(refused, field))) for field, refused in found.items()]
    return told + ([] if found.keys() & set(SHARES) else _together(raw))


def in_the_forms_words(refusal: str, field: str) -> str:
    """A field's refusal with what the form calls settings in place of their names; as it is of what is no field."""
    if field.rpartition(".")[2] not in _BY_NAME:
        return refusal
    named = re.compile(rf"^({'|'.join(_BY_NAME)})\b|\b({'|'.join(name for name in _BY_NAME if '_' in name)})\b")
    return named.sub(lambda found: _BY_NAME[found[0]].label, refusal)


def _together(raw: Mapping[str, Any]) -> list[Fault]:
    """Of the two shares, each of which may be chosen by itself."""
    refused = _refusal(partial(run_settings, {name: raw[name] for name in SHARES if name in raw}))
    if refused is None:
        return []
    first, second = SHARES
    return [
        Fault(first, sentence(in_the_forms_words(refused, first))),
        Fault(second, f"Too much together with {_BY_NAME[first].label}."),
    ]


def _refusal(check: Callable[[], object]) -> str | None:
    try:
        check()
    except InvalidInputError as error:
        return str(error)
    return None


def _one_by_one(raw: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, value in raw.items():
        if key == AUGMENTATION and isinstance(value, Mapping):
            yield from ((f"{AUGMENTATION}.{part}", {AUGMENTATION: {part: one}}) for part, one in value.items())
        elif key == "loss":  # which there are depends on the family
            yield key, {name: raw[name] for name in ("family", "loss") if name in raw}
        else:
            yield key, {key: value}


def label_of(name: str) -> str:
    """What the form calls a setting; `augmentation.NAME` for a change of the pictures."""
    if name.startswith(f"{AUGMENTATION}."):
        return f"Pictures changed: {_BY_NAME[name.partition('.')[2]].label.lower()}"
    return _BY_NAME[name].label


def in_words(name: str, value: object) -> str:
    """A setting's value as a page shows it."""
    field = _BY_NAME[name.removeprefix(f"{AUGMENTATION}.")]
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "no limit" if name == "max_minutes" else "none"
    if isinstance(value, list | tuple):
        return ", ".join((field.choices or {}).get(each, each) for each in value)
    unit = field.unit
    if isinstance(value, float):
        if unit.startswith(SHARE):
            return f"{100 * value:g} % of {unit.removeprefix(SHARE)}"
        return f"{value:g} {unit}".strip()
    return (field.choices or {}).get(str(value)) or f"{value} {unit}".strip()


_BY_NAME = {field.name: field for field in (*FIRST, *(field for group in MORE.values() for field in group), *CHANGES)}
