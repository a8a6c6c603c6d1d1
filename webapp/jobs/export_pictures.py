"""A version's labelled pictures in a stream: one after the other, each with everybody in it, whatever the number."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from webapp.core.records import Box
from webapp.datasets.formats.pictures import FOLDER
from webapp.datasets.label_bytes import from_bytes
from webapp.datasets.records import LabelledPerson, LabelledPicture
from webapp.db.datasets import LabelRevision, Picture, PicturedPerson, Sample, VersionSample
from webapp.jobs.import_rows import MARKS

_AT_ONCE = 500
_NO_FILE_NAME = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\#%]')
"""What some system or other does not have in file names, and what would have to be quoted in addresses."""
_NAME_MAX = 120


@dataclass(frozen=True)
class ExportPicture:
    """One picture as it is exported, and which stored file it is. sample_ids: of its people, in their order."""

    picture: LabelledPicture
    sha256: str
    suffix: str
    dhash: int
    sample_ids: tuple[str, ...]


def version_pictures(connection: Connection, version_id: str, states: Sequence[str]) -> Iterator[ExportPicture]:
    """Pictures with at least one sample of these states, in the order of their first samples; the same every time.

    File names begin with images/ and are unlike each other, also without their suffix and on systems that take upper
    and lower case for the same.
    """
    names = _UniqueNames()
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(_query(version_id, states))
    for _, of_picture in groupby(rows, key=lambda row: row.picture_id):
        samples = list(of_picture)
        first = samples[0]
        picture = LabelledPicture(
            file_name=f"{FOLDER}/{names.name(first.file_name, first.suffix)}",
            width_px=first.width_px,
            height_px=first.height_px,
            people=tuple(_person(row) for row in samples),
            source=first.source,
            session=first.session,
            extra=json.loads(first.picture_extra),
        )
        yield ExportPicture(picture, first.sha256, first.suffix, first.dhash, tuple(row.sample_id for row in samples))


def contents(connection: Connection, version_id: str, states: Sequence[str]) -> tuple[int, int]:
    """How many pictures and samples version_pictures has."""
    query = select(func.count(Sample.picture_id.distinct()), func.count()).select_from(VersionSample)
    query = query.join(Sample, Sample.id == VersionSample.sample_id)
    row = connection.execute(query.where(*_wanted(version_id, states))).one()
    return int(row[0]), int(row[1])


def _query(version_id: str, states: Sequence[str]) -> Select[*tuple[Any, ...]]:
    wanted = _wanted(version_id, states)
    firsts = select(Sample.picture_id, func.min(Sample.position).label("first"))
    firsts = firsts.join(VersionSample, VersionSample.sample_id == Sample.id).where(*wanted)
    first = firsts.group_by(Sample.picture_id).subquery()
    of_label = (LabelRevision.sample_id == Sample.id) & (LabelRevision.revision == VersionSample.revision)
    return (
        select(
            *(Picture.id.label("picture_id"), Picture.file_name, Picture.suffix, Picture.sha256),
            *(Picture.width_px, Picture.height_px, Picture.source, Picture.session, Picture.dhash),
            *(Picture.extra.label("picture_extra"), Sample.extra.label("sample_extra"), Sample.id.label("sample_id")),
            *(Sample.x1_px, Sample.y1_px, Sample.x2_px, Sample.y2_px, Sample.teacher),
            *(VersionSample.state, VersionSample.split, LabelRevision.label, PicturedPerson.name.label("person")),
        )
        .select_from(VersionSample)
        .join(Sample, Sample.id == VersionSample.sample_id)
        .join(Picture, Picture.id == Sample.picture_id)
        .join(first, first.c.picture_id == Picture.id)
        .outerjoin(LabelRevision, of_label)
        .outerjoin(PicturedPerson, PicturedPerson.id == VersionSample.person_id)
        .where(*wanted)
        .order_by(first.c.first, Sample.position)
    )


def _wanted(version_id: str, states: Sequence[str]) -> tuple[Any, Any]:
    return VersionSample.version_id == version_id, VersionSample.state.in_(states)


def _person(row: Row[Any]) -> LabelledPerson:
    box, label, teacher = Box(row.x1_px, row.y1_px, row.x2_px, row.y2_px), None, None
    if row.label is not None:
        (box, label), teacher = from_bytes(row.label), row.teacher
    extra = _without_marks(json.loads(row.sample_extra))
    return LabelledPerson(box, label, row.state, row.person, row.split, extra, teacher)


def _without_marks(extra: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in extra.items() if key not in MARKS}


class _UniqueNames:
    """File names that every system and every format can have side by side."""

    def __init__(self) -> None:
        self._taken: set[int] = set()

    def name(self, file_name: str, suffix: str) -> str:
        """As it came, as far as that goes, with the suffix of what was stored."""
        parts = [_NO_FILE_NAME.sub("_", part).strip(" .")[:_NAME_MAX] for part in PurePosixPath(file_name).parts]
        parts = [part for part in parts if part]
        if len(parts) > 1 and parts[0] == FOLDER:
            parts = parts[1:]
        stem = str(PurePosixPath(*parts).with_suffix("")) if parts else "picture"
        unique, number = stem, 1
        while hash(unique.casefold()) in self._taken:
            number += 1
            unique = f"{stem}-{number}"
        self._taken.add(hash(unique.casefold()))
        return f"{unique}.{suffix}"
