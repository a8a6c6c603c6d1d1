"""Takes prepared for matching: immutable, shared by all recognisers of a session's owner."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.features import PART_SETS, PARTS, PartSet, part_features
from webapp.core.records import FloatArray, PoseSequence
from webapp.core.sequences import mirrored
from webapp.core.skeleton import Kind, Skeleton
from webapp.core.stream_dtw import StreamTemplates, pack_templates
from webapp.core.tracks import RATE_HZ, Track, prepared_track, typical_body_size
from webapp.recognition.matching import TemplateArrays, template_arrays
from webapp.recognition.negatives import comparable_negatives
from webapp.recognition.pairs import pair_distances
from webapp.recognition.ports import Action
from webapp.recognition.templates import Template, make_template
from webapp.recognition.thresholds import counted_nearest, learn_threshold, nearest_mean, template_scales

MIN_TEMPLATE_FRAMES = 4
MAX_SLOWNESS = 2.5
"""A match may last this many times as long as its template; the shortest is half as long (see core.stream_dtw)."""
NEGATIVE = -1
"""The action index of a movement that is none of the actions."""


@dataclass(frozen=True)
class TemplateBank:
    """The templates of all actions, and the movements that are none of them, of one kind of skeleton.

    parts: what is compared of that kind; `facing` answers the twin that other performances are compared with.
    dimensions: 3 where every take has world coordinates, else 2. thresholds: one per action, of distances multiplied by
    the scale of their template. arrays: the templates, then the negatives. stream: the templates for the stream kernel.
    counted: how many of each action's nearest templates count together. pairs: (N, M) how far each template's own take
    and the negatives are from each template, as recognition.pairs, not scaled.
    """

    actions: tuple[Action, ...]
    templates: tuple[Template, ...]
    negatives: tuple[Template, ...]
    thresholds: tuple[float, ...]
    parts: PartSet
    dimensions: int
    counted: tuple[int, ...]
    scales: FloatArray = field(repr=False)
    arrays: TemplateArrays = field(repr=False)
    stream: StreamTemplates = field(repr=False)
    pairs: FloatArray = field(repr=False)
    negative_sequences: tuple[PoseSequence, ...] = field(repr=False)

    @cached_property
    def flat(self) -> TemplateBank:
        """The same takes compared in 2D: for streams without world coordinates, which are rare, so made when asked."""
        return self if self.dimensions == 2 else _bank(self.actions, self.negative_sequences, self.parts.kind, 2)

    @cached_property
    def _of_other_kind(self) -> TemplateBank:
        return _bank(self.actions, self.negative_sequences, self._other_kind)

    @property
    def _other_kind(self) -> Kind:
        return "hand" if self.parts.kind == "body" else "body"

    def facing(self, skeleton: Skeleton, *, deep: bool) -> TemplateBank:
        """What performances of this skeleton are compared with; deep: they have world coordinates."""
        bank = self if skeleton.kind == self.parts.kind else self._of_other_kind
        return bank if deep else bank.flat

    def with_flat(self) -> TemplateBank:
        """Itself, its twins made: else the first frame that needs one waits for that, seconds."""
        _ = self.flat
        if _of_kind(self.actions, self._other_kind):
            _ = self._of_other_kind.flat
        return self

    @cached_property
    def recorded_otherwise(self) -> tuple[Action, ...]:
        """The actions of which every take is of another kind of skeleton, so that nothing can be compared with them."""
        return tuple(action for action in self.actions if action.takes and not _of_kind([action], self.parts.kind))

    @cached_property
    def action_indices(self) -> NDArray[np.int64]:
        """(N,) each template's action."""
        return np.array([template.action_index for template in self.templates], np.int64)

    @cached_property
    def template_thresholds(self) -> FloatArray:
        """(N,) each template's threshold: its action's."""
        return np.array([self.thresholds[index] for index in self.action_indices], np.float32)

    @cached_property
    def penalties(self) -> FloatArray:
        """(N,) what missing the whole template would cost."""
        return np.array([template.spread for template in self.templates], np.float32)

    @cached_property
    def first_of_action(self) -> NDArray[np.int64]:
        """(A' + 1,) where the templates of each action that has some begin, and their number."""
        return np.append(np.unique(self.action_indices, return_index=True)[1], len(self.templates))

    @property
    def longest_frames(self) -> int:
        """The longest match of any template in ticks; 0 for an empty bank."""
        return int(self.stream.max_frames.max(initial=0))


def prepare_bank(actions: Sequence[Action], negatives: Sequence[PoseSequence] = ()) -> TemplateBank:
    """Prepare every take of every action; takes in which nothing can be compared (too short, nobody seen) are left out.

    negatives: movements that are none of the actions. The bank is of the kind of skeleton that most takes have, and
    compares in 3D where every sequence of that kind has world coordinates; its twins serve other streams.
    """
    for action in actions:
        if not (math.isfinite(action.threshold_factor) and action.threshold_factor > 0):
            raise InvalidInputError(
                f"threshold_factor of {action.name!r} must be a number above 0, got {action.threshold_factor}"
            )
    hands = len(_of_kind(actions, "hand"))
    kind: Kind = "hand" if hands > len(_of_kind(actions, "body")) else "body"
    return _bank(tuple(actions), tuple(negatives), kind)


def _of_kind(actions: Sequence[Action], kind: Kind) -> list[PoseSequence]:
    takes = (take.sequence for action in actions for take in action.takes)
    return [sequence for sequence in takes if sequence.skeleton.kind == kind]


def _bank(
    actions: tuple[Action, ...],
    negative_sequences: tuple[PoseSequence, ...],
    kind: Kind,
    dimensions: int | None = None,
) -> TemplateBank:
    others = [sequence for sequence in negative_sequences if sequence.skeleton.kind == kind]
    deep = all(sequence.world_m is not None for sequence in (*_of_kind(actions, kind), *others))
    dimensions = dimensions or (3 if deep else 2)
    templates = tuple(
        template for index, action in enumerate(actions) for template in _of_action(index, action, kind, dimensions)
    )
    seen = (_template(NEGATIVE, f"negative {number}", each, dimensions) for number, each in enumerate(others))
    negatives = comparable_negatives([template for template in seen if template is not None], templates)
    arrays = template_arrays((*templates, *negatives))
    counts = np.bincount([template.action_index for template in templates], minlength=len(actions))
    counted = tuple(counted_nearest(int(count)) for count in counts)
    ours = np.array([template.action_index for template in templates], np.int64)
    theirs = np.array([performance.action_index for performance in (*templates, *negatives)], np.int64)
    pairs = pair_distances(arrays, templates, (*templates, *negatives), np.array(counted, np.int64)[ours])
    scales = template_scales(pairs, ours, theirs)
    return TemplateBank(
        actions=actions,
        templates=templates,
        negatives=negatives,
        thresholds=tuple(_thresholds(actions, templates, scales, pairs * scales[:, None], theirs)),
        parts=PART_SETS[kind],
        dimensions=dimensions,
        counted=counted,
        scales=scales,
        arrays=arrays,
        stream=_stream_templates(templates, dimensions),
        pairs=pairs,
        negative_sequences=negative_sequences,
    )


def _thresholds(
    actions: tuple[Action, ...],
    templates: tuple[Template, ...],
    scales: FloatArray,
    distances: FloatArray,
    theirs: NDArray[np.int64],
) -> Iterator[float]:
    for index, action in enumerate(actions):
        rows = theirs[: len(templates)] == index
        own = [template for template in templates if template.action_index == index]
        if not own:
            yield 0.0
            continue
        to_own = nearest_mean(distances[rows][:, theirs == index], counted_nearest(len(own) - 1))
        to_others = nearest_mean(distances[rows][:, theirs != index], counted_nearest(len(own)))
        known = to_own[np.isfinite(to_own)], to_others[np.isfinite(to_others)]
        yield learn_threshold(own, scales[rows], *known) * action.threshold_factor


def _of_action(index: int, action: Action, kind: Kind, dimensions: int) -> Iterator[Template]:
    for take in action.takes:
        if take.sequence.skeleton.kind != kind:
            continue
        for flipped in (False, True) if action.mirror else (False,):
            sequence = mirrored(take.sequence) if flipped else take.sequence
            template = _template(index, take.take_id, sequence, dimensions, flipped=flipped)
            if template is not None:
                yield template


def _template(
    action_index: int, take_id: str, sequence: PoseSequence, dimensions: int, *, flipped: bool = False
) -> Template | None:
    if sequence.duration_s * RATE_HZ < MIN_TEMPLATE_FRAMES:
        return None
    track = prepared_track(sequence, dimensions)
    size = typical_body_size(track)
    if not np.isfinite(size):
        return None
    parts = PART_SETS[sequence.skeleton.kind]
    return make_template(action_index, take_id, *track_features(track, size), mirrored=flipped, parts=parts)


def track_features(track: Track, size: float) -> tuple[FloatArray, FloatArray]:
    """part_features of a whole track."""
    return part_features(track.points, track.visible, track.skeleton, size)


def stream_row(features: FloatArray, trust: FloatArray, dimensions: int) -> tuple[FloatArray, FloatArray]:
    """One frame's features (3, P) and trust (P,) as the stream kernel reads them: (D,) each."""
    return features[:dimensions].ravel(), np.tile(trust, dimensions)


def _stream_templates(templates: Sequence[Template], dimensions: int) -> StreamTemplates:
    lengths = np.array([len(template.frames) for template in templates])
    weights = [np.tile(template.part_weights, dimensions) / dimensions for template in templates]
    return pack_templates(
        [template.filled[:, :dimensions].reshape(len(template.frames), -1) for template in templates],
        np.array(weights, np.float32).reshape(len(templates), dimensions * len(PARTS)),
        np.ceil(lengths * MAX_SLOWNESS).astype(np.int32),
    )
