"""How far the takes of a bank are from each other, each compared as a performance with the templates of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.core.packed_dtw import dtw_distances, pack_sequences
from webapp.recognition.matching import match_motion
from webapp.recognition.template_bank import TemplateBank
from webapp.recognition.templates import Template

_LOOKED_AT = 2
"""Of each action, how many takes that lie nearest at a first glance are compared closely with a performance."""
_GLANCE_STEP = 2


@dataclass(frozen=True)
class TakeDistances:
    """N takes that templates were made of.

    action_indices: (N,) their actions; take_ids: theirs; templates: the first of each. glances: (N, N) plain warping
    distances, near only roughly what decides; distances: (N, N) of the performance of the column from the template of
    the row, in the recogniser's own unit; inf where a glance shows that others of the action are nearer, and of a take
    from itself.
    """

    action_indices: NDArray[np.intp]
    take_ids: tuple[str, ...]
    templates: tuple[Template, ...]
    glances: NDArray[np.float64]
    distances: NDArray[np.float64]


def take_distances(bank: TemplateBank) -> TakeDistances:
    """Compare all takes of the bank; some milliseconds for each and action."""
    by_take: dict[tuple[int, str], list[Template]] = {}
    for template in bank.templates:
        by_take.setdefault((template.action_index, template.take_id), []).append(template)
    firsts = tuple(templates[0] for templates in by_take.values())
    action_indices = np.array([template.action_index for template in firsts], np.intp)
    glances = _glances(firsts)
    distances = np.full((len(firsts), len(firsts)), np.inf)
    groups = list(by_take.values())
    for column, performance in enumerate(firsts):
        for row in _nearest_of_each_action(glances[:, column], action_indices, column):
            distances[row, column] = min(
                match_motion(template, performance.frames, performance.trust).distance for template in groups[row]
            )
    return TakeDistances(action_indices, tuple(first.take_id for first in firsts), firsts, glances, distances)


def _glances(templates: Sequence[Template]) -> NDArray[np.float64]:
    """(N, N): mean distance along the plain warping path of every second frame."""
    if not templates:
        return np.zeros((0, 0))
    flat = [np.ascontiguousarray(t.frames[::_GLANCE_STEP].reshape(-1, t.frames[0].size)) for t in templates]
    lengths = np.array([len(frames) for frames in flat])
    packed = pack_sequences(flat)
    rows = [dtw_distances(frames, packed) / (lengths + len(frames)) for frames in flat]
    return np.array(rows, np.float64).T


def _nearest_of_each_action(glances: NDArray[np.float64], action_indices: NDArray[np.intp], but: int) -> list[int]:
    """The rows worth a closer look: of each action the _LOOKED_AT nearest, without one of them."""
    rows: list[int] = []
    for action_index in np.unique(action_indices):
        of_action = np.flatnonzero((action_indices == action_index) & (np.arange(len(glances)) != but))
        rows += [int(row) for row in of_action[np.argsort(glances[of_action])][:_LOOKED_AT]]
    return rows
