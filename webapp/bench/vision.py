"""Speed and accuracy of detectors and pose models, and of the whole step from JPEG to answer: one person and four."""

from __future__ import annotations

import argparse
from pathlib import Path

from webapp.bench.live import SAMPLE
from webapp.bench.peer import Peer
from webapp.bench.printing import print_measured
from webapp.bench.vision_models import model_speeds, pose_accuracies, precisions
from webapp.bench.vision_own import own_model_speeds
from webapp.bench.vision_people import people_identities, people_speeds
from webapp.bench.vision_step import one_person_jpegs, peer_difference, step_speeds
from webapp.config import Settings
from webapp.core.errors import InvalidInputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--boxes", type=Path, help="folder with images/ and labels/ (YOLO format): measure person AP50")
    parser.add_argument("--coco", type=Path, help="COCO person keypoints (JSON) with images/ beside it: measure poses")
    parser.add_argument("--crowd", type=Path, help="folder with clips and people.json: count identities kept and lost")
    parser.add_argument(
        "--resnet50", action="store_true", help="measure a ResNet50 of one's own in every exported form"
    )
    parser.add_argument("--peer-python", type=Path, help="Python with mediapipe 0.10.21: measure that beside ours")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured in turn, default 5")
    parser.add_argument("--video", type=Path, default=SAMPLE, help="the video the frames come from")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Measure; prints a table, and with --json one flat object as the last line."""
    rounds, peer_python = arguments.rounds, arguments.peer_python
    if rounds < 1:
        raise InvalidInputError(f"--rounds must be at least 1, got {rounds}")
    jpegs = one_person_jpegs(arguments.video)
    if peer_python is not None:
        with Peer(peer_python, jpegs[:1]) as peer:
            peer.round()  # one that does not run is told before anything is measured
    measured: dict[str, float | str] = {**model_speeds(settings, jpegs, rounds, peer_python)}
    measured |= step_speeds(settings, arguments.video, jpegs, rounds, peer_python)
    measured |= people_speeds(settings, rounds)
    if peer_python is not None:
        measured |= peer_difference(settings, jpegs, peer_python)
    if arguments.boxes is not None:
        measured |= precisions(settings, arguments.boxes)
    if arguments.coco is not None:
        measured |= pose_accuracies(settings, arguments.coco)
    if arguments.crowd is not None:
        measured |= people_identities(settings, arguments.crowd)
    if arguments.resnet50:
        measured |= own_model_speeds(settings.threads, rounds, settings.weights_dir)
    print_measured(measured, arguments.json)
    return 0
