"""Runs beside each other: only settings that differ, and the best of each row, whichever way is better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.run_seeding import accuracy
from webapp.core.errors import InvalidInputError
from webapp.services.run_comparison import Held, Row, apart, by_keypoint, differing, overall, require_count
from webapp.training.config import run_settings


def judged(pck: float, split: str = "test") -> dict[str, Any]:
    return {"split": split, "model": accuracy(pck)}


def test_only_settings_that_differ_are_told_changes_of_pictures_too() -> None:
    found = differing([run_settings({}), run_settings({"epochs": 7, "augmentation": {"blur": 2.0}}), run_settings({})])

    assert dict(found) == {"epochs": [200, 7, 200], "augmentation.blur": [1.0, 2.0, 1.0]}


def test_more_is_better_but_for_distances() -> None:
    rows = {row.name: row for row in overall([judged(0.5), judged(0.7), None], [0.6, 0.6, None])}

    assert rows["Test PCK@0.2"].values == [0.5, 0.7, None]
    assert rows["Test PCK@0.2"].best == rows["Test error, in sizes"].best == {1}
    assert rows["Validation PCK@0.2"].best == frozenset()


def test_of_several_that_are_best_each_is_marked() -> None:
    assert Row("x", "share", [0.7, 0.2, 0.7]).best == {0, 2}


def test_a_run_judged_on_what_it_was_chosen_by_is_not_beside_one_judged_on_the_test() -> None:
    rows = by_keypoint([judged(0.9, "validation"), judged(0.5)])

    assert next(row.values for row in rows) == [None, 0.5]


def held(version: str = "v", samples: Mapping[str, int] | None = None, **settings: object) -> Held:
    return Held("arms", version, run_settings(settings), samples)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (held(epochs=3, side_px=64), None),
        (held(samples={"test": 3}), None),
        (held("w"), ()),
        (held("w", seed=2), ()),
        (held(seed=2), ("seed",)),
        (held(split_by="source"), ("split_by",)),
        (held(states=["reviewed", "proposed"]), ("states",)),
        (held(validation_share=0.2, test_share=0.2), ("validation_share", "test_share")),
    ],
)
def test_runs_are_judged_by_the_same_samples_only_if_version_and_split_are_the_same(
    other: Held, why: tuple[str, ...] | None
) -> None:
    assert apart([held(), held(), other]) == why


def test_runs_whose_splits_are_of_other_sizes_were_judged_apart() -> None:
    assert apart([held(samples={"test": 3}), held(samples={"test": 4})]) == ()


def test_none_is_best_of_runs_that_were_judged_apart() -> None:
    rows = [
        *overall([judged(0.5), judged(0.7)], [0.5, 0.7], alike=False),
        *by_keypoint([judged(0.5), judged(0.7)], alike=False),
    ]

    assert rows
    assert all(row.best == frozenset() for row in rows)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_two_to_six_runs_are_compared(count: int) -> None:
    with pytest.raises(InvalidInputError, match=f"2 to 6 different runs to compare, got {count}"):
        require_count(count)


def test_none_is_best_where_the_shown_figures_are_alike() -> None:
    assert Row("x", "share", [0.8001, 0.8004]).best == Row("x", "distance", [0.1231, 0.1234]).best == frozenset()
