"""A table of keypoints: columns image, NAME_x, NAME_y, NAME_visible; a row per person; pictures beside it or in images/

Visible is 0 or 1, as in the tables of LSP: such a table knows nothing of keypoints that are there and covered.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import Skeleton
from webapp.datasets.files import Files
from webapp.datasets.formats.checks import (
    KeypointOrder,
    box_around,
    name_for_report,
    order_of,
    parsed,
    skeleton_of_names,
)
from webapp.datasets.formats.pictures import PictureNames, ending, picture_size
from webapp.datasets.records import VISIBLE, Finding, LabelledPerson, LabelledPicture

_IMAGE, _X, _Y, _VISIBLE = "image", "_x", "_y", "_visible"
_HEAD_BYTES = 64 * 1024
_Row = Mapping[str | None, str | list[str] | None]


def recognises(files: Files) -> bool:
    """Whether one of the files is a table with these columns."""
    return bool(_tables(files))


def skeleton_of(files: Files) -> Skeleton:
    """The keypoints of the first table, in the order of its columns; a table knows no edges."""
    for _, names in _tables(files):
        return skeleton_of_names("imported", names, ())
    raise InvalidInputError("there is no table with the columns image, NAME_x, NAME_y and NAME_visible")


def read(files: Files, skeleton: Skeleton) -> Iterator[LabelledPicture | Finding]:
    """Every picture of every table; rows of one picture stand together. A person's box is around the keypoints."""
    pictures = PictureNames(files)
    seen: set[str] = set()
    for name, names in _tables(files):
        order = order_of(names, skeleton)
        if order.note:
            yield Finding(name, order.note, "noted")
        for image, rows in groupby(_rows(files, name), key=lambda row: row.get(_IMAGE)):
            try:
                picture, notes = _picture(files, pictures, name, list(rows), order)
                if picture.file_name in seen:
                    raise InvalidInputError("it is in the table before; put all its rows together")
            except InvalidInputError as error:
                yield Finding(name_for_report(image), str(error))
                continue
            seen.add(picture.file_name)
            yield from (Finding(picture.file_name, note, "noted") for note in notes)
            yield picture


def _picture(
    files: Files, pictures: PictureNames, table: str, rows: Sequence[_Row], order: KeypointOrder
) -> tuple[LabelledPicture, list[str]]:
    file_name = pictures.find(str(rows[0].get(_IMAGE)), table)
    width_px, height_px = picture_size(files, file_name)
    people, notes = [], []
    for row in rows:
        if None in row or None in row.values():
            raise InvalidInputError(f"a row of it in {table} has more or fewer values than there are columns")
        there = np.array([parsed(str(row[name + _VISIBLE]), f"{name}{_VISIBLE}") for name in order.names]) != 0
        points = np.full((len(there), 2), np.nan)
        for position in np.flatnonzero(there):
            name = order.names[position]
            points[position] = [parsed(str(row[name + axis]), name + axis) for axis in (_X, _Y)]
        label, moved = order.label(points, there.astype(np.int64) * VISIBLE, width_px, height_px)
        people.append(LabelledPerson(box_around(label, width_px, height_px), label))
        notes += [moved] if moved else []
    return LabelledPicture(file_name, width_px, height_px, tuple(people)), notes


def _rows(files: Files, name: str) -> Iterator[_Row]:
    with files.open(name) as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
        try:
            yield from csv.DictReader(text)
        except (csv.Error, UnicodeDecodeError) as error:
            raise InvalidInputError(f"{name} is no whole table: {error}; save it as CSV in UTF-8") from None


def _tables(files: Files) -> list[tuple[str, list[str]]]:
    """Each table with its keypoints' names in the order of the columns."""
    tables = []
    for name in ending(files, (".csv",)):
        with files.open(name) as file:
            first = file.read(_HEAD_BYTES).decode("utf-8-sig", "replace").partition("\n")[0]
        columns = next(csv.reader([first]), [])
        names = [column.removesuffix(_X) for column in columns if column.endswith(_X)]
        whole = len(set(columns)) == len(columns) and all(
            name + axis in columns for name in names for axis in (_Y, _VISIBLE)
        )
        if _IMAGE in columns and names and whole:
            tables.append((name, names))
    return tables
