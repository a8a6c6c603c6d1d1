"""What can be asked of a worker: each question's answer as JSON, by recognition's pure functions and by its models."""

from __future__ import annotations

import math
import socket
from dataclasses import asdict

import numpy as np

from webapp.config import Settings
from webapp.core import sequence_file
from webapp.core.errors import InvalidInputError
from webapp.pipeline.inquiries import (
    ComparisonQuestion,
    FeedbackQuestion,
    HealthQuestion,
    ModelSpeedQuestion,
    Question,
    RepetitionsQuestion,
    StoredEvent,
)
from webapp.pipeline.stored_takes import unpacked, unpacked_negatives, unpacked_takes
from webapp.pipeline.wire import Wire
from webapp.pipeline.wire_inquiries import effect_to_wire
from webapp.recognition.classify import classify
from webapp.recognition.coaching import JointDifference, PhaseTempo
from webapp.recognition.comparison import Comparison, compare
from webapp.recognition.feedback import Feedback, PastEvent
from webapp.recognition.feedback_rules import feedback_effect
from webapp.recognition.health import ActionHealth, template_health
from webapp.recognition.ports import Action, Event
from webapp.recognition.repetitions import RepetitionSet, count_repetitions, repetition_of
from webapp.recognition.template_bank import prepare_bank
from webapp.vision.speed import model_speed

MAX_PAIRS = 200
"""So many pairs of actions that are hard to tell apart are told of, the nearest first."""


def analysed(question: Question, settings: Settings) -> Wire:
    """The answer; InvalidInputError or ModelUnavailableError where the question cannot be answered.

    settings: the worker's own, for what is asked about models.
    """
    match question:
        case FeedbackQuestion():
            return _feedback(question)
        case HealthQuestion():
            return _health(question)
        case ComparisonQuestion():
            return _comparison(question)
        case RepetitionsQuestion():
            return _repetitions(question)
        case ModelSpeedQuestion():
            return _model_speed(question, settings)


def _feedback(question: FeedbackQuestion) -> Wire:
    feedback = Feedback(
        performance=sequence_file.from_bytes(question.performance),
        wrong_action_id=question.wrong_action_id,
        right_action_id=question.right_action_id,
        right_name=question.right_name,
        tune=question.tune,
        add=question.add,
    )
    recent = [
        PastEvent(event.event_id, event.action_id, sequence_file.from_bytes(event.sequence))
        for event in question.recent
    ]
    effect = feedback_effect(unpacked(question.bank), unpacked_negatives(question.bank), feedback, recent)
    return effect_to_wire(effect)


def _health(question: HealthQuestion) -> Wire:
    actions = unpacked(question.bank)
    names = {action.action_id: action.name for action in actions}
    health = template_health(actions, unpacked_negatives(question.bank))
    return {
        "actions": [_action_health(action) for action in health.actions],
        "confusable": [
            asdict(pair)
            | {"action": names[pair.action_id], "other_action": names[pair.other_action_id]}
            | {"nearness": _finite(pair.nearness)}
            for pair in health.confusable[:MAX_PAIRS]
        ],
    }


def _action_health(action: ActionHealth) -> Wire:
    takes = [
        asdict(take)
        | {"distance": _finite(take.distance), "threshold": _finite(take.threshold), "warnings": list(take.warnings)}
        for take in action.takes
    ]
    return asdict(action) | {"sentences": list(action.sentences), "takes": takes}


def _comparison(question: ComparisonQuestion) -> Wire:
    performance = sequence_file.from_bytes(question.performance)
    takes = unpacked_takes(question.takes)
    take_id = question.take_id
    if take_id is None:
        take_id = classify(prepare_bank([Action("", "", takes, question.mirror)]), performance).take_id
    take = next((take for take in takes if take.take_id == take_id), None)
    if take is None:
        raise InvalidInputError("none of the action's takes can be compared with this; record a take that shows more")
    compared = compare(performance, take.sequence)
    if question.mirror:
        other_way = compare(performance, take.sequence, mirror=True)
        compared = min(compared, other_way, key=_mean_difference)
    return {"take_id": take.take_id, **_comparison_to_wire(compared)}


def _mean_difference(comparison: Comparison) -> float:
    return float(np.mean([joint.mean_deg for joint in comparison.joints])) if comparison.joints else math.inf


def _comparison_to_wire(comparison: Comparison) -> Wire:
    curves = comparison.curves
    return {
        "mirrored": comparison.mirrored,
        "dimensions": comparison.dimensions,
        "matches_well": comparison.matches_well,
        "sentences": list(comparison.sentences),
        "performance_s": _finite(comparison.performance_s),
        "take_s": _finite(comparison.take_s),
        "tempo_ratio": _finite(comparison.tempo_ratio),
        "phases": [_rounded(phase) | {"tempo_ratio": _finite(phase.tempo_ratio)} for phase in comparison.phases],
        "joints": [_rounded(joint) | {"phase": joint.phase} for joint in comparison.joints],
        "curves": {
            "joints": list(curves.joints),
            "performance_s": _finite_list(curves.performance_s),
            "take_s": _finite_list(curves.take_s),
            "performance_deg": [_finite_list(row) for row in curves.performance_deg],
            "take_deg": [_finite_list(row) for row in curves.take_deg],
        },
    }


def _repetitions(question: RepetitionsQuestion) -> Wire:
    events = {event.event_id: repetition_of(_event(event)) for event in question.events}
    sets = count_repetitions(events.values())
    ids = {id(repetition): event_id for event_id, repetition in events.items()}
    wanted = events.get(question.event_id)
    if wanted is None:
        raise InvalidInputError(f"the event {question.event_id!r:.40} is not among those that were sent")
    found = next((one for one in sets if any(repetition is wanted for repetition in one.repetitions)), None)
    if found is None:  # counted as the same repetition as another event
        found = RepetitionSet((wanted,))
    return {
        "action_id": found.action_id,
        "action": found.action,
        "count": found.count,
        "start_s": found.start_s,
        "end_s": found.end_s,
        "tempo_per_min": _finite(found.tempo_per_min),
        "tempo_drift": _finite(found.tempo_drift),
        "range_change_deg": {joint: _finite(deg) for joint, deg in found.range_change_deg.items()},
        "repetitions": [
            {
                "event_id": ids[id(repetition)],
                "start_s": repetition.start_s,
                "end_s": repetition.end_s,
                "duration_s": repetition.duration_s,
                "tempo_per_min": _finite(tempo),
                "distance": _finite(repetition.distance),
                "threshold": _finite(repetition.threshold),
                "range_deg": {joint: _finite(deg) for joint, deg in repetition.range_deg.items()},
            }
            for repetition, tempo in zip(found.repetitions, found.tempos_per_min, strict=True)
        ],
    }


def _model_speed(question: ModelSpeedQuestion, settings: Settings) -> Wire:
    runtimes_ms = model_speed(question.role, question.name, settings)
    return {"runtimes_ms": runtimes_ms, "machine": socket.gethostname(), "threads": settings.threads}


def _event(stored: StoredEvent) -> Event:
    return Event(
        action_id=stored.action_id,
        action=stored.action,
        take_id=stored.take_id,
        start_s=stored.start_s,
        end_s=stored.end_s,
        announced_s=stored.end_s,  # the history does not keep when it was announced
        distance=stored.distance,
        threshold=stored.threshold,
        confidence=0.0,
        sequence=sequence_file.from_bytes(stored.sequence),
    )


def _rounded(record: PhaseTempo | JointDifference) -> Wire:
    return {key: _finite(value) if isinstance(value, float) else value for key, value in asdict(record).items()}


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), 4)


def _finite_list(values: np.ndarray) -> list[float | None]:
    return [_finite(value) for value in values.tolist()]
