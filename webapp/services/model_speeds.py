"""How fast each model is: measured by a worker when an administrator asks, and kept until it is measured anew."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sqlalchemy import delete, select

from webapp.core.errors import InvalidInputError
from webapp.db.accounts import User
from webapp.db.base import db
from webapp.db.engine import transaction
from webapp.db.models import ModelSpeed
from webapp.pipeline.inquiries import ModelSpeedQuestion
from webapp.services.analysis import Analysis, Result, WorkerUnavailableError
from webapp.services.models import find_entry, known
from webapp.services.permissions import require_role
from webapp.vision.catalogue import Role

MAX_RUNTIMES = 8


def kept_speeds() -> Mapping[tuple[str, str], Sequence[ModelSpeed]]:
    """By role and name, what was measured last, the fastest runtime first."""
    speeds: dict[tuple[str, str], list[ModelSpeed]] = {}
    for speed in db.session.scalars(select(ModelSpeed).order_by(ModelSpeed.ms)):
        speeds.setdefault((speed.role, speed.name), []).append(speed)
    return speeds


def measure(actor: User, analysis: Analysis, role: str, name: str) -> Sequence[ModelSpeed]:
    """Have a worker measure one model and keep the result; the fastest runtime first.

    InvalidInputError for a model that cannot be measured, with the remedy; WorkerUnavailableError without a worker.
    """
    require_role(actor, "admin")
    entry = find_entry(known(actor), role, name)
    if not entry.present:
        raise InvalidInputError(f"{entry.name} is {entry.state} and cannot be measured; {entry.remedy}")
    if not entry.measurable:
        raise InvalidInputError(f"{entry.name} is no network, so there is nothing to measure")
    speeds = _speeds(entry.role, name, analysis.fresh(ModelSpeedQuestion(entry.role, name)))
    with transaction() as session:
        session.execute(delete(ModelSpeed).where(ModelSpeed.role == role, ModelSpeed.name == name))
        session.add_all(speeds)
    return speeds


def _speeds(role: Role, name: str, result: Result) -> Sequence[ModelSpeed]:
    runtimes_ms, machine, threads = (result.get(key) for key in ("runtimes_ms", "machine", "threads"))
    if not (isinstance(runtimes_ms, dict) and isinstance(machine, str) and isinstance(threads, int)):
        raise WorkerUnavailableError("the worker's answer is no measurement; is it of the server's version?")
    measured = {str(runtime): ms for runtime, ms in runtimes_ms.items() if _is_time(ms)}
    if not measured:
        raise InvalidInputError(f"no runtime of the worker can run {name}")
    rows = [
        ModelSpeed(role=role, name=name, runtime=runtime[:32], ms=float(ms), machine=machine[:255], threads=threads)
        for runtime, ms in list(measured.items())[:MAX_RUNTIMES]
    ]
    return sorted(rows, key=lambda row: row.ms)


def _is_time(ms: object) -> bool:
    return isinstance(ms, int | float) and math.isfinite(ms) and ms > 0
