"""One frozen Settings, built once from defaults < instance/config.toml < environment; nothing else reads those."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from webapp.core.errors import InvalidInputError

ROOT = Path(__file__).resolve().parent.parent
YOLOV5 = ("yolov5n", "yolov5s", "yolov5m", "yolov5l", "yolov5x")
DETECTORS = ("auto", *YOLOV5, "blazepose", "ssd_mobilenet", "whole_frame")
HAND_MODELS = ("hand_lite", "hand_full")
BOTTOM_UP_MODELS = ("movenet_multipose",)
POSE_MODELS = ("blazepose_lite", "blazepose_full", "blazepose_heavy", *BOTTOM_UP_MODELS, *HAND_MODELS)
OWN_MODELS_DIR = "own"
"""Folder in the weights directory: one folder for each pose model of the user's own, named as the setting names it."""
CHOICES = {
    "async_mode": ("eventlet", "threading"),
    "detector": DETECTORS,
    "runtime": ("auto", "openvino", "litert", "onnxruntime", "torch", "keras"),
}
"""The values of each setting that is a name: a wrong one is refused here, before any process starts with it."""
RANGES = {
    "port": (0, 65535),
    "workers": (0, 64),
    "threads": (1, 256),
    "max_people": (1, 32),
    "trusted_proxies": (0, 8),
    "max_frame_bytes": (2**10, 64 * 2**20),
    "max_frames_per_s": (1, 1000),
    "max_pixels": (64 * 64, 2**28),
    "job_workers": (0, 16),
    "training_workers": (0, 16),
    "training_threads": (0, 256),
    "max_picture_bytes": (2**10, 2**30),
    "max_picture_pixels": (64 * 64, 2**28),
    "max_import_pictures": (1, 10**7),
    "max_import_bytes": (2**20, 2**42),
}
"""Lowest and highest value of each number."""


@dataclass(frozen=True)
class Settings:
    """Every setting of the product. In the environment: MOVEPRINT_ and the upper-case name; HOST and PORT work bare."""

    host: str = "127.0.0.1"
    """Address the web process listens on."""
    port: int = 5000
    """Port the web process listens on."""
    instance_dir: Path = ROOT / "instance"
    """Where the database, the secret key, the worker token and logs live."""
    weights_dir: Path = ROOT / "weights"
    """Where model files lie."""
    database_url: str = ""
    """SQLAlchemy URL; empty means SQLite in the instance directory."""
    async_mode: str = "eventlet"
    """How Flask-SocketIO serves: eventlet or threading."""
    workers: int = 1
    """Worker processes the supervisor starts on this machine; 0 when they run elsewhere."""
    worker_token: str = field(default="", repr=False)
    """Shared secret of the /worker namespace; empty means the one kept in the instance directory."""
    secret_key: str = field(default="", repr=False)
    """Signs cookies; empty means the one kept in the instance directory."""
    detector: str = "auto"
    """Person detector: yolov5n, yolov5s, yolov5m, yolov5l, yolov5x, blazepose, ssd_mobilenet, whole_frame; auto: the
    smallest YOLOv5 that is there, else blazepose. Not used by pose models that find people or hands by themselves."""
    pose_model: str = "blazepose_full"
    """Pose model: blazepose_lite, blazepose_full, blazepose_heavy, movenet_multipose, hand_lite, hand_full, or the name
    of one of your own (a folder in weights/own/)."""
    runtime: str = "auto"
    """Inference runtime: auto (the fastest here of those that can run the model), openvino, litert, onnxruntime, torch,
    keras."""
    threads: int = 2
    """Threads one worker's models use."""
    max_people: int = 4
    """How many people one frame is searched for."""
    max_frame_bytes: int = 2 * 2**20
    """A larger frame is dropped at the socket."""
    max_frames_per_s: int = 60
    """More frames a second from one browser are dropped at the socket."""
    max_pixels: int = 2048 * 2048
    """A picture with more pixels is not decoded."""
    job_workers: int = 1
    """How many jobs (imports, automatic labels, exports) run at a time on this machine; 0 when none shall."""
    training_workers: int = 1
    """How many training runs go on at a time on this machine, beside the jobs; 0 when none shall."""
    training_threads: int = 0
    """Threads one training run uses; 0: as many as the machine has cores."""
    queue_url: str = field(default="", repr=False)
    """Where jobs are rung for: redis://... or postgresql://...; empty means a file of SQLite in the instance
    directory."""
    max_picture_bytes: int = 32 * 2**20
    """A larger picture file is refused by an import into a dataset."""
    max_picture_pixels: int = 50 * 10**6
    """A picture with more pixels is refused by an import into a dataset."""
    max_import_pictures: int = 50_000
    """An import into a dataset ends with an error at more pictures than this."""
    max_import_bytes: int = 8 * 2**30
    """All files of one import together, packed or unpacked, may have so many bytes."""
    allow_signup: bool = True
    """Whether visitors may create their own account (role user)."""
    session_cookie_secure: bool = False
    """Send the login cookie over HTTPS only; set it where TLS is in front."""
    trusted_proxies: int = 0
    """How many reverse proxies stand in front; that many X-Forwarded headers are believed."""
    supervised: bool = False
    """Set by serve for the commands it starts: they end when their standard input does. Not for people."""

    @property
    def sqlalchemy_url(self) -> str:
        return self.database_url or f"sqlite:///{self.instance_dir / 'moveprint.sqlite3'}"


def load_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Build the settings; InvalidInputError names the setting, its value and where it came from."""
    instance_dir = _absolute(environment.get("MOVEPRINT_INSTANCE_DIR") or Settings.instance_dir)
    settings = replace(Settings(), instance_dir=instance_dir)
    config_file = instance_dir / "config.toml"
    if config_file.exists():
        settings = _with_values(settings, _read_toml(config_file), str(config_file))
    names: dict[str, tuple[str, ...]] = {f.name: (f"MOVEPRINT_{f.name.upper()}",) for f in fields(Settings)}
    names["host"] += ("HOST",)
    names["port"] += ("PORT",)
    values = {name: environment[key] for name, keys in names.items() for key in keys if environment.get(key)}
    return _with_values(settings, values, "the environment")


def pose_models(weights_dir: Path) -> tuple[str, ...]:
    """The names of all pose models: the ready-made ones, and the user's own in the order of their names."""
    folders = (weights_dir / OWN_MODELS_DIR).glob("[!.]*")  # with a point in front: half added, or half removed
    own = sorted(folder.name for folder in folders if folder.is_dir())
    return (*POSE_MODELS, *own)


def _read_toml(path: Path) -> dict[str, object]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError
        raise InvalidInputError(f"{path} is not valid TOML in UTF-8: {error}") from error
    if "instance_dir" in values:
        raise InvalidInputError(f"instance_dir cannot be set in {path}, which lies in it; set MOVEPRINT_INSTANCE_DIR")
    return values


def _absolute(path: str | Path) -> Path:
    return Path(path).expanduser().resolve()  # what is started, or opens the database, may have another current folder


def _with_values(settings: Settings, values: Mapping[str, object], source: str) -> Settings:
    known = {f.name: getattr(Settings(), f.name) for f in fields(Settings)}
    unknown = set(values) - set(known)
    if unknown:
        raise InvalidInputError(f"unknown setting {sorted(unknown)[0]!r} in {source}; known: {', '.join(known)}")
    parsed: dict[str, Any] = {name: _parse(name, value, known[name], source) for name, value in values.items()}
    return _checked(replace(settings, **parsed), source)


def _checked(settings: Settings, source: str) -> Settings:
    for name, choices in CHOICES.items():
        chosen = getattr(settings, name)
        if chosen not in choices:
            raise InvalidInputError(f"setting {name} in {source} must be one of {', '.join(choices)}, got {chosen!r}")
    if settings.pose_model not in pose_models(settings.weights_dir):
        known_models = ", ".join(pose_models(settings.weights_dir))
        raise InvalidInputError(
            f"setting pose_model in {source} must be one of {known_models}, got {settings.pose_model!r}"
        )
    for name, (low, high) in RANGES.items():
        value = getattr(settings, name)
        if not low <= value <= high:
            raise InvalidInputError(f"setting {name} in {source} must be {low} to {high}, got {value}")
    return settings


def _parse(name: str, value: object, default: object, source: str) -> object:
    if isinstance(default, bool):
        if str(value).lower() in {"1", "true", "yes", "on"}:
            return True
        if str(value).lower() in {"0", "false", "no", "off"}:
            return False
        raise InvalidInputError(f"setting {name} in {source} must be true or false, got {value!r}")
    if isinstance(default, int):
        try:
            return int(str(value))
        except ValueError as error:
            raise InvalidInputError(f"setting {name} in {source} must be a whole number, got {value!r}") from error
    return _absolute(str(value)) if isinstance(default, Path) else str(value)


def make_instance_dir(path: Path) -> None:
    """Make it where it is not yet, for its owner only: the database and the secrets lie there."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def kept_secret(instance_dir: Path, name: str) -> str:
    """A random secret made once and kept in the instance directory, readable by its owner only."""
    make_instance_dir(instance_dir)
    path = instance_dir / name
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(32))
    kept = path.read_text(encoding="ascii").strip()
    if not kept:
        raise InvalidInputError(f"{path} is empty; delete it, and a new secret is made (which ends all logins)")
    return kept


def _write_once(path: Path, text: str) -> None:
    # written beside and linked into place whole: the web process and a worker may start at the same moment
    descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
        with contextlib.suppress(FileExistsError):  # the other process was quicker, and its secret is the one
            _link_or_create(scratch, path, text)
    finally:
        os.unlink(scratch)


def _link_or_create(scratch: str, path: Path, text: str) -> None:
    try:
        os.link(scratch, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links, such as exFAT
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(text)
