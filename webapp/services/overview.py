"""How much there is of everything, for administrators."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from webapp.db.accounts import User
from webapp.db.actions import Action, Take
from webapp.db.base import Base, db
from webapp.db.history import Event
from webapp.db.schema import shown_url
from webapp.services.permissions import require_role


@dataclass(frozen=True)
class Overview:
    accounts: int
    actions: int
    takes: int
    events: int
    database: str


def overview(actor: User) -> Overview:
    require_role(actor, "admin")
    return Overview(_count(User), _count(Action), _count(Take), _count(Event), shown_url())


def _count(table: type[Base]) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0
