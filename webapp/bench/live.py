"""Speed of the live path: the real server, real frames, clients over the real socket."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from webapp.config import ROOT, Settings
from webapp.core.errors import InvalidInputError, MoveprintError

SAMPLE = ROOT / "static" / "samples" / "demo.mp4"
WIDTH_PX, HEIGHT_PX = 640, 480
FRAMES = 90
JPEG_QUALITY = 80


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clients", type=int, default=1, help="browsers at 30 fps each; 1 measures one at full speed")
    parser.add_argument("--seconds", type=float, default=15, help="how long frames are sent, default 15")
    parser.add_argument("--video", type=Path, default=SAMPLE, help="the video the frames come from")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Measure; prints a table, and with --json one flat object as the last line."""
    from webapp.sockets.sessions import MAX_PER_USER

    if not 1 <= arguments.clients <= MAX_PER_USER or arguments.seconds <= 0:  # all of them are one account's
        raise InvalidInputError(f"--clients must be 1 to {MAX_PER_USER} and --seconds positive")
    with tempfile.TemporaryDirectory(prefix="moveprint-bench-") as folder:
        frames = Path(folder) / "frames"
        write_frames(arguments.video, frames)
        measured = _measured(Path(folder), frames, settings, arguments.clients, arguments.seconds)
    for name, value in measured.items():
        print(f"{name:20} {value}")
    if arguments.json:
        print(json.dumps(measured))
    return 0


def write_frames(video: Path, folder: Path) -> None:
    """The first frames of a video as JPEG files of 640x480, its sides cut to fit."""
    import cv2

    capture = cv2.VideoCapture(str(video))
    folder.mkdir(parents=True)
    for number in range(FRAMES):
        read, image = capture.read()
        if not read:
            break
        height, width = image.shape[:2]
        margin = max(0, width - height * WIDTH_PX // HEIGHT_PX) // 2
        scaled = cv2.resize(image[:, margin : width - margin], (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / f"{number:04}.jpg"), scaled, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    capture.release()
    if not any(folder.iterdir()):
        raise InvalidInputError(
            f"no frames could be read from {video}; `make setup` fetches the sample, --video names another"
        )


def _measured(folder: Path, frames: Path, settings: Settings, clients: int, seconds: float) -> dict[str, float]:
    from webapp.bench.instance import Instance, children_of, end

    own = {
        "MOVEPRINT_MAX_FRAMES_PER_S": "1000",  # the limit is not what is measured
        "MOVEPRINT_ASYNC_MODE": settings.async_mode,
        "MOVEPRINT_WEIGHTS_DIR": str(settings.weights_dir.resolve()),
    }
    instance = Instance(folder / "instance", own)
    instance.folder.mkdir()
    instance.prepare("bench")
    started_s = time.monotonic()
    server = instance.start("serve")
    try:
        instance.wait_for_http(server)
        http_answer_s = time.monotonic() - started_s
        measured = _load(instance.url, frames, instance.log_in("bench"), clients, seconds)
        memory_mb = {process.command.split()[-1]: process.rss_mb for process in children_of(server.pid)}
    finally:
        end(server)
    first_answer_at_s = measured.pop("first_answer_at_s")
    return {
        **measured,
        "http_answer_s": round(http_answer_s, 2),
        "first_answer_s": round(first_answer_at_s - started_s, 2),
        "worker_rss_mb": round(memory_mb["worker"], 1),
        "web_rss_mb": round(memory_mb["web"], 1),
    }


def _load(url: str, frames: Path, cookie: str, clients: int, seconds: float) -> dict[str, float]:
    command = [sys.executable, "-m", "webapp.bench.live_load", url, str(frames)]
    command += ["--clients", str(clients), "--seconds", str(seconds)]
    # the cookie goes by standard input: arguments show in every list of processes
    done = subprocess.run(command, cwd=ROOT, input=cookie, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MoveprintError(f"the clients failed: {done.stderr.strip()[-500:]}")
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured
