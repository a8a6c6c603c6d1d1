"""A performance against the best take, joint by joint: where it differs, when and by how many degrees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from webapp.core.angles import AngleCurves, angle_curves, range_of_motion
from webapp.core.errors import InvalidInputError
from webapp.core.features import PART_SETS, part_features
from webapp.core.part_dtw import part_alignment
from webapp.core.records import FloatArray, PoseSequence
from webapp.core.sequences import mirrored
from webapp.core.tracks import prepared_track, typical_body_size
from webapp.recognition.coaching import JointDifference, PhaseTempo, noise_deg, sentences_of
from webapp.recognition.course import Course, course_of
from webapp.recognition.templates import make_template

# A difference counts where it lasts: the mean of so many neighbouring steps of the path (a step is about 50 ms).
_LASTING_STEPS = 5
TIMING_TICKS = 2
"""The path pairs moments to about 100 ms: a difference that a shift so small explains is none."""
_MIN_SHARED_SHARE = 0.5
"""A joint is compared if both show it in this share of the path."""


@dataclass(frozen=True)
class AlignedAngles:
    """Both angle curves along the warping path, for plotting.

    performance_s, take_s: (L,) the times matched with each other, each on its sequence's clock; performance_deg,
    take_deg: (L, J) in the order of `joints`, NaN where hidden. A mirrored take's angles are exchanged already.
    """

    joints: tuple[str, ...]
    performance_s: NDArray[np.float64]
    take_s: NDArray[np.float64]
    performance_deg: FloatArray
    take_deg: FloatArray


@dataclass(frozen=True)
class Comparison:
    """What the performance does differently from the take.

    joints: the joints that both show, notable ones first, then by their largest difference. sentences: at most five,
    most important first; one saying that it matches well where it does. performance_s, take_s: how long each is.
    tempo_ratio: how fast it is beside the take, above 1 faster, from where the take begins to move until it is back.
    phases: the movement's phases in order, with their tempo. dimensions: 3 where both have world coordinates, else 2.
    mirrored: left and right of the take were exchanged.
    """

    joints: tuple[JointDifference, ...]
    sentences: tuple[str, ...]
    performance_s: float
    take_s: float
    tempo_ratio: float
    phases: tuple[PhaseTempo, ...]
    curves: AlignedAngles
    dimensions: int
    mirrored: bool

    @property
    def matches_well(self) -> bool:
        """No joint differs notably; the tempo may."""
        return not any(joint.notable for joint in self.joints)


def compare(performance: PoseSequence, best_take: PoseSequence, *, mirror: bool = False) -> Comparison:
    """Compare two trimmed performances of one action; mirror exchanges left and right of the take.

    Sides in the result are the performer's own. InvalidInputError where one shows nothing that can be compared, or one
    a hand and the other a body.
    """
    kinds = performance.skeleton.kind, best_take.skeleton.kind
    if kinds[0] != kinds[1]:
        raise InvalidInputError(f"the performance shows a {kinds[0]}, the take a {kinds[1]}: choose a take of its kind")
    dimensions = 2 if performance.world_m is None or best_take.world_m is None else 3
    take = mirrored(best_take) if mirror else best_take
    path = _warping_path(performance, take, dimensions)
    ours, theirs = angle_curves(performance, dimensions), angle_curves(take, dimensions)
    curves = AlignedAngles(
        theirs.joints,
        ours.times_s[path[:, 0]],
        theirs.times_s[path[:, 1]],
        ours.degrees[path[:, 0]],
        theirs.degrees[path[:, 1]],
    )
    course = course_of(theirs)
    joints = _joint_differences(curves, ours, theirs, course)
    phases = _phases(curves, course)
    tempo_ratio = sum(phase.take_s for phase in phases) / max(sum(phase.performance_s for phase in phases), 1e-3)
    return Comparison(
        joints=joints,
        sentences=sentences_of(joints, phases, tempo_ratio, dimensions),
        performance_s=float(np.ptp(ours.times_s)),
        take_s=float(np.ptp(theirs.times_s)),
        tempo_ratio=tempo_ratio,
        phases=phases,
        curves=curves,
        dimensions=dimensions,
        mirrored=mirror,
    )


def _warping_path(performance: PoseSequence, take: PoseSequence, dimensions: int) -> NDArray[np.int32]:
    """(L, 2) pairs of ticks (performance, take) by the features that recognise."""
    features = []
    for name, sequence in (("performance", performance), ("take", take)):
        track = prepared_track(sequence, dimensions)
        size = typical_body_size(track)
        if len(track) < 2 or not np.isfinite(size):
            anchor = "palm" if sequence.skeleton.kind == "hand" else "shoulders"
            raise InvalidInputError(
                f"the {name} cannot be compared: it has {len(sequence)} frames and the {anchor} must be seen in some"
            )
        features.append(part_features(track.points, track.visible, track.skeleton, size))
    template = make_template(0, "", *features[1], parts=PART_SETS[take.skeleton.kind])
    if template is None:
        raise InvalidInputError("the take cannot be compared: nothing moves in it")
    frames, trust = features[1]
    path, _ = part_alignment(frames, trust * template.part_weights, *features[0])
    return path[:, ::-1]


def _joint_differences(
    curves: AlignedAngles, ours: AngleCurves, theirs: AngleCurves, course: Course
) -> tuple[JointDifference, ...]:
    ranges, take_ranges = range_of_motion(ours.degrees), range_of_motion(theirs.degrees)
    found = []
    low_deg, high_deg = _tolerated(theirs.degrees)
    ticks = np.searchsorted(theirs.times_s, curves.take_s - 1e-6)
    for column, name in enumerate(curves.joints):
        angle = curves.performance_deg[:, column]
        difference = angle - curves.take_deg[:, column]
        seen = np.isfinite(difference)
        if seen.mean() < _MIN_SHARED_SHARE or not np.isfinite(ranges[column] + take_ranges[column]):
            continue
        unexplained = _lasting(angle - np.clip(angle, low_deg[ticks, column], high_deg[ticks, column]))
        lasting = _lasting(difference)
        at = int(np.nanargmax(np.abs(unexplained)))
        share = (curves.take_s[at] - theirs.times_s[0]) / max(float(np.ptp(theirs.times_s)), 1e-3)
        found.append(
            JointDifference(
                joint=name,
                mean_deg=float(np.abs(difference[seen]).mean()),
                offset_deg=float(difference[seen].mean()),
                largest_deg=float(lasting[at]),
                at_s=float(curves.performance_s[at]),
                take_at_s=float(curves.take_s[at]),
                share=float(np.clip(share, 0, 1)),
                at_turn=course.is_at_turn(float(curves.take_s[at])),
                moment=course.moment(float(curves.take_s[at])),
                range_deg=float(ranges[column]),
                take_range_deg=float(take_ranges[column]),
                notable=bool(abs(unexplained[at]) >= noise_deg(name, ours.dimensions)),
            )
        )
    return tuple(sorted(found, key=lambda joint: (not joint.notable, -abs(joint.largest_deg))))


def _tolerated(degrees: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The lowest and highest angle (T, J) within TIMING_TICKS of each tick: what a slight shift in time explains."""
    padded = np.pad(degrees, ((TIMING_TICKS, TIMING_TICKS), (0, 0)), mode="edge")
    windows = np.stack([padded[i : i + len(degrees)] for i in range(2 * TIMING_TICKS + 1)])
    seen = np.isfinite(windows[TIMING_TICKS])
    low, high = np.fmin.reduce(windows), np.fmax.reduce(windows)
    return np.where(seen, low, np.nan), np.where(seen, high, np.nan)


def _lasting(difference: FloatArray) -> NDArray[np.float64]:
    """Each step's mean with its neighbours; NaN where none of them is seen."""
    seen = np.isfinite(difference)
    kernel = np.ones(min(_LASTING_STEPS, len(difference)))
    sums = np.convolve(np.where(seen, difference, 0.0), kernel, mode="same")
    counts = np.convolve(seen, kernel, mode="same")
    return np.where(seen, sums / np.maximum(counts, 1), np.nan)


def _phases(curves: AlignedAngles, course: Course) -> tuple[PhaseTempo, ...]:
    theirs_s = _bounds_s(course, lambda time_s: time_s)
    ours_s = _bounds_s(course, lambda time_s: _matched_s(curves, time_s))
    return tuple(
        PhaseTempo(name, our_end_s - our_start_s, end_s - start_s)
        for name, (our_start_s, our_end_s), (start_s, end_s) in zip(
            course.phases, pairwise(ours_s), pairwise(theirs_s), strict=True
        )
    )


def _bounds_s(course: Course, at: Callable[[float], float]) -> list[float]:
    """Where the phases begin and end; a turn is halfway between reaching and leaving it, which are well told apart."""
    bounds_s = [at(bound_s) for bound_s in course.bounds_s]
    if course.turn_s is None:
        return bounds_s
    return [bounds_s[0], (at(course.turn_s[0]) + at(course.turn_s[1])) / 2, bounds_s[1]]


def _matched_s(curves: AlignedAngles, take_s: float) -> float:
    """The performance's time at this moment of the take; the middle of its wait where it waits."""
    distance_s = np.abs(curves.take_s - take_s)
    return float(np.median(curves.performance_s[distance_s <= distance_s.min() + 1e-9]))
