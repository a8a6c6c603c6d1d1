"""What a training run is told: network, data, schedule. Checked once, and kept as JSON beside what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from webapp.core.errors import InvalidInputError
from webapp.vision.own_card import FAMILIES, MAX_SIDE_PX

NETWORKS = ("small", "resnet50", "mobilenet_v3_small", "efficientnet_b0")
"""Small: a residual network made for two CPU cores. The others as published for ImageNet; its colours are all grey."""
LOSSES: Mapping[str, tuple[str, ...]] = {
    "regression": ("wing", "mse", "oks"),
    "heatmap": ("mse",),
    "heatmap_offset": ("mse",),
}
"""By family, the default first. Of heatmaps it is that between the maps."""
SPLITS_BY = ("person", "source", "given")
"""Who is trained on and who is tested: never the same person; never the same recording; as the samples say."""
PRECISIONS = ("auto", "full", "mixed")
STATES = ("reviewed", "proposed")
MIN_SIDE_PX = 32


@dataclass(frozen=True)
class Augmentation:
    """How far pictures are changed at random, each anew in every epoch.

    flip: half of them mirrored, left and right exchanged. rotation_deg, scale, shift: at most so far either way; shift
    as a share of the side. brightness: at most so far either way, of 0..1, and contrast by the same share. blur: at
    most this sigma, in pixels of 128. occlusion: at most this share of the side of a grey square, on half of them.
    """

    flip: bool = True
    rotation_deg: float = 40.0
    scale: float = 0.3
    shift: float = 0.08
    brightness: float = 0.2
    blur: float = 1.0
    occlusion: float = 0.25


@dataclass(frozen=True)
class RunSettings:
    """One run's settings.

    pretrained: begin with ImageNet's weights where they can be had. patience: epochs without a better validation loss
    until it stops; plateau_patience: until the learning rate is multiplied by plateau_factor. max_minutes: of
    training, None for no limit. states: of the samples trained on. predictions_every: so many epochs, examples are
    drawn. teacher: the pose model that the result is compared with, None for none.
    """

    family: str = "heatmap_offset"
    network: str = "small"
    side_px: int = 128
    pretrained: bool = True
    loss: str = "mse"
    epochs: int = 200
    batch_size: int = 32
    learning_rate: float = 2e-3
    patience: int = 30
    plateau_patience: int = 10
    plateau_factor: float = 0.5
    max_minutes: float | None = None
    precision: str = "auto"
    seed: int = 1
    split_by: str = "person"
    validation_share: float = 0.15
    test_share: float = 0.15
    states: tuple[str, ...] = ("reviewed",)
    predictions_every: int = 5
    teacher: str | None = None
    augmentation: Augmentation = field(default_factory=Augmentation)

    def as_json(self) -> dict[str, object]:
        """What run_settings reads."""
        return asdict(self)


_CHOICES = {"family": FAMILIES, "network": NETWORKS, "precision": PRECISIONS, "split_by": SPLITS_BY}
RANGES: Mapping[str, tuple[float, float]] = {
    "side_px": (MIN_SIDE_PX, MAX_SIDE_PX),
    "epochs": (1, 10_000),
    "batch_size": (1, 1024),
    "learning_rate": (1e-7, 1.0),
    "patience": (1, 10_000),
    "plateau_patience": (1, 10_000),
    "plateau_factor": (0.01, 0.99),
    "max_minutes": (0.05, 10_000),
    "seed": (0, 2**31 - 1),
    "validation_share": (0.02, 0.5),
    "test_share": (0.02, 0.5),
    "predictions_every": (1, 10_000),
    "rotation_deg": (0, 180),
    "scale": (0, 0.9),
    "shift": (0, 0.5),
    "brightness": (0, 1),
    "blur": (0, 8),
    "occlusion": (0, 1),
}
"""Lowest and highest of each number."""
MAX_TEACHER = 64


def run_settings(raw: Mapping[str, object]) -> RunSettings:
    """Of a JSON object as `as_json` makes it; what is missing has its default. InvalidInputError says what is wrong."""
    values = _checked(raw, RunSettings)
    family = str(values.get("family", RunSettings.family))
    losses = LOSSES[family]
    values["loss"] = values.get("loss") or losses[0]
    if values["loss"] not in losses:
        raise InvalidInputError(f"the loss of {family} must be one of {', '.join(losses)}, got {values['loss']!r:.40}")
    settings = RunSettings(**values)
    if settings.side_px % 32:
        raise InvalidInputError(f"side_px must be a multiple of 32, got {settings.side_px}")
    if settings.validation_share + settings.test_share > 0.8:
        raise InvalidInputError(
            "validation_share and test_share must leave at least a fifth to train on, together at most 0.8, "
            f"got {settings.validation_share:g} and {settings.test_share:g}"
        )
    return settings


def _checked(raw: Mapping[str, object], kind: type[Any]) -> dict[str, Any]:
    known = {each.name: each for each in fields(kind)}
    unknown = sorted(set(raw) - set(known))
    if unknown:
        raise InvalidInputError(f"a run has no setting {unknown[0]!r:.60}; known: {', '.join(known)}")
    return {key: _value(key, value, getattr(kind, key, None)) for key, value in raw.items()}


def _value(key: str, value: object, default: object) -> object:
    if key == "augmentation":
        if not isinstance(value, Mapping):
            raise InvalidInputError(f"augmentation must be an object, got {value!r:.40}")
        return Augmentation(**_checked(value, Augmentation))
    if key in _CHOICES:
        if value not in _CHOICES[key]:
            raise InvalidInputError(f"{key} must be one of {', '.join(_CHOICES[key])}, got {value!r:.40}")
        return value
    if key == "states":
        return _states(value)
    if key in {"teacher", "loss"}:
        return _text(key, value)
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise InvalidInputError(f"{key} must be true or false, got {value!r:.40}")
        return value
    return _number(key, value, default)


def _states(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value or not all(state in STATES for state in value):
        raise InvalidInputError(f"states must be some of {', '.join(STATES)}{_got(value)}")
    return tuple(state for state in STATES if state in value)


def _text(key: str, value: object) -> str | None:
    if value is not None and not (isinstance(value, str) and 0 < len(value) <= MAX_TEACHER):
        raise InvalidInputError(f"{key} must be a name of at most {MAX_TEACHER} characters, got {value!r:.40}")
    return value


def _got(value: object) -> str:
    """What came instead; nothing of what was left empty, which has no words of its own."""
    return f", got {value!r:.40}" if value or value == 0 else ""


def _number(key: str, value: object, default: object) -> float | int | None:
    if value is None and key == "max_minutes":
        return None
    low, high = RANGES[key]
    whole = isinstance(default, int)
    kind = "a whole number" if whole else "a number"
    fits = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    if not isinstance(value, int | float) or not fits or (whole and value != int(value)):
        limits = f"{low} to {high}" if whole else f"{low:g} to {high:g}"
        raise InvalidInputError(f"{key} must be {kind} from {limits}{_got(value)}")
    return int(value) if whole else float(value)
