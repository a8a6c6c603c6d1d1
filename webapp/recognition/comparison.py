"""A performance against the best take, joint by joint: where it differs, when and by how many degrees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from webapp.core.angles import JOINT_NAMES, AngleCurves, angle_curves, range_of_motion
from webapp.core.dtw import part_alignment
from webapp.core.errors import InvalidInputError
from webapp.core.features import part_features
from webapp.core.records import FloatArray, PoseSequence
from webapp.core.tracks import prepared_track, typical_body_size
from webapp.recognition.coaching import JointDifference, PhaseTempo, sentences_of
from webapp.recognition.templates import make_template

# A difference counts where it lasts: the mean of so many neighbouring steps of the path (a step is about 50 ms).
_LASTING_STEPS = 5
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

    joints: the joints that both show, the largest lasting difference first. sentences: at most five, most important
    first; one saying that it matches well where it does. phases: the movement's phases in order.
    dimensions: 3 where both have world coordinates, else 2. mirrored: left and right of the take were exchanged.
    """

    joints: tuple[JointDifference, ...]
    sentences: tuple[str, ...]
    matches_well: bool
    performance_s: float
    take_s: float
    phases: tuple[PhaseTempo, ...]
    curves: AlignedAngles
    dimensions: int
    mirrored: bool

    @property
    def tempo_ratio(self) -> float:
        """How fast the whole is beside the take: above 1 faster."""
        return self.take_s / max(self.performance_s, 1e-3)


def compare(performance: PoseSequence, best_take: PoseSequence, *, mirror: bool = False) -> Comparison:
    """Compare two trimmed performances of one action; mirror exchanges left and right of the take.

    Sides in the result are the performer's own. InvalidInputError where one shows nothing that can be compared.
    """
    dimensions = 2 if performance.world_m is None or best_take.world_m is None else 3
    take = mirrored(best_take) if mirror else best_take
    path = _warping_path(performance, take, dimensions)
    ours, theirs = angle_curves(performance, dimensions), angle_curves(take, dimensions)
    curves = AlignedAngles(
        JOINT_NAMES,
        ours.times_s[path[:, 0]],
        theirs.times_s[path[:, 1]],
        ours.degrees[path[:, 0]],
        theirs.degrees[path[:, 1]],
    )
    joints = _joint_differences(curves, ours, theirs)
    phases = _phases(curves, theirs)
    performance_s, take_s = (float(np.ptp(times_s)) for times_s in (ours.times_s, theirs.times_s))
    spoken, well = sentences_of(joints, phases, take_s / max(performance_s, 1e-3))
    return Comparison(joints, spoken, well, performance_s, take_s, phases, curves, dimensions, mirror)


def mirrored(sequence: PoseSequence) -> PoseSequence:
    """The sequence with left and right exchanged, as a mirror shows it."""
    flip = list(sequence.skeleton.flip_indices)
    world_m = sequence.world_m
    return replace(
        sequence,
        keypoints=sequence.keypoints[:, flip] * np.array([-1, 1], np.float32),
        scores=sequence.scores[:, flip],
        world_m=None if world_m is None else world_m[:, flip] * np.array([-1, 1, 1], np.float32),
    )


def _warping_path(performance: PoseSequence, take: PoseSequence, dimensions: int) -> NDArray[np.int32]:
    """(L, 2) pairs of ticks (performance, take) by the features that recognise."""
    features = []
    for name, sequence in (("performance", performance), ("take", take)):
        track = prepared_track(sequence, dimensions)
        size = typical_body_size(track)
        if len(track) < 2 or not np.isfinite(size):
            raise InvalidInputError(
                f"the {name} cannot be compared: it has {len(sequence)} frames and the shoulders must be seen in some"
            )
        features.append(part_features(track.points, track.visible, track.skeleton, size))
    template = make_template(0, "", *features[1])
    if template is None:
        raise InvalidInputError("the take cannot be compared: nothing moves in it")
    path, _ = part_alignment(template.frames, template.weights, *features[0])
    return path[:, ::-1]


def _joint_differences(curves: AlignedAngles, ours: AngleCurves, theirs: AngleCurves) -> tuple[JointDifference, ...]:
    ranges, take_ranges = range_of_motion(ours.degrees), range_of_motion(theirs.degrees)
    found = []
    for column, name in enumerate(curves.joints):
        difference = curves.performance_deg[:, column] - curves.take_deg[:, column]
        seen = np.isfinite(difference)
        if seen.mean() < _MIN_SHARED_SHARE or not np.isfinite(ranges[column] + take_ranges[column]):
            continue
        lasting = _lasting(difference)
        at = int(np.nanargmax(np.abs(lasting)))
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
                at_turn=_is_at_turn(theirs.degrees[:, column], theirs.times_s, float(curves.take_s[at])),
                range_deg=float(ranges[column]),
                take_range_deg=float(take_ranges[column]),
            )
        )
    return tuple(sorted(found, key=lambda joint: -abs(joint.largest_deg)))


def _lasting(difference: FloatArray) -> NDArray[np.float64]:
    """Each step's mean with its neighbours; NaN where none of them is seen."""
    seen = np.isfinite(difference)
    kernel = np.ones(min(_LASTING_STEPS, len(difference)))
    sums = np.convolve(np.where(seen, difference, 0.0), kernel, mode="same")
    counts = np.convolve(seen, kernel, mode="same")
    return np.where(seen, sums / np.maximum(counts, 1), np.nan)


# A joint whose take stays within this range has no turn; a movement is there and back if it ends within this share of
# its furthest point.
_MIN_TURN_DEG, _BACK_SHARE = 20.0, 0.5
# At the turn: where the joint has gone this share of the way to its furthest position.
_NEAR_TURN_SHARE = 0.8


def _excursion(degrees: FloatArray) -> NDArray[np.float64]:
    """How far a joint (T,) is from its first seen position, signed so that its furthest is positive; 0 where hidden."""
    seen = np.isfinite(degrees)
    away = np.where(seen, degrees - degrees[np.argmax(seen)], 0.0)
    return np.asarray(away * np.sign(away[np.abs(away).argmax()]), np.float64)


def _is_at_turn(take_deg: FloatArray, times_s: NDArray[np.float64], at_s: float) -> bool:
    away = _excursion(take_deg)
    tick = int(np.abs(times_s - at_s).argmin())
    return bool(away.max() >= _MIN_TURN_DEG and away[tick] >= _NEAR_TURN_SHARE * away.max())


def _phases(curves: AlignedAngles, theirs: AngleCurves) -> tuple[PhaseTempo, ...]:
    """Way out and way back around the turn of the take's most moving joint, else thirds of the take."""
    ranges = np.nan_to_num(range_of_motion(theirs.degrees))
    away = _excursion(theirs.degrees[:, int(ranges.argmax())])
    first_s, last_s = float(theirs.times_s[0]), float(theirs.times_s[-1])
    turn = float(theirs.times_s[int(away.argmax())])
    if away.max() >= _MIN_TURN_DEG and away[-1] <= _BACK_SHARE * away.max():
        names: tuple[str, ...] = ("way out", "way back")
        bounds_s = [first_s, turn, last_s]
    else:
        names, bounds_s = ("beginning", "middle", "end"), list(np.linspace(first_s, last_s, 4))
    ours_s = [float(curves.performance_s[np.abs(curves.take_s - s).argmin()]) for s in bounds_s]
    ours_s[0], ours_s[-1] = float(curves.performance_s[0]), float(curves.performance_s[-1])
    return tuple(
        PhaseTempo(name, our_end - our_start, end - start)
        for name, (our_start, our_end), (start, end) in zip(names, pairwise(ours_s), pairwise(bounds_s), strict=True)
    )
