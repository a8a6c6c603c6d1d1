"""Takes prepared for matching: immutable, shared by all recognisers of a session's owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from webapp.core.features import PARTS, part_features
from webapp.core.records import FloatArray, PoseSequence
from webapp.core.tracks import RATE_HZ, Track, prepared_track, typical_body_size
from webapp.recognition.ports import Action
from webapp.recognition.templates import Template, make_template
from webapp.recognition.thresholds import learn_thresholds

MIN_TEMPLATE_FRAMES = 4
MAX_SLOWNESS = 2.5
"""A match may last this many times as long as its template; the shortest is half as long (see core.dtw)."""


@dataclass(frozen=True)
class TemplateBank:
    """All templates of all actions, side by side for one pass of the stream kernel.

    dimensions: 3 where every take has world coordinates, else 2. frames, weights: the templates' rows one after
    another, template k at rows offsets[k] .. offsets[k + 1]. max_frames: longest match of each template in ticks.
    thresholds: one per action, in spreads of its templates (see matching.MotionMatch).
    """

    actions: tuple[Action, ...]
    templates: tuple[Template, ...]
    thresholds: tuple[float, ...]
    dimensions: int
    frames: FloatArray = field(repr=False)
    weights: FloatArray = field(repr=False)
    offsets: NDArray[np.int32] = field(repr=False)
    max_frames: NDArray[np.int32] = field(repr=False)

    @cached_property
    def flat(self) -> TemplateBank:
        """The same takes compared in 2D: for streams without world coordinates, which are rare, so made when asked."""
        return self if self.dimensions == 2 else _bank(self.actions, dimensions=2)

    @cached_property
    def spreads(self) -> FloatArray:
        """(N,) each template's spread, the unit of its distances."""
        return np.array([template.spread for template in self.templates], np.float32)

    @cached_property
    def template_thresholds(self) -> FloatArray:
        """(N,) each template's threshold: its action's."""
        return np.array([self.thresholds[template.action_index] for template in self.templates], np.float32)

    @property
    def longest_frames(self) -> int:
        """The longest match of any template in ticks; 0 for an empty bank."""
        return int(self.max_frames.max(initial=0))


def prepare_bank(actions: Sequence[Action], negatives: Sequence[PoseSequence] = ()) -> TemplateBank:
    """Prepare every take of every action; takes in which nothing can be compared (too short, nobody seen) are left out.

    The bank compares in 3D where every take has world coordinates; its `flat` twin serves streams that have none.
    """
    deep = all(take.sequence.world_m is not None for action in actions for take in action.takes)
    return _bank(tuple(actions), dimensions=3 if deep else 2)


def _bank(actions: tuple[Action, ...], dimensions: int) -> TemplateBank:
    templates = tuple(
        template
        for index, action in enumerate(actions)
        for take in action.takes
        if (template := _template(index, take.take_id, take.sequence, dimensions)) is not None
    )
    lengths = [len(template.frames) for template in templates]
    parts = len(PARTS)
    return TemplateBank(
        actions=actions,
        templates=templates,
        thresholds=learn_thresholds(len(actions), templates),
        dimensions=dimensions,
        frames=np.concatenate([np.zeros((0, 3, parts), np.float32), *(t.frames for t in templates)]),
        weights=np.concatenate([np.zeros((0, parts), np.float32), *(t.weights for t in templates)]),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32),
        max_frames=np.ceil(np.array(lengths) * MAX_SLOWNESS).astype(np.int32),
    )


def _template(action_index: int, take_id: str, sequence: PoseSequence, dimensions: int) -> Template | None:
    if sequence.duration_s * RATE_HZ < MIN_TEMPLATE_FRAMES:
        return None
    track = prepared_track(sequence, dimensions)
    size = typical_body_size(track)
    if not np.isfinite(size):
        return None
    frames, trust = track_features(track, size)
    return make_template(action_index, take_id, frames, trust)


def track_features(track: Track, size: float) -> tuple[FloatArray, FloatArray]:
    """part_features of a whole track."""
    return part_features(track.points, track.visible, track.skeleton, size)
