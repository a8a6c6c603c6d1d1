"""The rows of an import: a batch of pictures with their samples and labels in one transaction, or none of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from webapp.core.records import Box
from webapp.core.wording import counted
from webapp.datasets.label_bytes import to_bytes
from webapp.datasets.picture_store import PictureStore
from webapp.datasets.records import Finding, Label, LabelledPerson
from webapp.db.base import new_id, utc_now
from webapp.db.datasets import LabelRevision, Picture, Sample
from webapp.db.engine import transaction
from webapp.jobs.context import JobContext
from webapp.jobs.import_people import Names
from webapp.jobs.import_pictures import Prepared, Preparer
from webapp.services.dataset_access import raise_change_number
from webapp.services.proposals import least_sure
from webapp.vision.figures import box_iou

ADDED_BY, LABELLED_BY, LABELLED_OVER = MARKS = ("import_added_by", "import_labelled_by", "import_labelled_over")
"""Keys in the extra of a sample of a picture that was there before, while the import lasts: what is to be undone.
The last holds which teacher's proposal had to go."""
_SAME_PERSON = 0.5
"""A brought label is of the sample whose box overlaps its own so much."""
KNOWN = "it is in the dataset already and was not stored twice"
TAKEN_OUT = "it was in the dataset and was deleted during the import; hand it in again"


class ImportRows:
    """Writes batches."""

    def __init__(self, context: JobContext, store: PictureStore, preparer: Preparer, names: Names) -> None:
        self._context, self._store, self._preparer, self._names = context, store, preparer, names

    def write(self, batch: Sequence[Prepared | Finding], done: int) -> None:
        """The batch's rows, its findings, and how far the import is, all or nothing."""
        pictures = [item for item in batch if isinstance(item, Prepared)]
        with ExitStack() as held, transaction() as session:
            if pictures:
                # first of all: it makes a second import into this dataset wait, whose positions come after these
                raise_change_number(session, self._context.dataset_id)
                self._names.require(session)
            rows = _Batch(session, self._context, self._names)
            rows.look_up(pictures)
            held.enter_context(self._store.kept())
            for item in batch:
                if isinstance(item, Finding):
                    rows.findings.append(item)
                else:
                    self._take(rows, item)
            rows.store()
            self._context.advance(session, done, rows.findings)
        self._preparer.without_rows -= {item.stored.sha256 for item in pictures if item.stored is not None}

    def _take(self, rows: _Batch, prepared: Prepared) -> None:
        known = rows.known_picture(prepared)
        if known is None and prepared.stored is None:
            rows.findings.append(Finding(prepared.incoming.reported_name, TAKEN_OUT))
            return
        self._preparer.put_again(prepared)
        if known is None:
            rows.new_picture(prepared)
        else:
            rows.again(known, prepared)


class _Batch:
    """One transaction's rows as they are gathered."""

    def __init__(self, session: Session, context: JobContext, names: Names) -> None:
        self._session, self._context, self._names = session, context, names
        self._now = utc_now()
        self._pictures: list[dict[str, Any]] = []
        self._samples: list[dict[str, Any]] = []
        self._labels: list[dict[str, Any]] = []
        self._by_sha: dict[str, str] = {}
        last = select(func.max(Sample.position)).where(Sample.dataset_id == context.dataset_id)
        highest = session.scalar(last)
        self._position = 0 if highest is None else highest + 1
        self.findings: list[Finding] = []

    def look_up(self, pictures: Sequence[Prepared]) -> None:
        """Find out which of these the dataset has: the same file, or the same pixels."""
        hashes = {sha256 for prepared in pictures for sha256 in _hashes(prepared)}
        for column in (Picture.sha256, Picture.original_sha256):
            of_dataset = Picture.dataset_id == self._context.dataset_id
            rows = self._session.execute(select(column, Picture.id).where(of_dataset, column.in_(hashes)))
            self._by_sha.update({row[0]: row[1] for row in rows})

    def known_picture(self, prepared: Prepared) -> str | None:
        """The dataset's picture of the same file or the same pixels, if there is one; after look_up."""
        return next((self._by_sha[sha256] for sha256 in _hashes(prepared) if sha256 in self._by_sha), None)

    def new_picture(self, prepared: Prepared) -> None:
        incoming, stored = prepared.incoming, prepared.stored
        assert stored is not None
        picture_id = new_id()
        self._by_sha[stored.sha256] = self._by_sha[prepared.original_sha256] = picture_id
        self._pictures.append(
            {
                "id": picture_id,
                "dataset_id": self._context.dataset_id,
                "sha256": stored.sha256,
                "original_sha256": prepared.original_sha256,
                "suffix": stored.suffix,
                "size_bytes": stored.size_bytes,
                "file_name": incoming.file_name[-512:],
                "width_px": stored.width_px,
                "height_px": stored.height_px,
                "source": incoming.source,
                "session": incoming.session[:80],
                "frame_number": incoming.frame_number,
                "dhash": stored.dhash,
                "job_id": self._context.job_id,
                "extra": json.dumps(incoming.extra or {}, ensure_ascii=False),
                "added_at": self._now,
            }
        )
        for person in incoming.people:
            self._sample(picture_id, prepared, person, person.extra)

    def again(self, picture_id: str, prepared: Prepared) -> None:
        """A picture that the dataset has: what is new of it is added, and the rest is noted.

        A reviewed label takes the place of a model's proposal. What a person has said of somebody stays, deletions too.
        """
        people, name = prepared.incoming.people, prepared.incoming.reported_name
        self.store()  # it may be one of this very batch
        every = list(self._session.scalars(select(Sample).where(Sample.picture_id == picture_id)))
        there = [sample for sample in every if sample.deleted_at is None]
        if there and not any(person.label is not None for person in people):
            self.findings.append(Finding(name, KNOWN, "noted"))
            return
        left = every if there else []
        added = left_out = 0
        for person in people:
            sample = max(left, key=lambda each: box_iou(_box(each), person.box), default=None)
            if sample is None or box_iou(_box(sample), person.box) < _SAME_PERSON:
                self._sample(picture_id, prepared, person, {**person.extra, ADDED_BY: self._context.job_id})
                added += 1
                continue
            left.remove(sample)
            if _is_better(person, sample):
                self._label_known(sample, prepared, person)
                added += 1
            elif sample.deleted_at is None and person.label is not None:
                left_out += self._is_other(sample, person, person.label)
        told = [KNOWN]
        if added:
            told.append("what was new of its labels was added")
        if left_out:
            told.append(f"{counted(left_out, 'label')} left out, since others are there already")
        self.findings.append(Finding(name, "; ".join(told), "noted"))

    def store(self) -> None:
        """Write what was gathered; more may follow."""
        tables = (Picture, self._pictures), (Sample, self._samples), (LabelRevision, self._labels)
        for table, rows in tables:
            if rows:
                self._session.execute(insert(table), rows)
                rows.clear()

    def _sample(self, picture_id: str, prepared: Prepared, person: LabelledPerson, extra: Mapping[str, object]) -> None:
        label, state, box = person.label, _state(person), person.box
        sample_id = new_id()
        self._samples.append(
            {
                "id": sample_id,
                "dataset_id": self._context.dataset_id,
                "position": self._position,
                "picture_id": picture_id,
                "person_id": self._person_id(prepared, person),
                "x1_px": box.x1_px,
                "y1_px": box.y1_px,
                "x2_px": box.x2_px,
                "y2_px": box.y2_px,
                "state": state,
                "split": person.split,
                "extra": json.dumps(extra, ensure_ascii=False),
                "added_at": self._now,
                **self._of_label(person, state),
            }
        )
        self._position += 1
        if label is not None:
            self._labels.append(self._revision(sample_id, person, label))

    def _label_known(self, sample: Sample, prepared: Prepared, person: LabelledPerson) -> None:
        label, state, number = person.label, _state(person), sample.revision + 1
        assert label is not None
        extra = {**json.loads(sample.extra), **person.extra, LABELLED_BY: self._context.job_id}
        if sample.revision:
            extra[LABELLED_OVER] = sample.teacher
        values = self._of_label(person, state) | {"state": state, "extra": json.dumps(extra, ensure_ascii=False)}
        values |= {"revision": number, **dict.fromkeys(("bone_error", "disagreement", "pose_group"))}
        if sample.person_id is None:
            values["person_id"] = self._person_id(prepared, person)
        box = person.box
        corners = {"x1_px": box.x1_px, "y1_px": box.y1_px, "x2_px": box.x2_px, "y2_px": box.y2_px}
        self._session.execute(update(Sample).where(Sample.id == sample.id).values(**values, **corners))
        self._session.execute(insert(LabelRevision), [self._revision(sample.id, person, label, number)])

    def _is_other(self, sample: Sample, person: LabelledPerson, label: Label) -> bool:
        revision = self._session.get_one(LabelRevision, (sample.id, sample.revision))
        return revision.label != to_bytes(person.box, label)

    def _of_label(self, person: LabelledPerson, state: str) -> dict[str, Any]:
        label = person.label
        reviewed = label is not None and state == "reviewed"
        return {
            "revision": 0 if label is None else 1,
            "teacher": None if label is None else person.teacher,
            "confidence": None if label is None else least_sure(label),
            "labelled_by": self._context.created_by if reviewed else None,
            "labelled_at": self._now if reviewed else None,
        }

    def _revision(self, sample_id: str, person: LabelledPerson, label: Label, number: int = 1) -> dict[str, Any]:
        return {
            "sample_id": sample_id,
            "revision": number,
            "label": to_bytes(person.box, label),
            "state": _state(person),
            "origin": "import",
            "author_id": self._context.created_by,
            "made_at": self._now,
        }

    def _person_id(self, prepared: Prepared, person: LabelledPerson) -> str | None:
        found = self._names.person_id(self._session, prepared.incoming, person)
        if not isinstance(found, Finding):
            return found
        if found not in self.findings:  # it holds of several people in the picture
            self.findings.append(found)
        return None


def _hashes(prepared: Prepared) -> tuple[str, ...]:
    stored = prepared.stored
    return (prepared.original_sha256,) if stored is None else (prepared.original_sha256, stored.sha256)


def _state(person: LabelledPerson) -> str:
    """What was said, as far as it goes together with whether there is a label."""
    if person.label is None:
        return person.state if person.state == "excluded" else "unlabelled"
    return "proposed" if person.state == "unlabelled" else person.state


def _is_better(person: LabelledPerson, sample: Sample) -> bool:
    """Whether this one's label is to be the sample's."""
    if sample.deleted_at is not None or person.label is None:
        return False
    return not sample.revision or (sample.state == "proposed" and _state(person) == "reviewed")


def _box(sample: Sample) -> Box:
    return Box(sample.x1_px, sample.y1_px, sample.x2_px, sample.y2_px)
