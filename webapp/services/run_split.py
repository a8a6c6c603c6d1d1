"""How a run would divide a dataset's samples as they are now: told before it is started."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from webapp.core.wording import counted
from webapp.datasets.records import SPLITS
from webapp.db.base import db
from webapp.db.datasets import Picture, PicturedPerson, Sample
from webapp.training.config import RunSettings
from webapp.training.splits import RECORDINGS, SampleFacts, Shares, groups_of, splits_of

MOST_ALONE = 2000
"""Single pictures, some of nobody named: more take too long to find those that look alike before a page is shown."""
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
    facts = _facts(dataset_id, settings, alike=False)
    alone = [each for each in facts if each.source not in RECORDINGS]
    if settings.split_by != "source" and not all(each.person for each in alone):
        if len(alone) > MOST_ALONE:
            return None
        facts = _facts(dataset_id, settings, alike=True)
    if not facts:
        return None
    shares = Shares(settings.validation_share, settings.test_share)
    splits = splits_of(facts, settings.split_by, shares, settings.seed)
    groups = groups_of(facts, "source" if settings.split_by == "source" else "person")
    there = defaultdict[str, set[tuple[str, ...]]](set)
    for split, group in zip(splits, groups, strict=True):
        there[split].add(group)
    by_split = [len(there[split]) for split in SPLITS]
    train, validation, test = by_split
    what = _kind(settings.split_by, {group[0] for group in groups})
    parts = f"about {train} for training, {validation} for validation, {test} for the test"
    words = f"{counted(len(set(groups)), *what)}: {parts}."
    caution = None
    if not test:
        caution = f"Only {counted(len(set(groups)), *what)}: nobody is left for a test."
    elif train < FEW:
        caution = f"Only {counted(train, *what)} to learn from: a model needs more to do well with somebody new."
    return SplitOutlook(words, by_split, caution)


def _kind(split_by: str, kinds: set[str]) -> tuple[str, str]:
    if split_by == "source":
        return "recording", "recordings"
    return ("person", "people") if kinds == {"person"} else ("group of people or scenes", "groups of people or scenes")


def _facts(dataset_id: str, settings: RunSettings, alike: bool) -> list[SampleFacts]:
    """Samples of the same person and recording are read once, with their number. alike: each picture by itself."""
    there = (Sample.dataset_id == dataset_id, Sample.deleted_at.is_(None), Sample.state.in_(settings.states))
    # any one of a recording's pictures stands for the others
    of_picture = (func.min(Picture.sha256), func.min(Picture.dhash))
    columns = (PicturedPerson.name, Picture.source, Picture.session, Sample.split)
    groups = (*columns, Picture.id) if alike else columns
    query = (
        select(*columns, *of_picture, func.count()).select_from(Sample).join(Picture, Picture.id == Sample.picture_id)
    )
    query = query.outerjoin(PicturedPerson, PicturedPerson.id == Sample.person_id).where(*there)
    facts: list[SampleFacts] = []
    for name, source, session, split, picture, dhash, count in db.session.execute(query.group_by(*groups)):
        facts += [SampleFacts(name or "", source, session, picture, dhash, split or "")] * count
    return facts
