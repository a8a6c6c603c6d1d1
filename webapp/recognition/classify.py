"""A whole performance against all actions: which one is it, and is it any?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from webapp.core.records import PoseSequence
from webapp.core.tracks import prepared_track, typical_body_size
from webapp.recognition.ports import Action, Candidate
from webapp.recognition.scoring import score
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
    bank = bank.facing(sequence.skeleton, deep=sequence.world_m is not None)
    track = prepared_track(sequence, bank.dimensions)
    size = typical_body_size(track)
    if not bank.templates or not np.isfinite(size) or len(track) < 2:
        return Classification((), None, None, None, float("inf"))
    scores = score(bank, *track_features(track, size))
    order = [int(index) for index in np.argsort(scores.distances, kind="stable") if scores.nearest[index] >= 0]
    ranking = tuple(
        Candidate(
            bank.actions[index].action_id,
            bank.actions[index].name,
            float(scores.distances[index]),
            bank.thresholds[index],
            scores.reason(index) if index == order[0] else scores.reason(index) or "margin too small",
            1.0,
        )
        for index in order
    )
    nearest = bank.actions[order[0]]
    return Classification(
        ranking=ranking,
        action=nearest if ranking[0].reason is None else None,
        nearest=nearest,
        take_id=bank.templates[scores.nearest[order[0]]].take_id,
        score=ranking[0].distance,
    )
