"""Every detector and pose model there is to choose from: what it is good for, whether it is here, what its licence is.

Loads no model and no inference framework, so that a page can be made from it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from webapp.config import BOTTOM_UP_MODELS, DETECTORS, HAND_MODELS, OWN_MODELS_DIR, POSE_MODELS, YOLOV5, pose_models
from webapp.core.errors import ModelUnavailableError
from webapp.core.skeleton import BLAZEPOSE_33, COCO_17, HAND_21, Skeleton
from webapp.vision.own_card import OwnModelCard, card_of
from webapp.vision.weights import FileState, ModelFile, file_state, model_file, read_manifest

Role = Literal["detector", "pose"]
Approach = Literal["top-down", "bottom-up"]
Subject = Literal["people", "hands"]


@dataclass(frozen=True)
class ModelEntry:
    """One model that the settings can name.

    approach: "top-down" looks at people that a detector has found, "bottom-up" finds everybody by itself; None for a
    detector. files: those of the manifest that it needs; a model of the user's own has none there. remedy: what to do
    where the state is not present; size_bytes is then that of what is fetched. stands_for: what "auto" comes to here.
    """

    name: str
    role: Role
    title: str
    purpose: str
    state: FileState
    size_bytes: int = 0
    licence: str = ""
    permits: str = ""
    remedy: str = ""
    approach: Approach | None = None
    subject: Subject = "people"
    skeleton: Skeleton | None = None
    files: tuple[ModelFile, ...] = ()
    own: bool = False
    stands_for: str = ""

    @property
    def present(self) -> bool:
        return self.state is FileState.PRESENT

    @property
    def measurable(self) -> bool:
        """Whether there is a network whose speed can be measured."""
        return self.own or bool(self.files)

    @property
    def uses_detector(self) -> bool:
        """Whether the choice of a person detector makes a difference to it."""
        return self.approach == "top-down" and self.subject == "people"


_TEXTS: dict[str, tuple[str, str]] = {
    "auto": ("Automatic", "The smallest YOLOv5 that is installed, else the MediaPipe detector."),
    "yolov5n": ("YOLOv5 nano", "Finds several people, small and large; the fastest of its family."),
    "yolov5s": ("YOLOv5 small", "Finds people more surely than nano, in about twice its time."),
    "yolov5m": ("YOLOv5 medium", "Finds small and half hidden people better; wants a fast machine."),
    "yolov5l": ("YOLOv5 large", "For recordings rather than for live use, or for a machine with many cores."),
    "yolov5x": ("YOLOv5 extra large", "The most thorough and the slowest of its family."),
    "blazepose": ("MediaPipe person detector", "Very fast; best for one or a few people within some metres."),
    "ssd_mobilenet": ("SSD MobileNet", "Made for small computers such as a Raspberry Pi."),
    "whole_frame": ("Whole picture", "Searches for nobody: takes the whole picture for one person, who must fill it."),
    "blazepose_lite": ("BlazePose lite", "The fastest of its family; less exact where limbs cross or are hidden."),
    "blazepose_full": ("BlazePose full", "Exact and fast enough for live use; the one to begin with."),
    "blazepose_heavy": ("BlazePose heavy", "The most exact of its family, and several times slower."),
    "movenet_multipose": (
        "MoveNet MultiPose",
        "Finds up to six people at once, in the same time for one or many; knows no depth.",
    ),
    "hand_lite": ("MediaPipe hand, lite", "Gestures of a hand, fast."),
    "hand_full": ("MediaPipe hand, full", "Gestures of a hand, more exactly."),
}
_FILES: dict[str, tuple[str, ...]] = {
    "auto": (),
    "whole_frame": (),
    "blazepose": ("blazepose_detector",),
    **{name: ("palm_detector", name) for name in HAND_MODELS},
}
"""Names in the manifest, where they are not the model's own name."""


def known_models(weights_dir: Path) -> tuple[ModelEntry, ...]:
    """All detectors, then all pose models, each in the order of the settings, the user's own last."""
    manifest = read_manifest()
    detectors = (_ready_made(name, "detector", weights_dir, manifest) for name in DETECTORS)
    poses = (_ready_made(name, "pose", weights_dir, manifest) for name in POSE_MODELS)
    own = (_own_model(weights_dir / OWN_MODELS_DIR / name) for name in pose_models(weights_dir)[len(POSE_MODELS) :])
    return (*detectors, *poses, *own)


def files_needed(detector: str, pose_model: str) -> tuple[str, ...]:
    """The names in the manifest of what these two need at least; of a model of the user's own none stand there.

    "auto" needs the MediaPipe detector, which it comes to where no YOLOv5 is.
    """
    ready_made = pose_model in POSE_MODELS
    needed = _FILES.get(pose_model, (pose_model,)) if ready_made else ()
    if pose_model in (*BOTTOM_UP_MODELS, *HAND_MODELS):
        return needed
    return (*_FILES.get("blazepose" if detector == "auto" else detector, (detector,)), *needed)


def automatic_detector(weights_dir: Path) -> str:
    """What "auto" comes to: the smallest YOLOv5 that is here, since the live path wants speed; else blazepose."""
    for name in YOLOV5:
        if known_state(model_file(name), weights_dir) is FileState.PRESENT:
            return name
    return "blazepose"


def known_state(file: ModelFile, weights_dir: Path) -> FileState:
    """As weights.file_state, but a file is read only once, and again when its size or time of change differs."""
    path = weights_dir / file.path
    try:
        stat = path.stat()
    except OSError:
        return FileState.MISSING
    key = (path, stat.st_size, stat.st_mtime_ns, file.sha256)
    if key not in _states:
        _states[key] = file_state(file, weights_dir)
        time.sleep(0)  # reading a large file takes a moment: a web process answers others before the next
    return _states[key]


_states: dict[tuple[Path, int, int, str], FileState] = {}


def _ready_made(name: str, role: Role, weights_dir: Path, manifest: Sequence[ModelFile]) -> ModelEntry:
    files = tuple(model_file(file, manifest) for file in _FILES.get(name, (name,)))
    states = [known_state(file, weights_dir) for file in files]
    state = _worst(states)
    lacking = [file for file, state in zip(files, states, strict=True) if state is not FileState.PRESENT]
    title, purpose = _TEXTS[name]
    return ModelEntry(
        name=name,
        role=role,
        title=title,
        purpose=purpose,
        state=state,
        size_bytes=sum(
            (weights_dir / file.path).stat().st_size if state is FileState.PRESENT else file.size_bytes
            for file in files
        ),
        licence=_together(file.licence for file in files),
        permits=_together(file.permits for file in files),
        remedy=_together(file.remedy for file in lacking),
        approach=None if role == "detector" else "bottom-up" if name in BOTTOM_UP_MODELS else "top-down",
        subject="hands" if name in HAND_MODELS else "people",
        skeleton=None if role == "detector" else _skeleton(name),
        files=files,
        stands_for=automatic_detector(weights_dir) if name == "auto" else "",
    )


def _own_model(folder: Path) -> ModelEntry:
    """What its card says; where the card or the file is not as it must be, why."""
    entry = ModelEntry(
        name=folder.name,
        role="pose",
        title=folder.name,
        purpose="A model of your own.",
        state=FileState.DAMAGED,
        approach="top-down",
        own=True,
    )
    try:
        files = {path: path.stat() for path in sorted(folder.iterdir()) if path.is_file()}
    except OSError as error:
        return replace(entry, remedy=f"{folder} cannot be read: {error.strerror}")
    key = tuple((path, stat.st_size, stat.st_mtime_ns) for path, stat in files.items())
    if key not in _cards:
        try:
            _cards[key] = card_of(folder)
        except ModelUnavailableError as error:
            return replace(entry, remedy=str(error))
    card = _cards[key]
    return replace(
        entry,
        purpose=_own_purpose(card),
        state=FileState.PRESENT,
        size_bytes=sum(stat.st_size for stat in files.values()),
        licence=card.licence,
        subject="hands" if card.skeleton.kind == "hand" else "people",
        skeleton=card.skeleton,
    )


_cards: dict[tuple[tuple[Path, int, int], ...], OwnModelCard] = {}
"""Of models that are whole; a card and its file are read again when their size or time of change differs."""


def _own_purpose(card: OwnModelCard) -> str:
    texts = [f"A model of your own ({card.family.replace('_', ' + ')})"]
    texts += [f"by {card.made_by}"] if card.made_by else []
    parity = f"{card.parity}." if card.parity is not None else ""
    return f"{', '.join(texts)}. {parity[:1].upper()}{parity[1:]}".strip()


def _skeleton(name: str) -> Skeleton:
    if name in HAND_MODELS:
        return HAND_21
    return COCO_17 if name in BOTTOM_UP_MODELS else BLAZEPOSE_33


def _worst(states: Sequence[FileState]) -> FileState:
    """Damaged before missing before present."""
    return next((state for state in (FileState.DAMAGED, FileState.MISSING) if state in states), FileState.PRESENT)


def _together(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(texts))
