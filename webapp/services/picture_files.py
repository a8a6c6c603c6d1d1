"""The files of the datasets that nobody needs any more: deleted after the rows, and what a crash left behind, swept."""

from __future__ import annotations

import datetime as dt
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

from flask import current_app
from sqlalchemy import select

from webapp.config import Settings
from webapp.datasets.picture_store import SCRATCH_PREFIX, PictureStore, datasets_dir, store_of
from webapp.datasets.thumbnails import thumbnails_beside
from webapp.db.base import db
from webapp.db.datasets import Picture
from webapp.db.jobs import ENDED, Job
from webapp.services.import_drafts import delete_abandoned
from webapp.services.run_files import sweep_runs
from webapp.services.version_files import sweep_versions

LEFT_AFTER_S = 3600.0
"""A file that no row names may be of an import that is still at it; one so old is not."""
EXPORT_KEPT_S = 7 * 24 * 3600.0
_AT_ONCE = 500


def delete_unused(shas: Iterable[str]) -> int:
    """Delete those of these pictures that no row of any dataset names any more, with their thumbnails; how many.

    To be called after the commit of what deleted their rows.
    """
    store = store_of(_settings())
    return sum(_delete_unused(store, part) for part in _parts(sorted(set(shas))))


def sweep() -> None:
    """Delete what a crash left: files that no row names, half-written ones, uploads of ended jobs, old exports.

    And the drafts of imports that nobody goes on with, and the folders of runs and of models that have no row.
    """
    settings = _settings()
    delete_abandoned()
    _sweep_pictures(settings, lambda path: _age_s(path) > LEFT_AFTER_S)
    folder = datasets_dir(settings)
    for path in folder.rglob(f"{SCRATCH_PREFIX}*"):
        if _age_s(path) > LEFT_AFTER_S:
            path.unlink(missing_ok=True)
    for upload in _folders(folder / "uploads"):
        if _age_s(upload) > LEFT_AFTER_S and _is_over(upload.name):
            shutil.rmtree(upload, ignore_errors=True)
    for export in _folders(folder / "exports"):
        if _age_s(export) > EXPORT_KEPT_S or not _is_known(export.name):
            shutil.rmtree(export, ignore_errors=True)
    sweep_runs()
    sweep_versions()


def delete_unused_since(moment: dt.datetime) -> None:
    """Delete what was stored since and no row names. An import that is still at it writes its own files anew."""
    _sweep_pictures(_settings(), lambda path: _age_s(path) <= time.time() - moment.timestamp())


def exports_dir(settings: Settings, job_id: str) -> Path:
    """The folder of what one export made."""
    return datasets_dir(settings) / "exports" / job_id


def _delete_unused(store: PictureStore, shas: list[str]) -> int:
    deleted = 0
    # whoever stores rows of these very files meanwhile waits, and then writes the files anew
    with store.kept(alone=True), db.engine.connect() as connection:
        used = set(connection.scalars(select(Picture.sha256).where(Picture.sha256.in_(shas))))
        for sha256 in shas:
            suffix = None if sha256 in used else store.suffix_of(sha256)
            if suffix is not None:
                store.delete(sha256, suffix)
                deleted += 1
            if sha256 not in used:
                for thumbnail in thumbnails_beside(store).of_picture(sha256):
                    thumbnail.unlink(missing_ok=True)
    return deleted


def _sweep_pictures(settings: Settings, is_meant: Callable[[Path], bool]) -> None:
    store = store_of(settings)
    paths = chain(store.root.glob("??/*"), thumbnails_beside(store).root.glob("??/*"))
    delete_unused({path.name[:64] for path in paths if not path.name.startswith(".") and is_meant(path)})


def _is_over(job_id: str) -> bool:
    state = db.session.scalar(select(Job.state).where(Job.id == job_id))
    return state is None or state in ENDED


def _is_known(job_id: str) -> bool:
    return db.session.scalar(select(Job.id).where(Job.id == job_id)) is not None


def _folders(parent: Path) -> Iterator[Path]:
    return (path for path in parent.glob("*") if path.is_dir())


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:  # another process was quicker
        return 0.0


def _parts(shas: list[str]) -> Iterator[list[str]]:
    return (shas[at : at + _AT_ONCE] for at in range(0, len(shas), _AT_ONCE))


def _settings() -> Settings:
    settings: Settings = current_app.config["MOVEPRINT_SETTINGS"]
    return settings
