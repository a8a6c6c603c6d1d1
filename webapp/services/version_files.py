"""The folders of registered models among the pose models of the installation's own.

Each has a note of its row's id, so that what a crash leaves between the two is known for what it is.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.config import OWN_MODELS_DIR, Settings
from webapp.db.base import db
from webapp.db.runs import ModelVersion
from webapp.services.run_files import LEFT_AFTER_S
from webapp.vision.own_conversion import scratch_beside

NOTE = "version.json"


def own_models_dir() -> Path:
    """Where the installation's own pose models lie, one folder each."""
    settings: Settings = current_app.config["MOVEPRINT_SETTINGS"]
    return settings.weights_dir / OWN_MODELS_DIR


def write_note(folder: Path, version_id: str) -> None:
    (folder / NOTE).write_text(json.dumps({"version_id": version_id}), encoding="utf-8")


def is_left(session: Session, folder: Path) -> bool:
    """Whether the folder is that of a version which has no row, or was removed."""
    try:
        version_id = json.loads((folder / NOTE).read_bytes())["version_id"]
    except (OSError, ValueError, KeyError, TypeError):  # a model that somebody added by hand
        return False
    query = select(ModelVersion.id).where(ModelVersion.id == str(version_id), ModelVersion.removed_at.is_(None))
    return session.scalar(query) is None


def delete_folder(folder: Path) -> None:
    """A model's folder, if it is there; it is gone at once, however long deleting takes."""
    if folder.is_dir():
        with scratch_beside(folder) as scratch:
            folder.rename(scratch / folder.name)


def sweep_versions() -> None:
    """Delete the folders of versions that have no row, or were removed: what a crash left."""
    for note in own_models_dir().glob(f"[!.]*/{NOTE}"):
        if time.time() - note.stat().st_mtime > LEFT_AFTER_S and is_left(db.session(), note.parent):
            delete_folder(note.parent)
    db.session.rollback()
