"""Which samples a network is trained on, validated on and tested on: never the same person, or recording, in two."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.core.errors import InvalidInputError
from webapp.core.wording import counted, listed
from webapp.datasets.duplicates import MAX_BITS
from webapp.datasets.records import SPLITS

RECORDINGS = ("webcam", "video")
"""Sources whose pictures show one and the same scene again and again."""
PERSON, PEOPLE = "person", "people"
NAMED_AT_MOST = 3
_BLOCK = 64  # times all others, eight bytes each

Group = tuple[str, ...]
"""What is never divided, such as (PERSON, "Anna") or (PEOPLE, "Anna", "Ben")."""


@dataclass(frozen=True, slots=True)
class SampleFacts:
    """What a sample is assigned by. person: "" where nobody says who. picture: id. split: as set by hand, or ""."""

    person: str
    source: str
    session: str
    picture: str
    dhash: int
    split: str = ""


@dataclass(frozen=True)
class Shares:
    """Of the samples, those that are validated on and those that are tested on; the others are trained on."""

    validation: float
    test: float


def splits_of(
    samples: Sequence[SampleFacts],
    split_by: str,
    shares: Shares,
    seed: int,
    look: Callable[[], None] = lambda: None,
    *,
    known: Collection[SampleFacts] = (),
) -> list[str]:
    """For each sample one of SPLITS; the same for the same seed. look: called now and then, may raise.

    "person": what may be the same person stays together. Somebody unnamed may be anybody who is named in the same
    recording, or in single pictures that look the same: all of them are one group then, also across recordings. Where
    nobody is named there, those unnamed are one group. known: named samples that are not divided, for who is where.
    "source": one recording or one import stays together. "given": as set by hand, and of the rest as of "person",
    whoever is in one already with what they have most of.

    The shares are met as nearly as groups allow. Two groups are trained on and validated on, and then nothing is left
    to test on: the run is tested on what it was validated on, and says so. InvalidInputError for fewer.
    """
    groups = groups_of(samples, split_by, look, known=known)
    given = [sample.split if split_by == "given" else "" for sample in samples]
    assigned = _assigned(groups, given, shares, np.random.default_rng(seed))
    splits = [said or assigned[group] for said, group in zip(given, groups, strict=True)]
    for split in SPLITS[:2]:
        if split not in splits:
            raise InvalidInputError(_nothing_in(split, samples, groups, split_by))
    return splits


def groups_of(
    samples: Sequence[SampleFacts],
    split_by: str,
    look: Callable[[], None] = lambda: None,
    *,
    known: Collection[SampleFacts] = (),
) -> list[Group]:
    """For each sample what it belongs to, as splits_of says: (PERSON, name), (PEOPLE, names ...), or a scene."""
    if split_by == "source":
        return [("recording", sample.source, sample.session) for sample in samples]
    everyone = [*samples, *known]
    single = [sample for sample in everyone if sample.source not in RECORDINGS]
    unnamed = any(not sample.person for sample in single)
    alike = _alike({each.picture: each.dhash for each in single}, look) if unnamed else {}
    scenes = [_scene(sample, alike) for sample in everyone]
    of_somebody = {scene for sample, scene in zip(everyone, scenes, strict=True) if not sample.person}
    seen = {
        ((PERSON, sample.person), scene)
        for sample, scene in zip(everyone, scenes, strict=True)
        if sample.person and scene in of_somebody
    }
    together = _together(seen)
    own = [(PERSON, each.person) if each.person else scene for each, scene in zip(samples, scenes, strict=False)]
    return [together.get(group, group) for group in own]


def kept_together(groups: Collection[Group]) -> Sequence[Sequence[str]]:
    """The names of those who are in one group because samples of nobody named may show any of them."""
    return sorted({group[1:] for group in groups if group[0] == PEOPLE})


def _scene(sample: SampleFacts, alike: Mapping[str, str]) -> Group:
    """The recording that a sample is of, or the pictures that look like its own."""
    if sample.source in RECORDINGS:
        return "recording", sample.source, sample.session
    return "picture", alike.get(sample.picture, sample.picture)


def _together(seen: Collection[tuple[Group, Group]]) -> dict[Group, Group]:
    """Who was seen in which scene, where somebody is unnamed: for each of both the group that all of it becomes."""
    place = {each: at for at, each in enumerate(sorted({each for pair in seen for each in pair}))}
    first = np.arange(len(place))
    for person, scene in seen:
        _join(first, np.array([place[person], place[scene]]))
    people = defaultdict[int, list[str]](list)
    for each, at in place.items():
        if each[0] == PERSON:
            people[_root(first, at)].append(each[1])
    roots = {each: _root(first, at) for each, at in place.items()}
    return {each: (PEOPLE if len(people[root]) > 1 else PERSON, *people[root]) for each, root in roots.items()}


def _alike(dhashes: Mapping[str, int], look: Callable[[], None]) -> dict[str, str]:
    """For each picture the first of those that look like it, or like one that does, and so on."""
    hashes, which = np.unique(np.array(list(dhashes.values()), np.int64).view(np.uint64), return_inverse=True)
    first = np.arange(len(hashes))
    for start in range(0, len(hashes), _BLOCK):
        look()
        block = hashes[start : start + _BLOCK]
        near = np.bitwise_count(block[:, None] ^ hashes[None, start:]) <= MAX_BITS
        for row in np.flatnonzero(near.sum(axis=1) > 1).tolist():
            _join(first, start + np.flatnonzero(near[row]))
    earliest: dict[int, str] = {}
    roots = [_root(first, at) for at in which.tolist()]
    for name, root in zip(dhashes, roots, strict=True):
        earliest.setdefault(root, name)
    return {name: earliest[root] for name, root in zip(dhashes, roots, strict=True)}


def _join(first: NDArray[np.intp], members: NDArray[np.intp]) -> None:
    """In `first` everything leads, in one step or several, to the first of those that it is joined with."""
    roots = [_root(first, at) for at in np.unique(first[members]).tolist()]
    first[roots] = min(roots)
    first[members] = min(roots)


def _root(first: NDArray[np.intp], at: int) -> int:
    while first[at] != at:
        first[at] = first[first[at]]
        at = int(first[at])
    return at


def _assigned(
    groups: Sequence[Group], given: Sequence[str], shares: Shares, rng: np.random.Generator
) -> dict[Group, str]:
    """Each group goes where most is lacking, the largest first, those of one size in an order drawn by chance."""
    sizes, said = Counter(groups), defaultdict[Group, Counter[str]](Counter)
    for group, split in zip(groups, given, strict=True):
        if split:
            said[group][split] += 1
    assigned = {group: max(SPLITS, key=counts.__getitem__) for group, counts in said.items()}
    there = set(filter(None, given))
    free = [group for group in sizes if group not in assigned]
    parts = SPLITS if len(free) + len(there) > 2 else SPLITS[:2]
    lacking = _wanted(len(groups), shares, parts)
    for group, split in zip(groups, given, strict=True):
        lacking[split or assigned.get(group, "")] -= 1
    order = [free[at] for at in rng.permutation(len(free)).tolist()]
    order.sort(key=lambda group: -sizes[group])
    for number, group in enumerate(order):
        empty = [split for split in parts if split not in there]
        # what is left is just enough for one in each
        among = empty if len(order) - number <= len(empty) else parts
        split = max(among, key=lacking.__getitem__)
        assigned[group] = split
        lacking[split] -= sizes[group]
        there.add(split)
    return assigned


def _wanted(count: int, shares: Shares, parts: Sequence[str]) -> dict[str, float]:
    """How many samples each split should have; a test that cannot be is trained on."""
    wanted = {"validation": count * shares.validation, "test": count * shares.test if "test" in parts else 0.0}
    return {"train": count - sum(wanted.values()), **wanted, "": 0.0}


def _nothing_in(split: str, samples: Sequence[SampleFacts], groups: Sequence[Group], split_by: str) -> str:
    """Why there is no sample to train on or to validate on, and what to do."""
    to_do = {"train": "train on", "validation": "validate on"}[split]
    if split_by == "given":
        return f"every sample is for another split, and none is left to {to_do}; give some the split {split}"
    if split_by == "source":
        (source, session) = groups[0][1:]
        return (
            f"all {counted(len(samples), 'sample')} are of one {source} {session!r}: there is none left to {to_do}; "
            f'add another recording, or split "By person" (python -m webapp train --split-by person)'
        )
    remedy = 'or split "By recording" (python -m webapp train --split-by source)'
    if groups[0][0] == PEOPLE:
        unnamed = sum(not sample.person for sample in samples)
        return (
            f"{listed(groups[0][1:], NAMED_AT_MOST)} are kept together, because {counted(unnamed, 'sample')} of nobody "
            f'named may show any of them: there is nobody left to {to_do}; choose "Nobody named" in the grid and say '
            f"who is in these samples, record somebody else, {remedy}"
        )
    if groups[0][0] == PERSON:
        return (
            f"{groups[0][1]} is the only person in all {counted(len(samples), 'sample')}: there is nobody left to "
            f"{to_do}; record somebody else, {remedy}"
        )
    if groups[0][0] == "recording":
        return (
            f"all {counted(len(samples), 'sample')} are of the recording {groups[0][2]!r} and nobody in it is named: "
            f"there is nobody left to {to_do}; say who is in them, record somebody else, {remedy}"
        )
    return (
        f"all {counted(len(samples), 'sample')} look the same and nobody in them is named: there is nobody left to "
        f"{to_do}; say who is in them, add other pictures, {remedy}"
    )
