"""Speed of the live path: the real server, real frames, clients over the real socket."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from webapp.bench.printing import print_measured
from webapp.config import ROOT, Settings
from webapp.core.errors import InvalidInputError, MoveprintError

SAMPLE = ROOT / "static" / "samples" / "demo.mp4"
WIDTH_PX, HEIGHT_PX = 640, 480
FRAMES = 90
JPEG_QUALITY = 80
MAX_CLIENTS, MAX_ACTIONS = 400, 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clients", type=int, default=1, help="browsers at 30 fps each; 1 measures one at full speed")
    parser.add_argument(
        "--on-device",
        action="store_true",
        help="browsers that find keypoints themselves: 20 poses a second each, in 5 packets; also with 1 client",
    )
    parser.add_argument("--actions", type=int, default=0, help="how many actions each person has, default 0")
    parser.add_argument("--seconds", type=float, default=15, help="how long frames are sent, default 15")
    parser.add_argument("--video", type=Path, default=SAMPLE, help="the video the frames come from")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Measure; prints a table, and with --json one flat object as the last line."""
    if not 1 <= arguments.clients <= MAX_CLIENTS or not 0 <= arguments.actions <= MAX_ACTIONS or arguments.seconds <= 0:
        raise InvalidInputError(
            f"--clients must be 1 to {MAX_CLIENTS}, --actions 0 to {MAX_ACTIONS} and --seconds positive"
        )
    with tempfile.TemporaryDirectory(prefix="moveprint-bench-") as folder:
        measured = _measured(Path(folder), settings, arguments)
    print_measured(measured, arguments.json)
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


def _measured(folder: Path, settings: Settings, arguments: argparse.Namespace) -> dict[str, float]:
    from webapp.bench.instance import Instance, children_of, end
    from webapp.bench.live_poses import find_poses, keep_actions
    from webapp.core import sequence_file
    from webapp.sockets.sessions import MAX_PER_USER

    poses = find_poses(arguments.video, settings) if arguments.on_device or arguments.actions else None
    source = folder / "source"
    if poses is not None and arguments.on_device:
        source.write_bytes(sequence_file.to_bytes(poses))
    else:
        write_frames(arguments.video, source)
    usernames = [f"bench{number}" for number in range(-(-arguments.clients // MAX_PER_USER))]
    own = {
        "MOVEPRINT_MAX_FRAMES_PER_S": "1000",  # the limit is not what is measured
        "MOVEPRINT_ASYNC_MODE": settings.async_mode,
        "MOVEPRINT_WEIGHTS_DIR": str(settings.weights_dir.resolve()),
    }
    instance = Instance(folder / "instance", own)
    instance.folder.mkdir()
    instance.prepare(*usernames)
    started_s = time.monotonic()
    server = instance.start("serve")
    try:
        instance.wait_for_http(server)
        http_answer_s = time.monotonic() - started_s
        cookies = [instance.log_in(username) for username in usernames]
        if poses is not None:
            for cookie in cookies:
                keep_actions(instance.url, cookie, poses, arguments.actions)
        before = {process.pid: process.cpu_s for process in children_of(server.pid)}
        load_started_s = time.monotonic()
        measured = _load(instance.url, source, cookies, arguments.clients, arguments.seconds)
        loaded_s = time.monotonic() - load_started_s
        processes = {process.command.split()[-1]: process for process in children_of(server.pid)}
    finally:
        end(server)
    first_answer_at_s = measured.pop("first_answer_at_s")
    return {
        **measured,
        "http_answer_s": round(http_answer_s, 2),
        "first_answer_s": round(first_answer_at_s - started_s, 2),
        "worker_rss_mb": round(processes["worker"].rss_mb, 1),
        "web_rss_mb": round(processes["web"].rss_mb, 1),
        **{
            f"{name}_cpu_share": round((process.cpu_s - before.get(process.pid, 0.0)) / loaded_s, 2)
            for name, process in processes.items()
        },
    }


def _load(url: str, source: Path, cookies: Sequence[str], clients: int, seconds: float) -> dict[str, float]:
    command = [sys.executable, "-m", "webapp.bench.live_load", url, str(source)]
    command += ["--clients", str(clients), "--seconds", str(seconds)]
    # the cookies go by standard input: arguments show in every list of processes
    done = subprocess.run(command, cwd=ROOT, input="\n".join(cookies), capture_output=True, text=True, check=False)
    if done.returncode:
        raise MoveprintError(f"the clients failed: {done.stderr.strip()[-500:]}")
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured
