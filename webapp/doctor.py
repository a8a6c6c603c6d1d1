"""`python -m webapp doctor`: what the product needs, whether it is so here, and what to do where it is not."""

from __future__ import annotations

import errno
import http.client
import importlib.metadata
import importlib.util
import ipaddress
import json
import os
import socket
import stat
import sys
import tempfile
import tomllib
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict
from pathlib import Path

from flask import Flask
from packaging.requirements import InvalidRequirement, Requirement

from webapp.config import ROOT, Settings, make_instance_dir
from webapp.core.errors import MoveprintError
from webapp.db.engine import init_database
from webapp.db.schema import init_migrations, require_latest
from webapp.doctor_check import Check, State, table
from webapp.jobs.queue import queue_fault
from webapp.jobs.stores import place_of
from webapp.listener import address_in_url
from webapp.vision.catalogue import automatic_detector, files_needed, known_models
from webapp.vision.weights import FileState, file_state, read_manifest, sha256_of

SECRET_FILES = ("secret_key", "worker_token")
OPTIONAL_RUNTIMES = {
    *("openvino", "ai-edge-litert"),
    *("torch", "onnx", "onnxruntime"),
    *("tensorflow", "tensorflow-cpu", "keras", "h5py"),
}
"""The live path needs one of the first two; the second line is for YOLOv5, the third for Keras models of one's own."""
PORT_ANSWER_S = 2.0


def run(settings: Settings, *, as_json: bool) -> tuple[int, str]:
    """Check everything; exit status (1 on a failure) and the text to print."""
    checks = examine(settings)
    healthy = all(check.state != "fail" for check in checks)
    text = json.dumps({"healthy": healthy, "checks": [asdict(c) for c in checks]}) if as_json else table(checks)
    return (0 if healthy else 1), text


def examine(settings: Settings) -> list[Check]:
    """Every check in the order in which a newcomer would mend them."""
    return [result for check in _CHECKS for result in check(settings)]


def check_python(_settings: Settings, version: tuple[int, int] = sys.version_info[:2]) -> Iterator[Check]:
    """3.11 is what everything was tried with; eventlet has open faults on 3.13."""
    shown = ".".join(map(str, version))
    if version < (3, 11):
        yield Check("python", "fail", shown, "install Python 3.11 or 3.12 and make the virtual environment anew")
    elif version >= (3, 13):
        yield Check(
            "python", "warn", shown, "eventlet has open faults on 3.13: use 3.11 or 3.12, or async_mode=threading"
        )
    else:
        yield Check("python", "ok", shown)


def check_packages(_settings: Settings, requirements: Path = ROOT / "requirements.txt") -> Iterator[Check]:
    """Every pinned package that this platform needs is installed in that version."""
    install = f"{sys.executable} -m pip install -r {requirements.name}"
    missing: list[str] = []
    others: list[str] = []
    optional: list[str] = []
    for requirement in _requirements(requirements):
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            (optional if requirement.name in OPTIONAL_RUNTIMES else missing).append(requirement.name)
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            others.append(f"{requirement.name} {version} instead of {str(requirement.specifier).removeprefix('==')}")
    if missing:
        yield Check("packages", "fail", f"missing: {', '.join(missing)}", install)
    if others:
        yield Check("packages", "warn", f"other versions than tried: {', '.join(others)}", install)
    if {"openvino", "ai-edge-litert"} <= set(optional):
        yield Check("packages", "fail", "neither openvino nor ai-edge-litert is there: no pose model can run", install)
    elif optional:
        yield Check("packages", "warn", f"not installed, so not used: {', '.join(optional)}", install)
    if not (missing or others or optional):
        yield Check("packages", "ok", f"all of {requirements.name}")


def _requirements(path: Path) -> Iterator[Requirement]:
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        try:
            requirement = Requirement(text) if text and not text.startswith("-") else None
        except InvalidRequirement as error:
            raise MoveprintError(f"{path} has a line that is no requirement: {text!r} ({error})") from error
        if requirement and (requirement.marker is None or requirement.marker.evaluate()):
            yield requirement


def check_models(settings: Settings) -> Iterator[Check]:
    """What the settings name must be whole, for workers start with it; of the other models only damage matters."""
    needed = files_needed(settings.detector, settings.pose_model)
    for file in read_manifest():
        state = file_state(file, settings.weights_dir)
        name, detail = f"model {file.name}", f"{settings.weights_dir / file.path} is {state}"
        if state is FileState.PRESENT:
            size_bytes = (settings.weights_dir / file.path).stat().st_size
            yield Check(name, "ok", f"{size_bytes / 1e6:.1f} MB, {file.licence}")
        elif file.name in needed:
            yield Check(name, "fail", detail, file.remedy)
        elif state is FileState.DAMAGED:
            yield Check(name, "warn", f"{detail} and is not used", file.remedy)
        elif file.name == "yolov5n" and _does_without_yolov5(settings, needed):
            yield Check(name, "warn", "not here: the MediaPipe person detector is used instead", file.remedy)
    for own in (entry for entry in known_models(settings.weights_dir) if entry.own):
        if own.present:
            licence = f", {own.licence}" if own.licence else ""
            yield Check(f"model {own.name}", "ok", f"{own.size_bytes / 1e6:.1f} MB{licence}")
        else:
            severity: State = "fail" if own.name == settings.pose_model else "warn"
            yield Check(f"model {own.name}", severity, "your own model cannot be used", own.remedy)


def _does_without_yolov5(settings: Settings, needed: Collection[str]) -> bool:
    """Whether the MediaPipe person detector takes its place."""
    automatic = settings.detector == "auto" and "blazepose_detector" in needed
    return automatic and automatic_detector(settings.weights_dir) == "blazepose"


def check_browser_libraries(
    _settings: Settings, manifest: Path = ROOT / "tools" / "vendor.toml", vendor_dir: Path = ROOT / "static" / "vendor"
) -> Iterator[Check]:
    """What the pages load lies in static/vendor, byte for byte."""
    packages = tomllib.loads(manifest.read_text(encoding="utf-8"))["package"]
    files = {file["to"]: file["sha256"] for package in packages for file in package["files"]}
    wrong = [
        name
        for name, sha256 in files.items()
        if not (vendor_dir / name).is_file() or sha256_of(vendor_dir / name) != sha256
    ]
    if wrong:
        remedy = "npm ci --ignore-scripts, then python -m tools.vendor"
        yield Check("browser libraries", "fail", f"missing or altered: {', '.join(wrong)}", remedy)
    else:
        yield Check("browser libraries", "ok", f"{len(files)} files in {vendor_dir.name}/")


def check_instance(settings: Settings) -> Iterator[Check]:
    """The instance directory takes files, and its secrets are readable by their owner alone."""
    folder = settings.instance_dir
    try:
        make_instance_dir(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        remedy = "give it to this user, or set MOVEPRINT_INSTANCE_DIR"
        yield Check("instance directory", "fail", f"{folder} is not writable ({error})", remedy)
        return
    yield Check("instance directory", "ok", str(folder))
    if os.name != "posix":
        return
    for path in (folder / name for name in SECRET_FILES):
        if path.exists():
            mode = stat.S_IMODE(path.stat().st_mode)
            exposed = bool(mode & 0o077)
            remedy = f"chmod 600 {path}; if others may have read it, delete it and start anew" if exposed else ""
            yield Check(f"secret {path.name}", "fail" if exposed else "ok", f"mode {mode:03o}", remedy)


def check_database(settings: Settings) -> Iterator[Check]:
    """Reachable, and with the tables of this version."""
    sqlite = Path(settings.sqlalchemy_url.removeprefix("sqlite:///"))
    if settings.sqlalchemy_url.startswith("sqlite:///") and not sqlite.exists():
        # connecting would create it
        yield Check("database", "fail", f"{sqlite} does not exist yet", "python -m webapp migrate")
        return
    app = Flask("doctor")
    try:
        init_database(app, settings.sqlalchemy_url)
        init_migrations(app)
        with app.app_context():
            require_latest()
    except MoveprintError as error:
        yield Check("database", "fail", str(error), "python -m webapp migrate makes missing tables")
        return
    yield Check("database", "ok", "reachable, tables of this version")


def check_jobs(settings: Settings) -> Iterator[Check]:
    """Somebody runs jobs and training, and can be told of them."""
    try:
        fault = queue_fault(settings)
    except MoveprintError as error:
        yield Check("jobs", "fail", str(error), "correct MOVEPRINT_QUEUE_URL, or queue_url in config.toml")
        return
    if fault:
        of_file = "stop Moveprint and delete it: what waits stands in the database as well"
        of_server = "start that server, or correct MOVEPRINT_QUEUE_URL; jobs that are asked for meanwhile only wait"
        yield Check("jobs", "fail", fault, of_server if settings.queue_url else of_file)
        return
    place = f", told of them through {place_of(settings)}" if settings.queue_url else ""
    for name, setting, count, what in (
        ("jobs", "job_workers", settings.job_workers, "import or export"),
        ("training", "training_workers", settings.training_workers, "training run"),
    ):
        if count:
            yield Check(name, "ok", f"{count} at a time{place}")
        else:
            remedy = f"MOVEPRINT_{setting.upper()}=1 python -m webapp jobs runs them"
            yield Check(name, "warn", f"{setting} is 0: no {what} goes on here", remedy)


def check_port(settings: Settings) -> Iterator[Check]:
    """The port is free, or Moveprint itself has it."""
    name = f"port {settings.port}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE and _moveprint_answers(settings):
                yield Check(name, "ok", "Moveprint is running there")
                return
            detail = f"{settings.host} cannot be listened on: {error.strerror or error}"
            yield Check(name, "fail", detail, "stop what uses it, or choose another: PORT=5001 (and check HOST)")
            return
    yield Check(name, "ok", f"free on {settings.host}")


def _moveprint_answers(settings: Settings) -> bool:
    connection = http.client.HTTPConnection(address_in_url(settings.host, settings.port), timeout=PORT_ANSWER_S)
    try:
        connection.request("GET", "/login")
        return b"Moveprint" in connection.getresponse().read(65536)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def check_camera(settings: Settings) -> Iterator[Check]:
    """Browsers hand out the camera to https pages and to localhost only."""
    if _is_loopback(settings.host):
        yield Check("camera page", "ok", f"http://localhost:{settings.port} may use the camera on this machine")
    elif settings.session_cookie_secure:
        yield Check("camera page", "ok", "served over https by what stands in front (session_cookie_secure is set)")
    else:
        yield Check(
            "camera page",
            "warn",
            f"from other machines http://{settings.host}:{settings.port} gets no camera: browsers want https",
            "put TLS in front and set MOVEPRINT_SESSION_COOKIE_SECURE=true, or forward the port: "
            f"ssh -L {settings.port}:localhost:{settings.port} THIS_MACHINE",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_numba_cache(_settings: Settings, source_dir: Path = ROOT / "webapp" / "core") -> Iterator[Check]:
    """Compiled functions are kept beside their source."""
    folder = source_dir / "__pycache__"
    if os.access(folder if folder.exists() else source_dir, os.W_OK):
        yield Check("numba cache", "ok", str(folder))
    else:
        remedy = f"make {folder} writable, or set NUMBA_CACHE_DIR to a folder that is"
        yield Check("numba cache", "warn", f"{folder} is not writable: each start may compile for some seconds", remedy)


_CHECKS: tuple[Callable[[Settings], Iterator[Check]], ...] = (
    check_python,
    check_packages,
    check_models,
    check_browser_libraries,
    check_instance,
    check_database,
    check_jobs,
    check_port,
    check_camera,
    check_numba_cache,
)
