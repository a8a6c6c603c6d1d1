"""What every table shares: the metadata, the column types, and the one `db` extension."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, MetaData, String
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware datetime in UTC, on every database. SQLite forgets the zone, so it is taken off and put on here."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, _dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError(f"a stored time must know its zone, got {value!r}")
        return value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, _dialect: Dialect) -> dt.datetime | None:
        return None if value is None else value.replace(tzinfo=dt.UTC)


def new_id() -> str:
    """A fresh public id: 32 hex digits that say nothing about how many there are."""
    return uuid.uuid4().hex


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


PublicId = Annotated[str, mapped_column(String(32), primary_key=True, default=new_id)]
Moment = Annotated[dt.datetime, mapped_column(UtcDateTime)]


class Base(DeclarativeBase):
    # SQLite can only alter what has a name, so every constraint gets one
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


# tables derive from Base, not from db.Model, so that mypy sees their columns
db = SQLAlchemy(metadata=Base.metadata)
