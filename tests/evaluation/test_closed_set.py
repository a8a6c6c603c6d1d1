"""Who teaches and who is asked in the closed-set protocols, and how the answers are counted."""

from __future__ import annotations

import pytest

from tests.evaluation.scripted_method import ScriptedMethod, described, takes_of
from webapp.core.errors import InvalidInputError
from webapp.evaluation import closed_set
from webapp.evaluation.datasets import Dataset
from webapp.evaluation.methods import Answer, Trial


def told(dataset: Dataset, trials: list[Trial]) -> list[tuple[str, list[str], list[str]]]:
    return [(t.group, described(dataset, t.templates), described(dataset, t.queries)) for t in trials]


def test_one_take_is_taught_by_the_first_takes_of_each_person_who_shows_everything() -> None:
    dataset = takes_of({"s1": "aab", "s2": "a", "s3": "ba"})

    assert told(dataset, closed_set.one_take(dataset)) == [
        ("s1", ["s1_1", "s1_3"], ["s2_1", "s3_1", "s3_2"]),
        ("s3", ["s3_1", "s3_2"], ["s1_1", "s1_2", "s1_3", "s2_1"]),
    ]


def test_loso_asks_each_subject_by_everybody_elses_takes() -> None:
    dataset = takes_of({"s1": "ab", "s2": "a"})

    assert told(dataset, closed_set.loso(dataset)) == [
        ("s1", ["s2_1"], ["s1_1", "s1_2"]),
        ("s2", ["s1_1", "s1_2"], ["s2_1"]),
    ]


def test_same_person_asks_every_take_by_the_subjects_other_takes() -> None:
    dataset = takes_of({"s1": "aa", "s2": "a"})

    assert told(dataset, closed_set.same_person(dataset)) == [
        ("all", ["s1_2"], ["s1_1"]),
        ("all", ["s1_1"], ["s1_2"]),
        ("all", [], ["s2_1"]),
    ]


def test_accuracy_is_the_mean_over_subjects_and_not_over_takes() -> None:
    dataset = takes_of({"s1": "a", "s2": "aaab"})
    always_a = ScriptedMethod(dataset, lambda _segment, _taught: Answer("a", None, 0.0))

    figures, confusions = closed_set.measure(dataset, closed_set.loso(dataset), always_a)

    assert figures == {"accuracy": pytest.approx((1 + 3 / 4) / 2), "queries": 5}
    assert confusions.pairs.count(("b", "a")) == 1


def test_same_person_counts_every_take_alike() -> None:
    dataset = takes_of({"s1": "a", "s2": "aaab"})
    always_a = ScriptedMethod(dataset, lambda _segment, _taught: Answer("a", None, 0.0))

    figures, _ = closed_set.measure(dataset, closed_set.same_person(dataset), always_a)

    assert figures["accuracy"] == pytest.approx(4 / 5)


def test_no_answer_is_a_wrong_one() -> None:
    dataset = takes_of({"s1": "a", "s2": "a"})

    figures, _ = closed_set.measure(dataset, closed_set.loso(dataset), ScriptedMethod(dataset))

    assert figures["accuracy"] == 0


@pytest.mark.parametrize(
    ("protocol", "performed", "sentence"),
    [
        ("one-take", {"s1": "a", "s2": "b"}, "one-take needs a person who shows all 2 actions.*choose loso"),
        ("one-take", {"s1": "ab"}, "and others beside"),
        ("loso", {"s1": "ab"}, "loso needs two subjects, made has one: choose same-person"),
        ("schneider2019", {"s1": "ab"}, "is for utd_mhad_6: made lacks its template clip a01_s01_t02; choose one-take"),
    ],
)
def test_a_protocol_that_does_not_apply_says_what_does(protocol: str, performed: dict[str, str], sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=sentence):
        closed_set.TRIALS_OF[protocol](takes_of(performed))
