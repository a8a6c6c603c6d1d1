"""A whole performance against all actions: which one is it, and is it any?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from webapp.core.records import PoseSequence
from webapp.core.tracks import prepared_track, typical_body_size
from webapp.recognition.matching import match_motion
from webapp.recognition.ports import Action, Candidate
from webapp.recognition.template_bank import TemplateBank, track_features


@dataclass(frozen=True)
class Classification:
    """ranking: every action, nearest first, reason None where accepted. score: lower is more surely known.

    action: the accepted one; nearest: the first of the ranking; take_id: its nearest template.
    """

    ranking: tuple[Candidate, ...]
    action: Action | None
    nearest: Action | None
    take_id: str | None
    score: float


def classify(bank: TemplateBank, sequence: PoseSequence) -> Classification:
    """Compare a trimmed performance with every template as a whole."""
    bank = bank if sequence.world_m is not None else bank.flat
    track = prepared_track(sequence, bank.dimensions)
    size = typical_body_size(track)
    if not bank.templates or not np.isfinite(size) or len(track) < 2:
        return Classification((), None, None, None, float("inf"))
    features, trust = track_features(track, size)
    best: dict[int, tuple[float, str, str | None]] = {}
    for template in bank.templates:
        motion = match_motion(template, features, trust)
        if motion.distance < best.get(template.action_index, (np.inf,))[0]:
            best[template.action_index] = (motion.distance, template.take_id, motion.flaw)
    order = sorted(best, key=lambda index: best[index][0] / bank.thresholds[index])
    ranking = tuple(_candidate(bank, index, *best[index]) for index in order)
    nearest = bank.actions[order[0]]
    accepted = nearest if ranking[0].reason is None else None
    return Classification(ranking, accepted, nearest, best[order[0]][1], ranking[0].distance / ranking[0].threshold)


def _candidate(bank: TemplateBank, index: int, distance: float, _take_id: str, flaw: str | None) -> Candidate:
    action, threshold = bank.actions[index], bank.thresholds[index]
    reason = flaw or (None if distance <= threshold else "distance above threshold")
    return Candidate(action.action_id, action.name, distance, threshold, reason, 1.0)
