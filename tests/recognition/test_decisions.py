"""Which of several finished matches becomes an event."""

from __future__ import annotations

from webapp.recognition.decisions import Decisions, Finding


def finding(action_index: int, start_tick: int, end_tick: int, ratio: float) -> Finding:
    return Finding(action_index, action_index, start_tick, end_tick, ratio, ratio, ratio, ratio)


def never(_finding: Finding) -> bool:
    return False


def always(_finding: Finding) -> bool:
    return True


def test_a_finding_waits_for_a_better_one_and_then_wins() -> None:
    decisions = Decisions()
    decisions.add(finding(0, 0, 20, 0.8))
    assert decisions.settle(21, never) is None
    assert decisions.would_improve(0, 0, 22, 0.5)
    decisions.add(finding(0, 0, 22, 0.5))
    assert decisions.settle(24, never) is None
    verdict = decisions.settle(30, never)
    assert verdict is not None
    assert verdict.winner == finding(0, 0, 22, 0.5)
    assert decisions.settle(40, never) is None


def test_an_equal_finding_does_not_put_off_the_announcement() -> None:
    decisions = Decisions()
    decisions.add(finding(0, 0, 20, 0.5))
    assert not decisions.would_improve(0, 0, 21, 0.499)


def test_the_nearest_of_overlapping_actions_wins_and_the_others_are_gone() -> None:
    decisions = Decisions()
    decisions.add(finding(0, 0, 20, 0.4))
    decisions.add(finding(1, 5, 22, 0.9))
    verdict = decisions.settle(30, never)
    assert verdict is not None
    assert verdict.winner is not None
    assert verdict.winner.action_index == 0
    assert decisions.settle(None, never) is None


def test_a_nested_match_does_not_win_over_the_longer_and_nearer_one() -> None:
    decisions = Decisions()
    decisions.add(finding(1, 15, 22, 0.8))
    decisions.add(finding(0, 0, 24, 0.3))
    verdict = decisions.settle(30, never)
    assert verdict is not None
    assert verdict.winner == finding(0, 0, 24, 0.3)
    assert decisions.settle(None, never) is None


def test_overlapping_actions_too_near_each_other_are_undecided() -> None:
    decisions = Decisions()
    decisions.add(finding(0, 0, 20, 0.50))
    decisions.add(finding(1, 0, 20, 0.52))
    verdict = decisions.settle(30, never)
    assert verdict is not None
    assert verdict.winner is None
    assert verdict.undecided == (0, 1)


def test_actions_one_after_another_both_win() -> None:
    decisions = Decisions()
    decisions.add(finding(0, 0, 10, 0.5))
    decisions.add(finding(1, 11, 20, 0.51))
    winners = []
    while (verdict := decisions.settle(None, never)) is not None:
        winners.append(verdict.winner)
    assert winners == [finding(0, 0, 10, 0.5), finding(1, 11, 20, 0.51)]


def test_findings_from_before_an_event_are_forgotten() -> None:
    decisions = Decisions()
    decisions.add(finding(0, 0, 20, 0.5))
    decisions.forget_before(1)
    assert decisions.settle(None, never) is None


def test_a_finding_waits_while_a_match_under_way_may_end_nearer_but_not_for_ever() -> None:
    decisions = Decisions()
    decisions.add(finding(0, 0, 20, 0.5))
    assert decisions.settle(30, always) is None
    assert decisions.settle(83, always) is None
    assert decisions.settle(84, always) is not None


def test_a_finding_that_does_not_overlap_the_waiting_one_of_its_action_waits_beside_it() -> None:
    decisions = Decisions()
    decisions.add(finding(0, 0, 20, 0.5))
    assert decisions.would_improve(0, 18, 40, 0.6)
    decisions.add(finding(0, 18, 40, 0.6))
    verdicts = [decisions.settle(60, never), decisions.settle(60, never)]
    assert [verdict.winner.end_tick for verdict in verdicts if verdict and verdict.winner] == [20, 40]


def test_a_whole_that_is_as_near_wins_over_its_part_and_is_not_undecided_by_it() -> None:
    decisions = Decisions()
    decisions.add(finding(1, 12, 22, 0.30))
    decisions.add(finding(0, 0, 24, 0.32))
    verdict = decisions.settle(60, never)
    assert verdict is not None
    assert verdict.winner == finding(0, 0, 24, 0.32)
    assert decisions.settle(None, never) is None


def test_a_whole_that_is_much_further_leaves_its_part_the_winner() -> None:
    decisions = Decisions()
    decisions.add(finding(1, 12, 22, 0.30))
    decisions.add(finding(0, 0, 24, 0.80))
    verdict = decisions.settle(60, never)
    assert verdict is not None
    assert verdict.winner == finding(1, 12, 22, 0.30)
