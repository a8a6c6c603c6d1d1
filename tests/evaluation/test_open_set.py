"""Which actions are taught in the open-set protocols, and how known and unknown are counted."""

from __future__ import annotations

import math

import pytest

from tests.evaluation.scripted_method import ScriptedMethod, takes_of
from webapp.core.errors import InvalidInputError
from webapp.evaluation import open_set
from webapp.evaluation.datasets import Segment
from webapp.evaluation.methods import Answer
from webapp.evaluation.results import OpenSetAnswers

DATASET = takes_of({"s1": "abcdef", "s2": "abcdef", "s3": "fedcba"})


@pytest.mark.parametrize("from_one_person", [False, True])
def test_forty_draws_teach_two_thirds_of_the_actions_by_others_than_those_asked(from_one_person: bool) -> None:
    trials = open_set.draws(DATASET, seed=1, from_one_person=from_one_person)

    assert len(trials) == 40
    for trial in trials:
        teachers = {DATASET.segments[place].subject for place in trial.templates}
        asked = {DATASET.segments[place].subject for place in trial.queries}
        assert len({DATASET.segments[place].action for place in trial.templates}) == 4
        assert teachers.isdisjoint(asked)
        assert (teachers if from_one_person else asked) == {trial.group}
        assert len(trial.queries) == (12 if from_one_person else 6)


def test_the_seed_decides_the_draws_and_both_protocols_share_them() -> None:
    drawn = open_set.draws(DATASET, seed=1, from_one_person=False)

    assert drawn == open_set.draws(DATASET, seed=1, from_one_person=False)
    assert drawn != open_set.draws(DATASET, seed=2, from_one_person=False)
    one_person = open_set.draws(DATASET, seed=1, from_one_person=True)
    assert [trial.group for trial in drawn] == [trial.group for trial in one_person]


def test_figures_worked_out_by_hand() -> None:
    """Known at 1 to 4, of which the second is taken for another; unknown at 2.5 and nine times far off."""
    known = [
        ("a", Answer("a", "a", 1.0)),
        ("a", Answer("b", "b", 2.0)),
        ("b", Answer("b", None, 3.0)),
        ("b", Answer("b", None, 11.0)),
    ]
    unknown = [Answer("a", "a", 2.5), *(Answer("b", None, 10.0 + number) for number in range(9))]

    figures = open_set.figures(OpenSetAnswers(tuple(known), tuple(unknown)))

    assert figures == {
        "auroc": pytest.approx((10 + 10 + 9 + 7.5) / 40),
        "known_recognised_at_10pct": 2 / 4,  # below 10, where one unknown of ten passes: 1, 2 (wrong) and 3
        "known_recognised": 1 / 4,
        "unknown_accepted": 1 / 10,
        "known_queries": 4,
        "unknown_queries": 10,
    }


def test_what_was_not_taught_is_unknown() -> None:
    def knows_what_it_was_taught(segment: Segment, taught: set[str]) -> Answer:
        known = segment.action if segment.action in taught else None
        return Answer(known, known, 0.0 if known else math.inf)

    trials = open_set.draws(DATASET, seed=1, from_one_person=False)

    figures, _ = open_set.measure(DATASET, trials, ScriptedMethod(DATASET, knows_what_it_was_taught))

    assert figures == {
        "auroc": 1.0,
        "known_recognised_at_10pct": 1.0,
        "known_recognised": 1.0,
        "unknown_accepted": 0.0,
        "known_queries": 160,
        "unknown_queries": 80,
    }


def test_a_set_of_one_action_has_nothing_to_be_unknown() -> None:
    with pytest.raises(InvalidInputError, match=r"two subjects and two actions at least; made has 2 and 1"):
        open_set.draws(takes_of({"s1": "a", "s2": "a"}), seed=1, from_one_person=False)


def test_where_nobody_shows_what_another_does_all_is_unknown() -> None:
    dataset = takes_of({"s1": "ab", "s2": "cd"})
    trials = open_set.draws(dataset, seed=1, from_one_person=False)

    figures, _ = open_set.measure(dataset, trials, ScriptedMethod(dataset))

    assert figures == {
        "auroc": None,
        "known_recognised_at_10pct": None,
        "known_recognised": None,
        "unknown_accepted": 0.0,
        "known_queries": 0,
        "unknown_queries": 80,
    }
