"""Whether what a pose model finds can be compared with takes that were recorded with another."""

from __future__ import annotations

from collections.abc import Sequence

from webapp.core.features import PART_SETS
from webapp.core.normalise import visibility
from webapp.core.records import PoseSequence
from webapp.core.skeleton import Skeleton
from webapp.recognition.ports import Action

_SEEN = 0.5
"""A keypoint that so large a share of a take's frames shows belongs to what the take says."""
_NAMED = 6
"""How many missing keypoints a sentence names."""


def incompatibility(actions: Sequence[Action], skeleton: Skeleton, pose_model: str) -> str | None:
    """Why a pose model with that skeleton can recognise none of these actions; None where it can, or there are none.

    An action is recognised if the model has every keypoint that one of its takes shows and that is compared.
    """
    reasons = _reasons(actions, skeleton, pose_model)
    return reasons[0] if reasons and all(reasons) else None


def unrecognised(actions: Sequence[Action], skeleton: Skeleton, pose_model: str) -> str | None:
    """What to tell where the pose model cannot recognise some, or any, of these actions; else None."""
    reasons = _reasons(actions, skeleton, pose_model)
    lacking = [reason for reason in reasons if reason is not None]
    if not lacking:
        return None
    if len(lacking) == len(reasons):
        return f"None of your actions can be recognised with {pose_model}: {lacking[0]}"
    return f"{len(lacking)} of {len(reasons)} actions cannot be recognised with {pose_model}: {lacking[0]}"


def missing_keypoints(take: PoseSequence, skeleton: Skeleton) -> tuple[str, ...]:
    """The keypoints that are compared, that the take shows, and that the skeleton lacks."""
    same_kind = take.skeleton.kind == skeleton.kind
    return tuple(name for name in _shown(take) if not (same_kind and name in skeleton.index))


def compared_keypoints(skeleton: Skeleton) -> frozenset[str]:
    """Those of a skeleton's keypoints that an action may depend on. The head alone makes none."""
    parts = (part for part in PART_SETS[skeleton.kind].parts if part.region != "head")
    return frozenset(name for part in parts for name in (*part.start, *part.end)).intersection(skeleton.keypoints)


def _reasons(actions: Sequence[Action], skeleton: Skeleton, pose_model: str) -> list[str | None]:
    return [_incompatible(action, skeleton, pose_model) for action in actions if action.takes]


def _incompatible(action: Action, skeleton: Skeleton, pose_model: str) -> str | None:
    missing = min((missing_keypoints(take.sequence, skeleton) for take in action.takes), key=len)
    if not missing:
        return None
    recorded = action.takes[0].sequence.skeleton
    named = ", ".join(missing[:_NAMED]) + (", ..." if len(missing) > _NAMED else "")
    return (
        f'"{action.name}" was recorded with {recorded.name} ({len(recorded.keypoints)} keypoints); {pose_model} has '
        f"{len(skeleton.keypoints)} and lacks {named}: record it again with {pose_model}, or choose a model with these "
        f"keypoints"
    )


def _shown(take: PoseSequence) -> Sequence[str]:
    names = take.skeleton.keypoints
    seen = (visibility(take.keypoints, take.scores) > 0).mean(axis=0) >= _SEEN
    compared = compared_keypoints(take.skeleton)
    return [name for name, shown in zip(names, seen, strict=True) if shown and name in compared]
