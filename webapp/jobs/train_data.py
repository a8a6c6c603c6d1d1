"""What a run trains on: a version's labelled samples as an archive in the run's folder, each in its split."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import select

from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.core.skeleton import Skeleton
from webapp.core.wording import counted
from webapp.datasets.formats.npz_writing import in_crop, write_into
from webapp.datasets.picture_file import to_bgr
from webapp.datasets.picture_store import SCRATCH_PREFIX, PictureStore, store_of
from webapp.datasets.records import ABSENT, SPLITS, LabelledPerson, LabelledPicture
from webapp.db.base import db
from webapp.db.datasets import Dataset, Picture, PicturedPerson, Sample, VersionSample
from webapp.jobs.context import JobContext
from webapp.jobs.export_pictures import ExportPicture, contents, version_pictures
from webapp.jobs.import_pictures import AHEAD, THREADS, ahead
from webapp.services.dataset_access import skeleton_of
from webapp.training.archive import TrainingData, read_archive
from webapp.training.baselines import tested_on
from webapp.training.config import RunSettings
from webapp.training.records import ARCHIVE, TrainingFailedError
from webapp.training.splits import SampleFacts, Shares, splits_of

MIN_SAMPLES = 8
"""Fewer are not worth a run: one each to validate and to test on leaves too little."""
_DRAWS = 10
_BYTES_A_PIXEL = 5  # 4 in the archive, 1 of what waits until all are counted
_NAMED = 3


def write_archive(context: JobContext, version_id: str, settings: RunSettings, folder: Path) -> Mapping[str, object]:
    """Write ARCHIVE into the run's folder, or keep a whole one that is there; what is in it, for the run's row.

    The answer, JSON: samples and people, a number for each split (people who are named); split_by; labelled: by
    keypoint how many samples have it; tested_on: test, or validation where there were too few groups for a test;
    left_out: how many of these states have no label, no keypoint within the crop, or no picture any more.

    InvalidInputError, with the remedy, where there is too little, nobody to validate on, or a keypoint that is never
    labelled in what is trained or validated on; TrainingFailedError where it cannot be written.
    """
    path = folder / ARCHIVE
    source = _Source(context, version_id, settings)
    data = _kept(path)
    if data is None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        splits = source.splits()
        _write(path, source, splits)
        data = read_archive(path)
    _require_enough(data.split, data.visibility, data.skeleton)
    return {**_summary(data), "split_by": settings.split_by, "left_out": max(0, source.samples - len(data))}


def _kept(path: Path) -> TrainingData | None:
    """Of an attempt before. Without a whole one it is written anew."""
    try:
        return read_archive(path) if path.is_file() else None
    except InvalidInputError:
        path.unlink()
        return None


class _Source:
    """A version's samples of the states that are trained on, in a stream, twice: labels alone, then with pictures."""

    def __init__(self, context: JobContext, version_id: str, settings: RunSettings) -> None:
        self.context, self.settings = context, settings
        self._version_id = version_id
        self._store: PictureStore = store_of(context.settings)
        dataset = db.session.get(Dataset, context.dataset_id)
        if dataset is None:
            raise NotFoundError("the dataset was deleted")
        self.skeleton: Skeleton = skeleton_of(dataset)
        with db.engine.connect() as connection:
            self._pictures, self.samples = contents(connection, version_id, settings.states)
        db.session.rollback()

    def splits(self) -> dict[str, str]:
        """Of each sample that can be trained on its split."""
        self.context.begin("Looking through the labels", self._pictures)
        sample_ids: list[str] = []
        facts: list[SampleFacts] = []
        known = self._known()
        seen: list[NDArray[np.uint8]] = []
        for each in self._each():
            for sample_id, person in zip(each.sample_ids, each.picture.people, strict=True):
                visibility = _visibility(person)
                if visibility.any():
                    sample_ids.append(sample_id)
                    facts.append(_facts(each, person))
                    seen.append(visibility)
                elif person.person:
                    known.append(_facts(each, person))
        if len(facts) < MIN_SAMPLES:
            raise InvalidInputError(_too_few(len(facts), self.settings.states))
        return dict(zip(sample_ids, self._drawn(facts, np.array(seen), known), strict=True))

    def with_pixels(self, splits: Mapping[str, str]) -> Iterator[LabelledPicture]:
        """One sample after the other as a picture of its own, named by its id."""
        self.context.begin("Cutting out people", self._pictures)
        with ThreadPoolExecutor(THREADS, thread_name_prefix="archive") as pool:
            for each, pixels in ahead(pool, self._decoded, self._each(), AHEAD):
                if pixels is None:
                    continue
                for sample_id, person in zip(each.sample_ids, each.picture.people, strict=True):
                    if sample_id in splits:
                        people = (replace(person, split=splits[sample_id]),)
                        yield replace(each.picture, file_name=sample_id, people=people, extra={}, pixels=pixels)

    def _each(self) -> Iterator[ExportPicture]:
        with db.engine.connect() as connection:
            for number, each in enumerate(version_pictures(connection, self._version_id, self.settings.states), 1):
                self.context.look(number)
                if self._path(each).is_file():
                    yield each

    def _drawn(self, facts: Sequence[SampleFacts], seen: NDArray[np.uint8], known: Sequence[SampleFacts]) -> list[str]:
        """Drawn again where a keypoint that is labelled at all is in none of a split's samples: few may have it."""
        shares = Shares(self.settings.validation_share, self.settings.test_share)
        everywhere = bool(seen.any(axis=0).all())
        splits: list[str] = []
        for draw in range(_DRAWS if everywhere else 1):
            seed = self.settings.seed + draw
            splits = splits_of(facts, self.settings.split_by, shares, seed, self.context.look, known=known)
            if _lacking(np.array(splits), seen) is None:
                break
        _require_enough(np.array(splits), seen, self.skeleton)
        return splits

    def _known(self) -> list[SampleFacts]:
        """Who is named in samples that are not trained on: somebody unnamed in the same recording may be they."""
        columns = (PicturedPerson.name, Picture.source, Picture.session, Picture.sha256, Picture.dhash)
        query = select(*columns).select_from(VersionSample).join(Sample, Sample.id == VersionSample.sample_id)
        query = query.join(Picture, Picture.id == Sample.picture_id)
        query = query.join(PicturedPerson, PicturedPerson.id == VersionSample.person_id)
        others = VersionSample.state.not_in(self.settings.states)
        with db.engine.connect() as connection:
            rows = connection.execute(query.where(VersionSample.version_id == self._version_id, others)).all()
        return [SampleFacts(*row) for row in rows]

    def _decoded(self, each: ExportPicture) -> tuple[ExportPicture, NDArray[np.uint8] | None]:
        try:
            with Image.open(self._path(each)) as image:
                return each, to_bgr(image)
        except OSError:  # deleted meanwhile, or damaged on the disk: left out, and counted so
            return each, None

    def _path(self, each: ExportPicture) -> Path:
        return self._store.path(each.sha256, each.suffix)


def _visibility(person: LabelledPerson) -> NDArray[np.uint8]:
    """Within the crop; empty without a label."""
    return np.empty(0, np.uint8) if person.label is None else in_crop(person, person.label)[1]


def _facts(each: ExportPicture, person: LabelledPerson) -> SampleFacts:
    picture = each.picture
    return SampleFacts(
        person.person or "", picture.source or "", picture.session or "", each.sha256, each.dhash, person.split or ""
    )


def _write(path: Path, source: _Source, splits: Mapping[str, str]) -> None:
    """Whole or not at all; nothing else of the pictures stays in the folder, whatever happens."""
    for half_written in path.parent.glob(f"{SCRATCH_PREFIX}*"):
        half_written.unlink(missing_ok=True)
    scratch: str | None = None
    try:
        descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=SCRATCH_PREFIX)
        with os.fdopen(descriptor, "wb") as file:
            write_into(
                file,
                source.with_pixels(splits),
                source.skeleton,
                source.settings.side_px,
                packed=False,
                scratch=path.parent,
                look=source.context.look,
            )
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    except OSError as error:
        needed_mb = math.ceil(len(splits) * source.settings.side_px**2 * _BYTES_A_PIXEL / 2**20)
        raise TrainingFailedError(
            f"the pictures to train on cannot be written to {path.parent} ({error.strerror or error}): "
            f"they take {needed_mb:,} MB; make room there, or begin a run with a smaller side_px"
        ) from error
    finally:
        if scratch is not None:
            Path(scratch).unlink(missing_ok=True)


def _require_enough(splits: NDArray[np.str_], visibility: NDArray[np.uint8], skeleton: Skeleton) -> None:
    """InvalidInputError where keypoints are labelled in nothing that is trained on, or in nothing validated on."""
    never = np.flatnonzero(~(visibility != ABSENT).any(axis=0))
    lacking = (never, "any sample that could be trained on") if len(never) else _lacking(splits, visibility)
    if lacking is None:
        return
    which, where = lacking
    names = [skeleton.keypoints[at] for at in which.tolist()]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    verb, pronoun = ("is", "it") if len(names) == 1 else ("are", "them")
    raise InvalidInputError(
        f"{', '.join(names[:_NAMED])}{more} {verb} not labelled in {where}; label {pronoun} in some, "
        f"or use a dataset whose skeleton is without {pronoun}"
    )


def _lacking(splits: NDArray[np.str_], visibility: NDArray[np.uint8]) -> tuple[NDArray[np.intp], str] | None:
    """Keypoints that none of a split's samples has, and which samples these are."""
    for split, are in (("train", "trained on"), ("validation", "validated on")):
        rows = visibility[splits == split]
        missing = np.flatnonzero(~(rows != ABSENT).any(axis=0))
        if len(missing):
            return missing, f"any of the {counted(len(rows), 'sample')} that would be {are}"
    return None


def _summary(data: TrainingData) -> dict[str, object]:
    samples = {split: len(data.rows(split)) for split in SPLITS}
    named = {split: set(data.person[data.rows(split)].tolist()) - {""} for split in SPLITS}
    labelled = (data.visibility != ABSENT).sum(axis=0).tolist()
    return {
        "samples": samples,
        "people": {split: len(names) for split, names in named.items()},
        "labelled": dict(zip(data.skeleton.keypoints, labelled, strict=True)),
        "tested_on": tested_on(data),
    }


def _too_few(count: int, states: Sequence[str]) -> str:
    there = f"{counted(count, 'sample')} of this dataset" if count else "no sample of this dataset"
    are = "is" if count <= 1 else "are"
    more = f"{MIN_SAMPLES - count} more" if count else str(MIN_SAMPLES)
    remedy = f"label {more}"
    if "proposed" not in states:
        remedy = f"label and review {more}, or train on proposed ones too"
    elif "reviewed" not in states:
        remedy = f"have a pose model label {more}, or train on reviewed ones too"
    return f"{there} {are} labelled and {' or '.join(states)}; a run needs at least {MIN_SAMPLES}: {remedy}"
