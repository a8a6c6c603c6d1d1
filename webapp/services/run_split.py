"""How a run would divide a dataset's samples as they are now: told before it is started."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from webapp.core.wording import counted, listed
from webapp.datasets.records import SPLITS
from webapp.db.base import db
from webapp.db.datasets import Picture, PicturedPerson, Sample
from webapp.training.config import RunSettings
from webapp.training.splits import PEOPLE, PERSON, RECORDINGS, SampleFacts, Shares, groups_of, kept_together, splits_of

MOST_ALONE = 2000
"""Single pictures, some of nobody named: more take too long to find those that look alike before a page is shown."""
NAMED_AT_MOST = 3
FEW = 3
"""Groups to train on, below which a network learns these and not bodies."""


@dataclass(frozen=True)
class SplitOutlook:
    """by_split: groups, such as people, in each of SPLITS. caution: there are too few to train on, as a sentence."""

    words: str
    by_split: Sequence[int]
    caution: str | None


def split_outlook(dataset_id: str, settings: RunSettings) -> SplitOutlook | None:
    """About what the run would draw; None without a sample of its states, or where it takes too long to say.

    InvalidInputError where there is nobody to train on or to validate on, with the remedy.
    """
    facts, known = _facts(dataset_id, settings, alike=False)
    alone = [each for each in (*facts, *known) if each.source not in RECORDINGS]
    if settings.split_by != "source" and not all(each.person for each in alone):
        if len(alone) > MOST_ALONE:
            return None
        facts, known = _facts(dataset_id, settings, alike=True)
    if not facts:
        return None
    shares = Shares(settings.validation_share, settings.test_share)
    splits = splits_of(facts, settings.split_by, shares, settings.seed, known=known)
    groups = groups_of(facts, settings.split_by, known=known)
    there = defaultdict[str, set[tuple[str, ...]]](set)
    for split, group in zip(splits, groups, strict=True):
        there[split].add(group)
    by_split = [len(there[split]) for split in SPLITS]
    train, validation, test = by_split
    what = _kind(settings.split_by, {group[0] for group in groups})
    parts = f"about {train} for training, {validation} for validation, {test} for the test"
    words = f"{counted(len(set(groups)), *what)}: {parts}.{_together(groups)}"
    caution = None
    if not test:
        caution = f"Only {counted(len(set(groups)), *what)}: nobody is left for a test."
    elif train < FEW:
        caution = f"Only {counted(train, *what)} to learn from: a model needs more to do well with somebody new."
    return SplitOutlook(words, by_split, caution)


def named_in(dataset_id: str, state: str) -> int:
    """How many people are named in the dataset's samples of that state."""
    there = (Sample.dataset_id == dataset_id, Sample.deleted_at.is_(None), Sample.state == state)
    return db.session.scalar(select(func.count(Sample.person_id.distinct())).where(*there)) or 0


def _kind(split_by: str, kinds: set[str]) -> tuple[str, str]:
    if split_by == "source":
        return "recording", "recordings"
    if kinds == {PERSON}:
        return "person", "people"
    what = "of people" if kinds <= {PERSON, PEOPLE} else "of people or scenes"
    return f"group {what}", f"groups {what}"


def _together(groups: Collection[tuple[str, ...]]) -> str:
    """Who counts as one, why, and what divides them; "" where everybody counts for themselves."""
    found = [listed(names, NAMED_AT_MOST) for names in kept_together(groups)]
    if not found:
        return ""
    return (
        f" Kept together, because samples of nobody named may show any of them: {'; '.join(found[:NAMED_AT_MOST])}"
        f"{f'; and {len(found) - NAMED_AT_MOST:,} more groups' if len(found) > NAMED_AT_MOST else ''}. "
        'To divide them, choose "Nobody named" in the grid and say who is in these samples.'
    )


def _facts(dataset_id: str, settings: RunSettings, alike: bool) -> tuple[list[SampleFacts], list[SampleFacts]]:
    """Of samples to train on, and of others that are named; those of one person and recording are read at once.

    alike: each picture by itself.
    """
    there = (Sample.dataset_id == dataset_id, Sample.deleted_at.is_(None))
    wanted = Sample.state.in_(settings.states)
    # any one of a recording's pictures stands for the others
    of_picture = (func.min(Picture.sha256), func.min(Picture.dhash))
    columns = (PicturedPerson.name, Picture.source, Picture.session, Sample.split)
    groups = (*columns, Picture.id) if alike else columns
    query = (
        select(*columns, *of_picture, wanted, func.count())
        .select_from(Sample)
        .join(Picture, Picture.id == Sample.picture_id)
    )
    query = query.outerjoin(PicturedPerson, PicturedPerson.id == Sample.person_id).where(*there)
    facts: list[SampleFacts] = []
    known: list[SampleFacts] = []
    for name, source, session, split, picture, dhash, trained_on, count in db.session.execute(
        query.group_by(*groups, wanted)
    ):
        one = SampleFacts(name or "", source, session, picture, dhash, split or "")
        facts += [one] * (count if trained_on else 0)
        known += [one] if name and not trained_on else []
    return facts, known
