"""Who is trained on is never validated or tested on, and the shares are met as nearly as that allows."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.errors import InvalidInputError
from webapp.datasets.records import SPLITS
from webapp.training.splits import SampleFacts, Shares, groups_of, splits_of

SHARES = Shares(0.15, 0.15)
MASK = 2**63 - 1


def of_person(person: str, count: int, **said: str) -> list[SampleFacts]:
    return [SampleFacts(person, "webcam", "monday", f"{person}{n}", n, said.get("split", "")) for n in range(count)]


def single(number: int, dhash: int | None = None, split: str = "") -> SampleFacts:
    """An unnamed person in a picture of its own, which looks like no other."""
    return SampleFacts(
        "", "coco", "import", f"picture-{number}", number * 0x9E3779B97F4A7C15 & MASK if dhash is None else dhash, split
    )


def shares_of(splits: list[str]) -> tuple[float, float]:
    counts = Counter(splits)
    return counts["validation"] / len(splits), counts["test"] / len(splits)


@given(
    st.lists(st.integers(1, 15), min_size=2, max_size=12),
    st.floats(0.05, 0.4),
    st.floats(0.05, 0.4),
    st.integers(0, 1000),
    st.randoms(use_true_random=False),
)
def test_nobody_is_in_two_splits_and_with_three_people_none_is_empty(
    sizes: list[int], validation: float, test: float, seed: int, shuffler: object
) -> None:
    samples = [each for number, size in enumerate(sizes) for each in of_person(f"person {number}", size)]
    shuffler.shuffle(samples)  # type: ignore[attr-defined]
    splits = splits_of(samples, "person", Shares(validation, test), seed)
    found = defaultdict(set)
    for sample, split in zip(samples, splits, strict=True):
        found[sample.person].add(split)
    assert all(len(each) == 1 for each in found.values())
    assert set(splits) == set(SPLITS if len(sizes) > 2 else SPLITS[:2])


@given(st.integers(20, 120), st.floats(0.05, 0.4), st.floats(0.05, 0.4), st.integers(0, 1000))
def test_of_single_pictures_the_shares_are_met_to_a_picture(
    count: int, validation: float, test: float, seed: int
) -> None:
    splits = splits_of([single(number) for number in range(count)], "person", Shares(validation, test), seed)
    counts = Counter(splits)
    assert abs(counts["validation"] - count * validation) <= 1
    assert abs(counts["test"] - count * test) <= 1


@given(st.lists(st.integers(1, 15), min_size=6, max_size=12), st.integers(0, 1000))
def test_with_people_the_shares_are_met_to_the_size_of_one_of_them(sizes: list[int], seed: int) -> None:
    samples = [each for number, size in enumerate(sizes) for each in of_person(f"person {number}", size)]
    splits = splits_of(samples, "person", SHARES, seed)
    for reached in shares_of(splits):
        assert abs(reached - 0.15) <= max(sizes) / len(samples)


def test_a_seed_says_it_all_and_another_one_says_otherwise() -> None:
    samples = [single(number) for number in range(60)]
    assert splits_of(samples, "person", SHARES, 7) == splits_of(samples, "person", SHARES, 7)
    assert splits_of(samples, "person", SHARES, 7) != splits_of(samples, "person", SHARES, 8)


def test_of_two_people_the_one_with_more_is_trained_on_and_the_other_validated_on() -> None:
    splits = splits_of([*of_person("Anna", 5), *of_person("Ben", 50)], "person", SHARES, 1)
    assert splits == ["validation"] * 5 + ["train"] * 50


def test_eight_single_pictures_are_enough_for_all_three() -> None:
    assert Counter(splits_of([single(n) for n in range(8)], "person", SHARES, 1)) == {
        "train": 6,
        "validation": 1,
        "test": 1,
    }


def recorded(*people_of: str) -> list[SampleFacts]:
    """Recordings "0", "1" and so on, of these people each; "-" is somebody unnamed."""
    return [
        SampleFacts(person.strip("-"), "video", str(number), f"{number}-{place}", 0)
        for number, people in enumerate(people_of)
        for place, person in enumerate(people)
    ]


def test_somebody_unnamed_goes_with_the_only_person_named_in_the_recording() -> None:
    a, b, scene = ("person", "A"), ("person", "B"), ("recording", "video", "2")
    assert groups_of(recorded("A-", "AB", "--"), "person") == [a, a, a, b, scene, scene]


def test_several_people_of_a_recording_count_as_one_where_somebody_in_it_is_unnamed() -> None:
    both = ("people", "A", "B")
    assert groups_of(recorded("AB-", "BC", "A"), "person") == [both, both, both, both, ("person", "C"), both]


def test_who_may_be_the_same_person_is_told_across_recordings() -> None:
    all_three = ("people", "A", "B", "C")
    assert set(groups_of(recorded("AB-", "BC-", "C", "A"), "person")) == {all_three}
    assert set(groups_of(recorded("BC-", "A", "AB-"), "person")) == {all_three}


def test_somebody_named_in_a_sample_that_is_not_divided_may_be_the_one_without_a_name() -> None:
    (*divided, not_divided) = recorded("-", "A", "B", "A")
    not_divided = replace(not_divided, session="0")
    a, b = ("person", "A"), ("person", "B")

    assert groups_of(divided, "person", known=[not_divided]) == [a, a, b]
    splits = splits_of(divided, "person", SHARES, 1, known=[not_divided])
    assert splits[0] == splits[1] != splits[2]


@given(st.lists(st.text("ABCDEF-", min_size=1, max_size=4), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_no_unnamed_sample_is_in_another_split_than_who_it_may_show(recordings: list[str], shuffler: object) -> None:
    samples = recorded(*recordings)
    shuffler.shuffle(samples)  # type: ignore[attr-defined]
    groups = dict(zip(samples, groups_of(samples, "person"), strict=True))
    for one, group in groups.items():
        for other, others in groups.items():
            is_same = one.person == other.person and (one.person or one.session == other.session)
            may_be_same = one.session == other.session and not (one.person and other.person)
            assert group == others or not (is_same or may_be_same)
    assert {name for group in groups.values() if group[0] != "recording" for name in group[1:]} == {
        each.person for each in samples if each.person
    }


def test_somebody_unnamed_goes_with_those_named_in_pictures_that_look_the_same() -> None:
    samples = [
        SampleFacts("Anna", "coco", "import", "1", 0b1),
        SampleFacts("", "coco", "import", "2", 0b11),
        SampleFacts("", "coco", "import", "1", 0b1),
        SampleFacts("Anna", "coco", "import", "3", MASK),
        SampleFacts("Ben", "coco", "import", "4", MASK - 1),
        SampleFacts("", "coco", "import", "5", MASK - 2),
    ]
    both = ("people", "Anna", "Ben")
    assert groups_of(samples, "person") == [both] * 6
    anna = ("person", "Anna")
    assert groups_of(samples[:4], "person") == [anna] * 4


def test_pictures_that_look_the_same_stay_together_however_long_the_chain() -> None:
    chain = [single(n, dhash=(1 << 3 * n) - 1) for n in range(8)]  # each three bits from the one before
    groups = groups_of([*chain, single(11), single(12)], "person")
    assert groups[:8] == [("picture", "picture-0")] * 8
    assert len(set(groups)) == 3


def test_hashes_with_the_highest_bit_are_compared_as_they_are() -> None:
    alike = [single(1, dhash=-1), single(2, dhash=-2), single(3, dhash=1)]
    assert [group[1] for group in groups_of(alike, "person")] == ["picture-1", "picture-1", "picture-3"]


def test_two_people_in_one_picture_stay_together_where_nobody_names_them() -> None:
    pair = [single(1), single(1), single(2)]
    first, second, third = groups_of(pair, "person")
    assert first == second != third


def test_by_source_a_recording_stays_together_whoever_is_in_it() -> None:
    samples = [
        SampleFacts(person, source, session, str(number), number)
        for number, (person, source, session) in enumerate(
            (person, source, session)
            for person in ("Anna", "Ben")
            for source, session in (("webcam", "monday"), ("webcam", "tuesday"), ("video", "monday"))
        )
    ]
    splits = splits_of(samples, "source", SHARES, 1)
    assert splits[:3] == splits[3:]
    assert set(splits) == set(SPLITS)


def test_as_given_the_hand_wins_and_the_rest_of_a_person_follows() -> None:
    samples = [
        *of_person("Anna", 3, split="test"),
        *of_person("Anna", 2),
        *of_person("Ben", 2, split="validation"),
        *of_person("Cleo", 9),
        *of_person("Dora", 4, split="train"),
    ]
    splits = splits_of(samples, "given", SHARES, 1)
    assert splits == ["test"] * 5 + ["validation"] * 2 + ["train"] * 13
    assert splits_of(samples, "person", SHARES, 1) != splits


def test_what_is_given_counts_towards_the_shares() -> None:
    samples = [single(n, split="test" if n < 15 else "") for n in range(100)]
    counts = Counter(splits_of(samples, "given", SHARES, 1))
    assert counts == {"test": 15, "validation": 15, "train": 70}


REFUSED = {
    "one person": (
        of_person("Anna", 9),
        "person",
        "Anna is the only person .* record somebody else, .* --split-by source",
    ),
    "several who may be the one unnamed": (
        recorded("ABCDE-", "AB", "C"),
        "person",
        r"^A, B, C and 2 more are kept together, because 1 sample of nobody named may show any of them: there is "
        r"nobody left to (train|validate) on; .*say who is in these samples, record somebody else",
    ),
    "one recording": (
        [SampleFacts("", "webcam", "monday", str(n), n) for n in range(9)],
        "person",
        "'monday' and nobody",
    ),
    "one picture": ([single(n, dhash=5) for n in range(9)], "person", "look the same"),
    "one source": (of_person("Anna", 5) + of_person("Ben", 5), "source", "of one webcam 'monday'.*--split-by person"),
    "all for training": (
        of_person("Anna", 5, split="train") + of_person("Ben", 5, split="train"),
        "given",
        "validation",
    ),
    "none for training": (
        of_person("Anna", 5, split="test") + of_person("Ben", 5, split="validation"),
        "given",
        "train on",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_where_nobody_is_left_it_is_said_with_the_remedy(case: str) -> None:
    samples, split_by, said = REFUSED[case]
    with pytest.raises(InvalidInputError, match=said):
        splits_of(samples, split_by, SHARES, 1)


def test_looking_for_likeness_can_be_ended() -> None:
    def ended() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        splits_of([single(n) for n in range(10)], "person", SHARES, 1, ended)
