"""`recognise`: learn from a folder of takes or an action pack, run a video through the live pipeline, print events."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from webapp.config import Settings
from webapp.core.errors import InvalidInputError
from webapp.core.sequences import check_take
from webapp.datasets.uploads import VIDEO_SUFFIXES
from webapp.pipeline.messages import ModelChoice, SessionEvent
from webapp.pipeline.models import Models, load_models
from webapp.pipeline.pipeline import SessionPipeline
from webapp.pipeline.video import Video, pose_sequence
from webapp.recognition import action_pack
from webapp.recognition.compatibility import incompatibility
from webapp.recognition.ports import Action, Take
from webapp.recognition.template_bank import prepare_bank

MAX_PACK_BYTES = 512 * 2**20


def recognise(settings: Settings, choice: ModelChoice, video: str, actions: str, *, as_json: bool) -> int:
    """Print every event of the video as it is found; InvalidInputError for what cannot be read or not be compared."""
    with Video(Path(video)) as opened:
        models = load_models(settings, choice)
        learned = learn(models, Path(actions))
        obstacle = incompatibility(learned, models.loaded.skeleton, models.loaded.pose_model)
        if obstacle is not None:
            raise InvalidInputError(obstacle)
        pipeline = SessionPipeline(models, "video", prepare_bank(learned))
        for frame in tqdm(
            opened.frames(), total=opened.frame_count, desc="Recognising", unit="frame", disable=_quiet()
        ):
            _, events = pipeline.step_image(frame.image_bgr, frame.number, frame.time_s)
            _print(events, as_json)
    _print(pipeline.flush(), as_json)
    return 0


def learn(models: Models, actions: Path) -> list[Action]:
    """The actions of FOLDER/ACTION/*.mp4 or of an action pack; InvalidInputError names a take not to be learned."""
    if actions.is_file():
        if actions.stat().st_size > MAX_PACK_BYTES:
            raise InvalidInputError(f"{actions} is larger than {MAX_PACK_BYTES} bytes, too large for an action pack")
        return action_pack.from_bytes(actions.read_bytes())
    if not actions.is_dir():
        raise InvalidInputError(f"there is no folder or action pack {actions}")
    files = sorted(file for file in actions.glob("*/*") if file.suffix.lower() in VIDEO_SUFFIXES)
    if not files:
        raise InvalidInputError(f"{actions} holds no takes; put videos at {actions}/ACTION/TAKE.mp4")
    takes: dict[str, list[Take]] = {}
    for file in tqdm(files, desc="Learning", unit="take", disable=_quiet()):
        takes.setdefault(file.parent.name, []).append(_take(models, file))
    return [Action(name, name, of_action) for name, of_action in takes.items()]


def _take(models: Models, file: Path) -> Take:
    sequence = pose_sequence(models, file)
    check = check_take(sequence)
    if not check.usable:
        raise InvalidInputError(f"{file} cannot be learned from: {check.reason}")
    return Take(str(file), sequence.between(check.trim_start_s, check.trim_end_s))


def _print(events: Sequence[SessionEvent], as_json: bool) -> None:
    for found in events:
        event = found.event
        if as_json:
            line = json.dumps(
                {
                    "action": event.action,
                    "person": found.person_id,
                    "start_s": round(event.start_s, 3),
                    "end_s": round(event.end_s, 3),
                    "announced_s": round(event.announced_s, 3),
                    "distance": round(event.distance, 4),
                    "confidence": round(event.confidence, 3),
                }
            )
        else:
            line = (
                f"{event.start_s:7.2f} s - {event.end_s:7.2f} s  {event.action}  (person {found.person_id}, "
                f"distance {event.distance:.2f} of {event.threshold:.2f}, confidence {event.confidence:.0%})"
            )
        tqdm.write(line, file=sys.stdout)
        sys.stdout.flush()


def _quiet() -> bool:
    return not sys.stderr.isatty()
