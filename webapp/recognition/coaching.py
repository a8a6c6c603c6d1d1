"""Differences of joints and tempo in the words of a coach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class JointDifference:
    """One joint of the performance against the take's. Differences are performance minus take, in degrees.

    joint: its name in core.angles.JOINTS, by the performer's own left and right. mean_deg: mean of the absolute
    differences. offset_deg: the mean of the signed ones. largest_deg: the largest that lasts (a quarter of a second),
    signed; at_s and take_at_s: when that is, on the clock of each sequence; share: how far into the movement, 0..1 of
    the take; at_turn: whether it is where the take's joint is furthest from its first position.
    range_deg, take_range_deg: ranges of motion.
    """

    joint: str
    mean_deg: float
    offset_deg: float
    largest_deg: float
    at_s: float
    take_at_s: float
    share: float
    at_turn: bool
    range_deg: float
    take_range_deg: float

    @property
    def phase(self) -> str:
        """When the largest difference is: "beginning", "middle" or "end" of the movement."""
        return ("beginning", "middle", "end")[min(2, int(self.share * 3))]


@dataclass(frozen=True)
class PhaseTempo:
    """How long one phase of the movement takes in both. name: "way out", "way back" (there and back), else thirds."""

    name: str
    performance_s: float
    take_s: float

    @property
    def tempo_ratio(self) -> float:
        """Above 1 the performance is faster."""
        return self.take_s / max(self.performance_s, 1e-3)


MAX_SENTENCES = 5
NOISE_DEG = {
    "shoulder": 15.0,
    "elbow": 20.0,
    "hip": 15.0,
    "knee": 15.0,
    "ankle": 20.0,
    "trunk": 10.0,
    "head": 15.0,
    "legs": 10.0,
}
"""Differences below these are what keypoints tremble by."""
MIN_TEMPO_CHANGE = 0.1

# What is said of a joint of the performance whose angle is larger, and smaller; {} is what stands before "degrees".
_WORDS = {
    "shoulder": ("{side} arm is raised {degrees} higher", "{side} arm is raised {degrees} lower"),
    "elbow": ("{side} elbow bends {degrees} less", "{side} elbow bends {degrees} more"),
    "hip": ("{side} hip bends {degrees} less", "{side} hip bends {degrees} more"),
    "knee": ("{side} knee bends {degrees} less", "{side} knee bends {degrees} more"),
    "ankle": ("{side} ankle bends {degrees} less", "{side} ankle bends {degrees} more"),
    "trunk": ("trunk leans {degrees} more", "trunk leans {degrees} less"),
    "head": ("head is tilted {degrees} more", "head is tilted {degrees} less"),
    "legs": ("legs are {degrees} further apart", "legs are {degrees} closer together"),
}


def sentences_of(
    joints: Sequence[JointDifference], phases: Sequence[PhaseTempo], tempo_ratio: float
) -> tuple[tuple[str, ...], bool]:
    """At most MAX_SENTENCES, the most important first, and whether the performance matches well.

    joints: the largest difference first. Nothing is said of differences below NOISE_DEG and MIN_TEMPO_CHANGE.
    """
    notable = [joint for joint in joints if abs(joint.largest_deg) >= NOISE_DEG[_kind(joint.joint)]]
    spoken = [_joint_sentence(joint) for joint in notable[: MAX_SENTENCES - 1]]
    well = not notable
    if well:
        spoken.append("All joints match the best take well")
    if abs(tempo_ratio - 1) >= MIN_TEMPO_CHANGE:
        spoken.append(_tempo_sentence(phases, tempo_ratio))
    return tuple(spoken), well


def _kind(joint: str) -> str:
    return joint.rpartition("_")[2]


def _joint_sentence(joint: JointDifference) -> str:
    larger, smaller = _WORDS[_kind(joint.joint)]
    words = larger if joint.largest_deg > 0 else smaller
    side = joint.joint.partition("_")[0]
    said = words.format(side=side, degrees=f"{abs(joint.largest_deg):.0f}°")
    where = "at the furthest point" if joint.at_turn else f"in the {joint.phase}"
    where = where.replace("in the beginning", "at the beginning").replace("in the end", "at the end")
    return f"{said[0].upper()}{said[1:]} {where} ({joint.at_s:.1f} s)"


def _tempo_sentence(phases: Sequence[PhaseTempo], tempo_ratio: float) -> str:
    slower = tempo_ratio < 1
    percent = round(abs(tempo_ratio - 1) * 100)
    most = (min if slower else max)(phases, key=lambda phase: phase.tempo_ratio)
    rest = [phase.tempo_ratio for phase in phases if phase is not most]
    uneven = all(abs(most.tempo_ratio - ratio) >= MIN_TEMPO_CHANGE for ratio in rest)
    where = {"way out": "on the way out", "way back": "on the way back"}.get(most.name, f"in the {most.name}")
    return f"{percent} % {'slower' if slower else 'faster'} overall" + (f", mostly {where}" if uneven else "")
