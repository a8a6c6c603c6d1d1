"""The whole step of one person from JPEG to answer, beside MediaPipe's own solution on the same pictures."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from webapp.bench.live import write_frames
from webapp.bench.peer import Peer, keypoint_difference_torso
from webapp.bench.rounds import ms_since, rounded, shown
from webapp.config import Settings

if TYPE_CHECKING:
    from webapp.pipeline.models import Models
    from webapp.recognition.template_bank import TemplateBank

ONE_PERSON_FRAMES = 60
"""So many frames of the sample show one person alone."""
TEMPLATES = 10


def one_person_jpegs(video: Path) -> list[bytes]:
    """The first frames of the video, 640x480."""
    with tempfile.TemporaryDirectory(prefix="moveprint-bench-") as folder:
        frames = Path(folder) / "frames"
        write_frames(video, frames)
        return [file.read_bytes() for file in sorted(frames.iterdir())[:ONE_PERSON_FRAMES]]


def bank_of(models: Models, video: Path, take_s: float) -> TemplateBank:
    """TEMPLATES pieces of the video as actions of one take each."""
    from webapp.pipeline.video import pose_sequence
    from webapp.recognition.ports import Action, Take
    from webapp.recognition.template_bank import prepare_bank

    seen = pose_sequence(models, video)
    starts_s = np.linspace(0.0, max(0.0, seen.duration_s - take_s), TEMPLATES)
    takes = [Take(f"take {number}", seen.between(start_s, start_s + take_s)) for number, start_s in enumerate(starts_s)]
    return prepare_bank([Action(take.take_id, take.take_id, [take]) for take in takes])


def step_speeds(
    settings: Settings, video: Path, jpegs: Sequence[bytes], rounds: int, peer_python: Path | None = None
) -> dict[str, float]:
    """person_step_ms and its stages: one person at 30 fps, followed and recognised against TEMPLATES takes.

    detect_ms is the median of the frames in which the detector looked; all of them count in person_step_ms_p95.
    With a peer, mediapipe_0_10_21_call_ms: its call alone, without decoding, on the same pictures in the same rounds;
    times_as_fast_as_mediapipe is that over person_step_ms.
    """
    from webapp.pipeline.messages import FrameMessage
    from webapp.pipeline.models import load_models
    from webapp.pipeline.pipeline import SessionPipeline

    models = load_models(settings)
    bank = bank_of(models, video, take_s=2.0)
    totals_ms: list[float] = []
    peer_ms: list[float] = []
    stages_ms: dict[str, list[float]] = {}
    with contextlib.ExitStack() as stack:
        peer = stack.enter_context(Peer(peer_python, jpegs)) if peer_python is not None else None
        for each in shown(range(rounds + 1), "Whole step"):
            pipeline = SessionPipeline(models, "bench", bank)
            theirs_ms = peer.round().times_ms if peer is not None else []
            for number, jpeg in enumerate(jpegs):
                started = time.perf_counter()
                answer, _ = pipeline.step(FrameMessage("bench", number, number / 30, jpeg))
                spent_ms = ms_since(started)
                if each:  # the first round compiles and warms up
                    totals_ms.append(spent_ms)
                    for stage, value in answer.stages_ms.items():
                        stages_ms.setdefault(stage, []).append(value)
            if each:
                peer_ms += theirs_ms
    stages_ms.pop("total")
    spent = {stage: [value for value in values if value > 0] for stage, values in stages_ms.items()}
    figures = {
        "person_step_ms": rounded(totals_ms),
        "person_step_ms_p95": round(float(np.percentile(totals_ms, 95)), 3),
        **{f"{stage}_ms": rounded(values) for stage, values in spent.items() if values},
    }
    if peer_ms:
        figures["mediapipe_0_10_21_call_ms"] = rounded(peer_ms)
        figures["times_as_fast_as_mediapipe"] = round(rounded(peer_ms) / figures["person_step_ms"], 2)
    return figures


def peer_difference(settings: Settings, jpegs: Sequence[bytes], peer_python: Path) -> dict[str, float]:
    """mediapipe_0_10_21_difference_torso: how far blazepose_full's keypoints lie from the peer's, both following."""
    from webapp.vision.images import decode_jpeg
    from webapp.vision.registry import load_detector, load_pose_model
    from webapp.vision.tracker import PersonTracker

    models = replace(settings, detector="blazepose", pose_model="blazepose_full")
    tracker = PersonTracker(load_detector(models), load_pose_model(models), max_people=1)
    ours = []
    for number, jpeg in enumerate(jpegs):
        people = tracker.step(decode_jpeg(jpeg, settings.max_pixels), number / 30).people
        ours.append(people[0].pose if people else None)
    with Peer(peer_python, jpegs) as peer:
        difference = keypoint_difference_torso(ours, peer.round().keypoints_px)
    return {"mediapipe_0_10_21_difference_torso": round(difference, 4)}
