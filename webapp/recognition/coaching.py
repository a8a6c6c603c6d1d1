"""Differences of joints and tempo in the words of a coach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.core.skeleton import FINGERS

MAX_SENTENCES = 5
NOISE_DEG: dict[str, tuple[float, float]] = {
    "shoulder": (20, 25),
    "elbow": (25, 40),
    "hip": (15, 20),
    "knee": (15, 25),
    "ankle": (10, 10),
    "trunk": (20, 10),
    "head": (25, 20),
    "legs": (10, 15),
    "mcp": (20, 30),
    "pip": (20, 30),
    "ip": (20, 30),
    "spread": (15, 20),
    "palm": (20, 20),
}
"""Differences of a joint in 3D and in 2D below which nothing is said: nine of ten joints of one person's repeated squat
(BlazePose) stay below these, with a margin for the arms and the head, which point at the camera now and then. For hands
they are assumed, not measured."""
MIN_TEMPO_CHANGE = 0.1
"""The tempo of nine of ten repetitions of one steady squat, measured from the keypoints, varies by less."""
_TIMES_AS_FAST = 1.8
# A phase is named where its tempo changed so many times as much as that of the others: half a squat has 20 ticks.
_UNEVEN = 1.15
# A joint that differs by its floor on the average of the whole movement differs throughout.
_THROUGHOUT_SHARE = 0.75

# one, several of them, what it does, what they do, said of a larger angle, said of a smaller one
_WORDS = {
    "shoulder": ("arm", "arms", "is raised", "are raised", "higher", "lower"),
    "elbow": ("elbow", "elbows", "bends", "bend", "less", "more"),
    "hip": ("hip", "hips", "bends", "bend", "less", "more"),
    "knee": ("knee", "knees", "bends", "bend", "less", "more"),
    "ankle": ("ankle", "ankles", "bends", "bend", "less", "more"),
    "trunk": ("trunk", "", "leans", "", "more", "less"),
    "head": ("head", "", "is tilted", "", "more", "less"),
    "legs": ("legs", "", "are", "", "further apart", "closer together"),
    "palm": ("palm", "", "is tilted", "", "more", "less"),
}
# where a finger bends, said of a larger angle, said of a smaller one
_FINGER_WORDS = {
    "mcp": ("at the knuckle", "less", "more"),
    "pip": ("at the middle joint", "less", "more"),
    "ip": ("at its joint", "less", "more"),
    "spread": ("from the palm", "further", "less far"),
}


@dataclass(frozen=True)
class JointDifference:
    """One joint of the performance against the take's. Differences are performance minus take, in degrees.

    joint: its name in core.angles.JOINTS, by the performer's own left and right. mean_deg: mean of the absolute
    differences. offset_deg: the mean of the signed ones. largest_deg: the largest that lasts (a quarter of a second)
    and that no shift of 0.1 s explains, signed; at_s and take_at_s: when that is, on the clock of each sequence;
    share: how far into the movement, 0..1 of the take; at_turn: whether the movement turns back there; moment: the same
    in words, such as "at the lowest point". range_deg, take_range_deg: ranges of motion.
    notable: the largest is more than keypoints tremble by.
    """

    joint: str
    mean_deg: float
    offset_deg: float
    largest_deg: float
    at_s: float
    take_at_s: float
    share: float
    at_turn: bool
    moment: str
    range_deg: float
    take_range_deg: float
    notable: bool

    @property
    def phase(self) -> str:
        """When the largest difference is: "beginning", "middle" or "end" of the movement."""
        return ("beginning", "middle", "end")[min(2, int(self.share * 3))]

    @property
    def kind(self) -> str:
        """The joint without its side, such as "knee"."""
        return self.joint.rpartition("_")[2]


@dataclass(frozen=True)
class PhaseTempo:
    """How long one phase of the movement takes in both; name: such as "on the way up" or "in the middle"."""

    name: str
    performance_s: float
    take_s: float

    @property
    def tempo_ratio(self) -> float:
        """Above 1 the performance is faster."""
        return self.take_s / max(self.performance_s, 1e-3)


def noise_deg(joint: str, dimensions: int) -> float:
    """How much this joint may differ without a word being said."""
    return NOISE_DEG[joint.rpartition("_")[2]][0 if dimensions == 3 else 1]


def sentences_of(
    joints: Sequence[JointDifference], phases: Sequence[PhaseTempo], tempo_ratio: float, dimensions: int
) -> tuple[str, ...]:
    """At most MAX_SENTENCES, the most important first: the joints that differ notably, then the tempo.

    Where no joint does, the first says so.
    """
    pairs = _side_by_side([joint for joint in joints if joint.notable])
    pairs.sort(key=lambda pair: -max(abs(joint.largest_deg) / noise_deg(joint.joint, dimensions) for joint in pair))
    spoken = [_joint_sentence(pair) for pair in pairs[: MAX_SENTENCES - 1]]
    tempo = [_tempo_sentence(phases, tempo_ratio)] if abs(tempo_ratio - 1) >= MIN_TEMPO_CHANGE else []
    if not spoken:
        spoken = ["The movement matches the best take well" + ("." if not tempo else ", but not its tempo.")]
    return (*spoken, *tempo)


def _side_by_side(joints: Sequence[JointDifference]) -> list[tuple[JointDifference, ...]]:
    """Left and right, or fingers, put together where they differ in the same way at the same moment."""
    groups: dict[tuple[str, bool, str], tuple[JointDifference, ...]] = {}
    for joint in joints:
        key = joint.kind, joint.largest_deg > 0, joint.moment
        groups[key] = (*groups.get(key, ()), joint)
    return list(groups.values())


def _joint_sentence(joints: tuple[JointDifference, ...]) -> str:
    degrees = sum(abs(joint.largest_deg) for joint in joints) / len(joints)
    most = max(joints, key=lambda joint: abs(joint.largest_deg))
    said = (_finger_words if joints[0].kind in _FINGER_WORDS else _body_words)(joints, f"{degrees:.0f}°")
    if all(abs(joint.offset_deg) >= _THROUGHOUT_SHARE * abs(joint.largest_deg) for joint in joints):
        return f"{said} all the way through."
    return f"{said} {most.moment} ({most.at_s:.1f} s)."


def _body_words(joints: tuple[JointDifference, ...], degrees: str) -> str:
    one, several, does, do, larger, smaller = _WORDS[joints[0].kind]
    how = larger if joints[0].largest_deg > 0 else smaller
    if len(joints) > 1:
        return f"Both {several} {do} {degrees} {how}"
    side = joints[0].joint.partition("_")[0]
    return f"{f'{side} {one}' if several else one} {does} {degrees} {how}".capitalize()


def _finger_words(joints: tuple[JointDifference, ...], degrees: str) -> str:
    where, larger, smaller = _FINGER_WORDS[joints[0].kind]
    how = larger if joints[0].largest_deg > 0 else smaller
    differing = {joint.joint.partition("_")[0] for joint in joints}
    *others, last = ["little" if finger == "pinky" else finger for finger in FINGERS if finger in differing]
    subject = f"{', '.join(others)} and {last}" if others else last
    subject += "" if last == "thumb" else " finger"
    verb = "spread" if joints[0].kind == "spread" else "bend"
    return f"{subject} {verb}{'' if others else 's'} {degrees} {how} {where}".capitalize()


def _tempo_sentence(phases: Sequence[PhaseTempo], tempo_ratio: float) -> str:
    slower = tempo_ratio < 1
    how = f"{abs(tempo_ratio - 1):.0%}".replace("%", " % slower" if slower else " % faster")
    if tempo_ratio >= _TIMES_AS_FAST:
        how = f"{tempo_ratio:.1f} times as fast"
    most = (min if slower else max)(phases, key=lambda phase: phase.tempo_ratio)
    rest = [phase.tempo_ratio / most.tempo_ratio for phase in phases if phase is not most]
    uneven = all(ratio >= _UNEVEN if slower else ratio <= 1 / _UNEVEN for ratio in rest)
    return f"{how} overall" + (f", mostly {most.name}." if uneven else ".")
