"""Movements that are none of the actions: a short one as it is, of a long one the stretches most like the actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from webapp.core.dtw import dtw_subsequence_distance
from webapp.core.records import FloatArray
from webapp.recognition.templates import Template, make_template

_WHOLE_TIMES = 1.5
"""A negative up to so many times as long as the longest typical take is compared as a whole, too."""
MOST_STRETCHES = 64
"""All are compared closely with every match of a stream: as many as templates are."""
_GLANCE_STEP = 2


def comparable_negatives(negatives: Sequence[Template], templates: Sequence[Template]) -> tuple[Template, ...]:
    """What of the negatives is held against performances of these templates' actions.

    Half a minute of everyday movement is near nothing as a whole; a second of it may be.
    """
    typical = _typical_takes(templates)
    longest = max((len(take.frames) for take in typical), default=0)
    whole = [negative for negative in negatives if not typical or len(negative.frames) <= _WHOLE_TIMES * longest]
    stretches = (found for negative in negatives for found in _nearest_stretches(negative, typical))
    different = {
        (stretch.take_id, start, len(stretch.frames)): stretch for _, start, stretch in sorted(stretches, key=_cost)
    }
    return (*whole, *list(different.values())[:MOST_STRETCHES])


def _cost(found: tuple[float, int, Template]) -> float:
    return found[0]


def _typical_takes(templates: Sequence[Template]) -> list[Template]:
    """Of each action the take of middle length, and of a mirrored one its twin."""
    groups: dict[tuple[int, bool], list[Template]] = {}
    for template in templates:
        groups.setdefault((template.action_index, template.mirrored), []).append(template)
    return [sorted(own, key=lambda take: len(take.frames))[len(own) // 2] for own in groups.values()]


def _nearest_stretches(negative: Template, takes: Sequence[Template]) -> Iterator[tuple[float, int, Template]]:
    """Of a long negative the stretch nearest to each take: mean cost at a glance, start, and the stretch."""
    glance = _glance(negative)
    for take in takes:
        if len(negative.frames) <= _WHOLE_TIMES * len(take.frames):
            continue
        query = _glance(take)
        cost, first, last = dtw_subsequence_distance(query, glance)
        end = (last + 1) * _GLANCE_STEP
        # a match of a stream is at least half as long as its template
        start = max(0, min(first * _GLANCE_STEP, end - len(take.frames) // 2))
        frames, trust = negative.frames[start:end], negative.trust[start:end]
        stretch = make_template(negative.action_index, negative.take_id, frames, trust, parts=negative.parts)
        if stretch is not None:
            yield cost / len(query), start, stretch


def _glance(template: Template) -> FloatArray:
    return np.ascontiguousarray(template.frames[::_GLANCE_STEP].reshape(-1, template.frames[0].size))
