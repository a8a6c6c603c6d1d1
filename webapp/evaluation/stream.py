"""The protocol of continuous recordings: watched frame by frame, as live."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from webapp.core.errors import InvalidInputError
from webapp.core.metrics import precision_recall_f1, temporal_iou
from webapp.evaluation.closed_set import of_others, of_subject
from webapp.evaluation.datasets import Dataset, Segment
from webapp.evaluation.methods import Detection, Method, Recording
from webapp.evaluation.results import Figures, Watched, WatchedClip

LEAST_IOU = 0.3
"""How much of a labelled segment's and a detection's time must be shared for the detection to be right."""


def recordings(dataset: Dataset, templates: str) -> list[Recording]:
    """Every clip, to be recognised by all segments of other subjects or by the subject's other recordings."""
    if not dataset.has_gaps:
        raise InvalidInputError(
            f"stream needs recordings with unlabelled frames between the segments; {dataset.name} has none: "
            "choose loso or open-set"
        )
    asked = []
    for clip, subject in sorted({(segment.clip, segment.subject) for segment in dataset.segments}):
        own = tuple(place for place in of_subject(dataset, subject) if dataset.segments[place].clip != clip)
        positions = of_others(dataset, subject) if templates == "others" else own
        if not positions:
            remedy = "add a recording of another person" if templates == "others" else "choose --templates others"
            raise InvalidInputError(f"stream has no templates for {clip} of {subject} in {dataset.name}: {remedy}")
        asked.append(Recording(clip, positions))
    return asked


def measure(dataset: Dataset, asked: Sequence[Recording], method: Method) -> tuple[Figures, Watched]:
    """precision, recall, f1, false_events_per_minute, median_delay_s (None without a right event), over all clips."""
    clips = tuple(
        _judged(dataset, recording.clip, detections)
        for recording, detections in zip(asked, method.detect(asked), strict=True)
    )
    delays_s = [
        detection.announced_s - segment.end_frame / clip.fps
        for clip in clips
        for detection, segment in zip(clip.detections, clip.claimed, strict=True)
        if segment is not None
    ]
    found = sum(len(clip.detections) for clip in clips)
    labelled = sum(len(clip.segments) for clip in clips)
    minutes = sum(clip.duration_s for clip in clips) / 60
    precision, recall, f1 = precision_recall_f1(len(delays_s), found, labelled)
    figures: Figures = {
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "false_events_per_minute": (found - len(delays_s)) / minutes,
        "median_delay_s": float(np.median(delays_s)) if delays_s else None,
        "segments": labelled,
        "events": found,
        "minutes": minutes,
    }
    return figures, Watched(clips)


def _judged(dataset: Dataset, name: str, detections: Sequence[Detection]) -> WatchedClip:
    clip = dataset.clips[name]
    fps = 1 / float(clip.times_s[1])
    segments = tuple(segment for segment in dataset.segments if segment.clip == name)
    return WatchedClip(name, fps, len(clip) / fps, segments, tuple(detections), claims(detections, segments, fps))


def claims(detections: Sequence[Detection], segments: Sequence[Segment], fps: float) -> tuple[Segment | None, ...]:
    """For each detection, first announced first, the segment it is right about: same action, most overlap, unclaimed.

    None where there is none with a temporal IoU of at least LEAST_IOU.
    """
    free = list(segments)
    claimed: list[Segment | None] = [None] * len(detections)
    for place in sorted(range(len(detections)), key=lambda place: detections[place].announced_s):
        overlaps = [_overlap(detections[place], segment, fps) for segment in free]
        if overlaps and max(overlaps) >= LEAST_IOU:
            claimed[place] = free.pop(overlaps.index(max(overlaps)))
    return tuple(claimed)


def _overlap(detection: Detection, segment: Segment, fps: float) -> float:
    if detection.action != segment.action:
        return 0.0
    return temporal_iou((detection.start_s, detection.end_s), (segment.start_frame / fps, segment.end_frame / fps))
