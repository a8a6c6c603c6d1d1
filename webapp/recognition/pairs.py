"""How far every take is from every template: what scales, thresholds and template health are learned from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from webapp.core.packed_dtw import dtw_distances, pack_sequences
from webapp.core.records import FloatArray
from webapp.recognition.matching import TemplateArrays, match_many
from webapp.recognition.templates import Template

_GLANCE_STEP = 2
_LOOKED_AT_TIMES = 2
"""Of each action's templates, so many times those that count are compared closely, the nearest at a glance."""
_LOOKED_AT_OTHERS = 8
"""Of other actions' takes, how many that are nearest to a template at a glance are compared with it closely."""


def pair_distances(
    arrays: TemplateArrays,
    templates: Sequence[Template],
    performances: Sequence[Template],
    counted: NDArray[np.int64],
) -> FloatArray:
    """(N, M) distances of M performances, the first N of them the templates' own takes, from N templates.

    counted: (N,) how many of the nearest templates of its action count together with each. inf where a glance (plain
    time warping) shows that others are nearer, and between a template and its own take, mirrored or not.
    """
    distances = np.full((len(templates), len(performances)), np.inf, np.float32)
    if not templates:
        return distances
    glances = _glances(templates, performances)
    for row, template in enumerate(templates):
        glances[row, [p.take_id == template.take_id and p.action_index >= 0 for p in performances]] = np.inf
    wanted = _nearest_templates(glances, templates, counted) | _nearest_others(glances, templates, performances)
    for column, performance in enumerate(performances):
        which = np.flatnonzero(wanted[:, column])
        distances[which, column] = match_many(arrays, performance.frames, performance.trust, which).distances
    return distances


def _glances(templates: Sequence[Template], performances: Sequence[Template]) -> NDArray[np.float64]:
    """(N, M): mean distance along the plain warping path of every second frame."""
    flat = [np.ascontiguousarray(p.frames[::_GLANCE_STEP].reshape(-1, p.frames[0].size)) for p in performances]
    packed = pack_sequences(flat[: len(templates)])
    lengths = np.array([len(frames) for frames in flat[: len(templates)]])
    return np.array([dtw_distances(frames, packed) / (lengths + len(frames)) for frames in flat], np.float64).T


def _nearest_templates(
    glances: NDArray[np.float64], templates: Sequence[Template], counted: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """(N, M) which templates are among the nearest of their action to a performance."""
    wanted = np.zeros(glances.shape, bool)
    action_indices = np.array([template.action_index for template in templates])
    for action_index in np.unique(action_indices):
        rows = np.flatnonzero(action_indices == action_index)
        count = min(len(rows), _LOOKED_AT_TIMES * int(counted[rows[0]]))
        nearest = np.argpartition(glances[rows], count - 1, axis=0)[:count]
        np.put_along_axis(wanted, rows[nearest], values=True, axis=0)
    return wanted & np.isfinite(glances)


def _nearest_others(
    glances: NDArray[np.float64], templates: Sequence[Template], performances: Sequence[Template]
) -> NDArray[np.bool_]:
    """(N, M) which performances of other actions are among the nearest to a template."""
    wanted = np.zeros(glances.shape, bool)
    ours = np.array([template.action_index for template in templates])[:, None]
    theirs = np.array([performance.action_index for performance in performances])[None]
    others = np.where(ours != theirs, glances, np.inf)
    count = min(_LOOKED_AT_OTHERS, others.shape[1])
    np.put_along_axis(wanted, np.argpartition(others, count - 1, axis=1)[:, :count], values=True, axis=1)
    return wanted & np.isfinite(others)
