"""Runs beside each other: the settings that differ, and which did best at what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.core.errors import InvalidInputError
from webapp.training.config import RunSettings

FEWEST, MOST = 2, 6
"""Runs that can be compared at once."""
_OF_THE_SPLIT = {"split_by", "validation_share", "test_share", "seed", "states"}
_DECIMALS = 3  # that a page shows: of a share as percent with one, of a distance all
_SHARES = {"pck02": "PCK@0.2", "pck01": "PCK@0.1", "oks_ap": "OKS AP"}


@dataclass(frozen=True)
class Row:
    """One figure of every run, in their order. best: positions of the best as shown; empty where they are all alike.

    kind: "share" (0..1, more is better) or "distance" (in sizes of the body, less is better). alike: the runs
    were judged by the same samples; else none is best.
    """

    name: str
    kind: str
    values: Sequence[float | None]
    alike: bool = True

    @property
    def best(self) -> frozenset[int]:
        shown = [None if value is None else round(value, _DECIMALS) for value in self.values]
        known = [value for value in shown if value is not None]
        if not self.alike or len(set(known)) < 2:
            return frozenset()
        wanted = min(known) if self.kind == "distance" else max(known)
        return frozenset(place for place, value in enumerate(shown) if value == wanted)


def require_count(count: int) -> None:
    """InvalidInputError unless so many runs can be compared."""
    if not FEWEST <= count <= MOST:
        raise InvalidInputError(f"choose {FEWEST} to {MOST} different runs to compare, got {count}")


def differing(settings: Sequence[RunSettings]) -> list[tuple[str, list[object]]]:
    """The settings that are not the same in all of them: name (of changes "augmentation.NAME") and each run's value."""
    flat = [_flat(one.as_json()) for one in settings]
    return [(name, values) for name in flat[0] if _differ(values := [one[name] for one in flat])]


@dataclass(frozen=True)
class Held:
    """What a run was judged by: which samples were held out is drawn from the version and the settings of the split.

    samples: by split, as it told when it began; None before that.
    """

    dataset_id: str
    version_id: str | None
    settings: RunSettings
    samples: Mapping[str, int] | None


def apart(runs: Sequence[Held]) -> tuple[str, ...] | None:
    """None where all were judged by the same samples; else the settings of the split that differ."""
    split = [name for name, _ in differing([run.settings for run in runs]) if name in _OF_THE_SPLIT]
    if len({(run.dataset_id, run.version_id) for run in runs}) > 1:
        return ()
    known = [run.samples for run in runs if run.samples is not None]
    return tuple(split) if split or _differ(known) else None


def same_loss(settings: Sequence[RunSettings]) -> bool:
    """Whether their losses measure the same, so that the curves can be laid over each other."""
    return len({(one.family, one.loss) for one in settings}) == 1


def overall(
    metrics: Sequence[Mapping[str, Any] | None], kept_pck: Sequence[float | None], alike: bool = True
) -> list[Row]:
    """Figures of the validation and the test split; without rows that no run has. alike: as of Row."""
    models = [tested(each) for each in metrics]
    rows = [
        Row("Validation PCK@0.2", "share", kept_pck, alike),
        *(Row(f"Test {name}", "share", [one.get(key) for one in models], alike) for key, name in _SHARES.items()),
        Row("Test error, in sizes", "distance", [one.get("error") for one in models], alike),
    ]
    return [row for row in rows if any(value is not None for value in row.values)]


def by_keypoint(metrics: Sequence[Mapping[str, Any] | None], alike: bool = True) -> list[Row]:
    """Test PCK@0.2 of every keypoint that any of them has. alike: as of Row."""
    found = [_keypoints(each) for each in metrics]
    names = dict.fromkeys(name for each in found for name in each)
    return [Row(name, "share", [each.get(name) for each in found], alike) for name in names]


def tested(metrics: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """How good a network is on people that it has never seen; empty where there were too few for a test."""
    if metrics is None or metrics.get("split") != "test":
        return {}
    return metrics.get("model") or {}


def _keypoints(metrics: Mapping[str, Any] | None) -> dict[str, float | None]:
    model = tested(metrics)
    return {each["name"]: each.get("pck02") for each in model.get("keypoints") or ()}


def _flat(settings: Mapping[str, object]) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{part}": one for part, one in value.items()}
        else:
            flat[name] = value
    return flat


def _differ(values: Sequence[object]) -> bool:
    return any(value != values[0] for value in values)
