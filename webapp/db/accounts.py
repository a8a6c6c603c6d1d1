"""Who may come in, and as what."""

from __future__ import annotations

from flask_security import RoleMixin, UserMixin
from sqlalchemy import CheckConstraint, Column, ForeignKey, String, Table, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.db.base import Base, Moment, new_id, utc_now

ROLES = ("user", "coach", "admin")
"""Lowest first: a role may do everything the ones before it may."""

users_roles = Table(
    "users_roles",
    Base.metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True),
)


class Role(Base, RoleMixin):  # type: ignore[misc]  # Flask-Security ships no types
    __tablename__ = "roles"
    __table_args__ = (CheckConstraint("name IN ('user', 'coach', 'admin')", name="known"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(16), unique=True)


class User(Base, UserMixin):  # type: ignore[misc]  # Flask-Security ships no types
    """An account. username_key is the name as it is compared: two accounts cannot differ by case alone.

    bank_number rises with every change of the account's actions, so a worker can tell the newer bank from the older.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("length(username) > 0", name="username_not_empty"),
        CheckConstraint("bank_number >= 0", name="bank_number_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64))
    username_key: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str | None] = mapped_column(String(255), unique=True)
    password: Mapped[str] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True, server_default=true())
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True, default=new_id)
    bank_number: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[Moment] = mapped_column(default=utc_now)

    roles: Mapped[list[Role]] = relationship(secondary=users_roles, lazy="selectin")

    @property
    def role(self) -> str:
        """The highest role of this account."""
        names = {role.name for role in self.roles}
        return max(names & set(ROLES), key=ROLES.index, default=ROLES[0])

    def may_act_as(self, role: str) -> bool:
        """Whether this account's role is at least the one named."""
        return ROLES.index(self.role) >= ROLES.index(role)


class FirstAdminToken(Base):
    """SHA-256 of a one-time link that creates the first administrator."""

    __tablename__ = "first_admin_tokens"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[Moment] = mapped_column(default=utc_now)
