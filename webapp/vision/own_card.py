"""The card of a pose model of the user's own: what its file takes and answers, as `card.toml` beside it says.

Read with every field checked; a card that is not as it must be makes the model unavailable, with a sentence.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from webapp.core.errors import InvalidInputError, ModelUnavailableError
from webapp.core.skeleton import Skeleton
from webapp.core.skeleton_json import skeleton_from_json, skeleton_reference
from webapp.vision.weights import sha256_of

SCHEMA = 1
CARD = "card.toml"
FILES = {".tflite": "model.tflite", ".keras": "model.keras", ".hdf5": "model.hdf5", ".h5": "model.hdf5"}
"""By its suffix, what a model's file is called in the model's folder."""
FAMILIES = ("regression", "heatmap", "heatmap_offset")
FORMS = ("float32", "float16", "dynamic", "int8")
"""Of an exported file: all in floats; weights in half the bits; weights in 8 bits; everything in 8 bits."""
ONNX = "onnx"
"""A form for other programs, which cannot be added as a model of the user's own."""
COORDINATES = ("unit", "centred", "pixels")
SCORES = ("probabilities", "logits")
OFFSETS = ("y_then_x", "x_then_y", "pairs")
CELLS = ("centre", "corner", "grid")
_MEASURABLE_PX = 0.005
"""Less would be told as 0.00 pixels."""
MIN_SIDE_PX, MAX_SIDE_PX = 8, 1024
MIN_MARGIN, MAX_MARGIN = 0.5, 4.0
MAX_TEXT = 400


@dataclass(frozen=True)
class PictureFormat:
    """What the model takes: (height_px, width_px, channels); 1 channel is grey, 3 are RGB; 0..255 is low..high."""

    height_px: int
    width_px: int
    channels: int
    low: float = 0.0
    high: float = 1.0

    @property
    def side_px(self) -> int:
        """Of the square cut out of the picture; the input is its middle."""
        return max(self.height_px, self.width_px)


@dataclass(frozen=True)
class AnswerFormat:
    """How the numbers of the model's answer are meant.

    coordinates, of a regression: "unit" 0..1 of the input, "centred" -1..1, or "pixels" of it. scores: "probabilities"
    0..1, or "logits". offsets, in pixels of the input: all y then all x, all x then all y, or pairs (x, y). cells: a
    heatmap's cell i of n lies at its "centre" (i + 0.5) / n, its "corner" i / n, or on a "grid" i / (n - 1).
    """

    coordinates: str = "unit"
    scores: str = "probabilities"
    offsets: str = "y_then_x"
    cells: str = "centre"


@dataclass(frozen=True)
class Parity:
    """How far the keypoints of an exported form lie from those of the Keras model, on so many pictures.

    pictures_of: what they are. Pixels are those of the input, shares of its longer side.
    """

    form: str
    pictures: int
    pictures_of: str
    largest_px: float
    mean_px: float
    largest_share: float
    mean_share: float

    def __str__(self) -> str:
        measured = f"{self.form} against Keras on {self.pictures} {self.pictures_of}"
        if self.largest_px < _MEASURABLE_PX:
            return f"{measured}: no difference that could be measured"
        return (
            f"{measured}: largest keypoint difference {self.largest_px:.2f} px ({self.largest_share:.2%} of the side), "
            f"mean {self.mean_px:.3f} px ({self.mean_share:.3%})"
        )


@dataclass(frozen=True)
class OwnModelCard:
    """All that is known of a model; margin: side of the crop as a multiple of the longer side of the person's box."""

    name: str
    family: str
    file: str
    sha256: str
    picture: PictureFormat
    skeleton: Skeleton
    answer: AnswerFormat = field(default_factory=AnswerFormat)
    margin: float = 1.25
    licence: str = ""
    made_by: str = ""
    exported_from: str = ""
    parity: Parity | None = None


def read_card(path: Path) -> OwnModelCard:
    """The card of a model's folder, or in a file of its own; ModelUnavailableError says what is wrong with it."""
    path = path / CARD if path.is_dir() else path
    try:
        return _card(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ModelUnavailableError(f"{path} cannot be read: {error.strerror}") from error
    except (InvalidInputError, ValueError, RecursionError) as error:  # TOMLDecodeError, UnicodeDecodeError, "[[[[..."
        raise ModelUnavailableError(f"{path} is no card of a model: {error}") from error


def card_of(folder: Path) -> OwnModelCard:
    """The card of a whole model; ModelUnavailableError where the card is wrong or the file is not the one it is of.

    The file's every byte is read.
    """
    card = read_card(folder)
    path = folder / card.file
    remedy = f"add it anew: python -m webapp models remove {folder.name}, then python -m webapp models add FILE"
    if card.name != folder.name:
        raise ModelUnavailableError(f"the card in {folder} is that of {card.name!r}, not of {folder.name!r}; {remedy}")
    if not path.is_file():
        raise ModelUnavailableError(f"model file {path} is missing; {remedy}")
    if sha256_of(path) != card.sha256:
        raise ModelUnavailableError(f"model file {path} is damaged: its sha256 is not the card's; {remedy}")
    return card


def card_text(card: OwnModelCard) -> str:
    """The card as TOML, as read_card reads it."""
    plain = {
        "schema_version": SCHEMA,
        **{key: getattr(card, key) for key in ("name", "family", "file", "sha256", "margin")},
        **{key: getattr(card, key) for key in ("licence", "made_by", "exported_from")},
    }
    tables = {
        "input": asdict(card.picture),
        "output": asdict(card.answer),
        "skeleton": skeleton_to_toml(card.skeleton),
        "parity": {} if card.parity is None else asdict(card.parity),
    }
    lines = [f"{key} = {_toml(value)}" for key, value in plain.items()]
    for name, table in tables.items():
        if table:
            lines += ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def skeleton_to_toml(skeleton: Skeleton) -> dict[str, object]:
    """`{name}` of a ready-made one; of another `{name, keypoints, edges, flip_pairs}`, edges as pairs of names.

    flip_pairs only where the names do not say left and right.
    """
    if isinstance(skeleton_reference(skeleton), str):
        return {"name": skeleton.name}
    pairs = {"edges": skeleton.edges, "flip_pairs": skeleton.flip_pairs}
    lists = {key: [list(pair) for pair in each] for key, each in pairs.items() if each is not None}
    return {"name": skeleton.name, "keypoints": list(skeleton.keypoints), **lists}


def skeleton_from_toml(table: Mapping[str, Any]) -> Skeleton:
    """What skeleton_to_toml wrote; InvalidInputError names what is wrong."""
    if "keypoints" not in table:
        return skeleton_from_json(table.get("name"))
    names = table["keypoints"]
    if not isinstance(names, list):
        raise InvalidInputError(f"skeleton: keypoints must be a list of names, got {names!r:.60}")
    edges = _places("edges", table.get("edges", []), names)
    flip_pairs = _places("flip_pairs", table["flip_pairs"], names) if "flip_pairs" in table else None
    return skeleton_from_json({**table, "edges": edges, "flip_pairs": flip_pairs})


def _places(key: str, pairs: object, names: list[object]) -> list[object]:
    """Pairs of names as pairs of positions; what is no list is left for skeleton_from_json to refuse."""
    if not isinstance(pairs, list):
        raise InvalidInputError(f"skeleton: {key} must be a list of pairs of names, got {pairs!r:.60}")
    unknown = [end for pair in pairs if isinstance(pair, list) for end in pair if end not in names]
    if unknown:
        what = {"edges": "an edge", "flip_pairs": "a flip pair"}[key]
        raise InvalidInputError(f"skeleton: {what} names {unknown[0]!r:.60}, which is none of the keypoints")
    return [[names.index(end) for end in pair] if isinstance(pair, list) else pair for pair in pairs]


def read_skeleton(path: Path) -> Skeleton:
    """A skeleton of one's own from a TOML file: name, keypoints = [...], edges and flip_pairs = [["a", "b"], ...]."""
    try:
        return skeleton_from_toml(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InvalidInputError(f"skeleton {path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"skeleton {path} is not TOML in UTF-8: {error}") from error


def _card(raw: Mapping[str, Any]) -> OwnModelCard:
    if raw.get("schema_version") != SCHEMA:
        raise InvalidInputError(f"schema_version must be {SCHEMA}, got {raw.get('schema_version')!r:.40}")
    picture, answer, parity = _table(raw, "input"), _table(raw, "output"), _table(raw, "parity")
    answered = {
        key: _choice(answer, key, choices)
        for key, choices in (("coordinates", COORDINATES), ("scores", SCORES), ("offsets", OFFSETS), ("cells", CELLS))
    }
    return OwnModelCard(
        name=_text(raw, "name"),
        family=_choice(raw, "family", FAMILIES),
        file=_choice(raw, "file", tuple(FILES.values())),
        sha256=_text(raw, "sha256"),
        picture=PictureFormat(
            height_px=int(_number(picture, "height_px", MIN_SIDE_PX, MAX_SIDE_PX)),
            width_px=int(_number(picture, "width_px", MIN_SIDE_PX, MAX_SIDE_PX)),
            channels=int(_number(picture, "channels", 1, 3)),
            low=_number(picture, "low", -1e3, 1e3),
            high=_number(picture, "high", -1e3, 1e3),
        ),
        skeleton=skeleton_from_toml(_table(raw, "skeleton")),
        answer=AnswerFormat(**answered),
        margin=_number(raw, "margin", MIN_MARGIN, MAX_MARGIN),
        licence=_text(raw, "licence"),
        made_by=_text(raw, "made_by"),
        exported_from=_text(raw, "exported_from"),
        parity=_parity(parity) if parity else None,
    )


def _parity(table: Mapping[str, Any]) -> Parity:
    numbers = {key: _number(table, key, 0, 1e9) for key in ("largest_px", "mean_px", "largest_share", "mean_share")}
    return Parity(
        form=_text(table, "form"),
        pictures=int(_number(table, "pictures", 1, 1e9)),
        pictures_of=_text(table, "pictures_of"),
        **numbers,
    )


def _table(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key, {})
    if not isinstance(value, dict):
        raise InvalidInputError(f"{key} must be a table, got {value!r:.40}")
    return value


def _choice(raw: Mapping[str, Any], key: str, choices: Sequence[str]) -> str:
    if raw.get(key) not in choices:
        raise InvalidInputError(f"{key} must be one of {', '.join(choices)}, got {raw.get(key)!r:.40}")
    return str(raw[key])


def _text(raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise InvalidInputError(f"{key} must be a text of at most {MAX_TEXT} characters, got {value!r:.40}")
    return value


def _number(raw: Mapping[str, Any], key: str, least: float, most: float) -> float:
    value = raw.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidInputError(f"{key} must be a number from {least:g} to {most:g}, got {value!r:.40}")
    return float(value)


def _toml(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidInputError(f"{value} cannot be written to a card")
    # JSON's strings, numbers and lists are TOML's too, but for one character that TOML wants written out
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
