"""Who may do what, in one place. Roles build on each other: user, coach, admin."""

from __future__ import annotations

from webapp.core.errors import NotAllowedError
from webapp.db.accounts import User


def require_role(actor: User, role: str) -> None:
    if not actor.may_act_as(role):
        raise NotAllowedError(f"this needs the role {role}; your account has the role {actor.role}")


def may_see_history_of(actor: User, user_id: int) -> bool:
    return actor.id == user_id or actor.may_act_as("coach")


def may_delete_history_of(actor: User, user_id: int) -> bool:
    return actor.id == user_id or actor.may_act_as("admin")


def may_manage_actions_of(actor: User, user_id: int) -> bool:
    return actor.id == user_id or actor.may_act_as("admin")
