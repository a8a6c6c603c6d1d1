"""The dataset that a command names: found, or made with the skeleton that is named or that the files have."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import func, or_, select

from webapp.config import Settings
from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.core.skeleton import SKELETONS, Skeleton
from webapp.core.skeleton_json import skeleton_from_json
from webapp.datasets.archives import open_zip
from webapp.datasets.formats.known import FORMATS, recognised
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.datasets import Dataset
from webapp.jobs.import_sources import files_at
from webapp.services import datasets
from webapp.services.accounts import get_account
from webapp.services.names import name_key
from webapp.services.sequence_json import parse_json
from webapp.vision.own_card import read_skeleton


def named_dataset(arguments: argparse.Namespace) -> Dataset:
    """The one of this name or id; NotFoundError where there is none, InvalidInputError where there are several."""
    found = _named(arguments)
    if not found:
        raise NotFoundError(f"there is no dataset {arguments.dataset!r}; see python -m webapp datasets list")
    if len(found) > 1:
        raise InvalidInputError(f"{len(found)} accounts have a dataset {arguments.dataset!r}; say whose with --owner")
    return found[0]


def dataset_or_new(arguments: argparse.Namespace, path: Path, settings: Settings) -> tuple[Dataset, bool]:
    """The dataset, and whether it has just been made, as --create asks where there is none of this name."""
    if not arguments.create or _named(arguments):
        return named_dataset(arguments), False
    owner = _sole_owner(arguments.owner)
    said = arguments.skeleton
    skeleton = named_skeleton(said) if said else _skeleton_of_files(path, arguments.format, settings)
    return datasets.create_dataset(owner, arguments.dataset, skeleton), True


def owner_of(dataset: Dataset) -> User:
    return db.session.get_one(User, dataset.owner_id)


def named_skeleton(said: str) -> Skeleton:
    """A ready-made one by its name, or one of a file; InvalidInputError where it cannot be read."""
    if said in SKELETONS:
        return SKELETONS[said]
    if not said.endswith(".json"):
        return read_skeleton(Path(said))
    try:
        return skeleton_from_json(parse_json(Path(said).read_bytes()))
    except OSError as error:
        raise InvalidInputError(f"skeleton {said} cannot be read: {error.strerror}") from error


def _named(arguments: argparse.Namespace) -> list[Dataset]:
    query = select(Dataset).where(
        or_(Dataset.id == arguments.dataset, Dataset.name_key == name_key(arguments.dataset.strip()))
    )
    if arguments.owner:
        query = query.where(Dataset.owner_id == get_account(arguments.owner).id)
    return list(db.session.scalars(query))


def _sole_owner(username: str | None) -> User:
    if username:
        return get_account(username)
    accounts = db.session.scalars(select(User).limit(2)).all()
    if len(accounts) != 1:
        count = db.session.scalar(select(func.count()).select_from(User))
        raise InvalidInputError(f"there are {count} accounts; say whose the dataset shall be with --owner USERNAME")
    return accounts[0]


def _skeleton_of_files(path: Path, format_name: str, settings: Settings) -> Skeleton:
    """The one that a labelled dataset says it has; format_name: "auto", or one of FORMATS."""
    with ExitStack() as held:
        is_zip = path.is_file() and path.suffix.lower() == ".zip"
        files = held.enter_context(open_zip(path, settings.max_import_bytes)) if is_zip else files_at(path)
        name = format_name if format_name in FORMATS else recognised(files)
        if name is None:
            raise InvalidInputError(f"{path} says nothing of keypoints; name them with --skeleton, such as coco_17")
        return FORMATS[name].skeleton_of(files)
