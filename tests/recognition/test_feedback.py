"""Factors from feedback: sound in whatever order feedback is taken back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from webapp.recognition.feedback import FACTOR_MAX, FACTOR_MIN, Step, effective_factor

factors = st.floats(FACTOR_MIN, FACTOR_MAX)
steps = st.lists(st.builds(Step, st.sampled_from(["at_most", "at_least"]), factors), max_size=8)


@given(factors)
def test_without_feedback_the_factor_is_exactly_the_one_set_by_hand(base: float) -> None:
    assert effective_factor(base, []) == base


@given(factors, steps)
def test_the_newest_feedback_always_holds(base: float, given_steps: list[Step]) -> None:
    factor = effective_factor(base, given_steps)

    if given_steps:
        last = given_steps[-1]
        assert factor <= last.factor if last.bound == "at_most" else factor >= last.factor


@given(factors, steps)
def test_the_factor_is_one_that_somebody_asked_for(base: float, given_steps: list[Step]) -> None:
    assert effective_factor(base, given_steps) in {base, *(step.factor for step in given_steps)}


@given(factors, steps, st.data())
def test_taking_one_back_is_as_if_it_had_never_been(base: float, given_steps: list[Step], data: st.DataObject) -> None:
    """Undoing in any order ends where applying only the rest would have ended."""
    kept = data.draw(st.lists(st.booleans(), min_size=len(given_steps), max_size=len(given_steps)))
    rest = [step for step, stays in zip(given_steps, kept, strict=True) if stays]

    factor = base
    for step in rest:
        factor = min(factor, step.factor) if step.bound == "at_most" else max(factor, step.factor)

    assert effective_factor(base, rest) == factor


@given(factors, steps, factors)
def test_asking_for_what_holds_already_changes_nothing(base: float, given_steps: list[Step], asked: float) -> None:
    factor = effective_factor(base, given_steps)
    lenient = Step("at_most", max(factor, asked)), Step("at_least", min(factor, asked))

    assert all(effective_factor(base, [*given_steps, step]) == factor for step in lenient)
