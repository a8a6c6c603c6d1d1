"""Accounts: signing up, roles, switching accounts on and off, the first administrator."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence

from blinker import Signal
from flask_security import hash_password
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from webapp.core.errors import InvalidInputError, NotAllowedError, NotFoundError
from webapp.db.accounts import ROLES, FirstAdminToken, Role, User, users_roles
from webapp.db.base import db, new_id
from webapp.db.engine import transaction, unless_taken
from webapp.services.account_rules import check_password, clean_email, clean_username, username_key
from webapp.services.permissions import require_role

logins_ended = Signal("logins of an account have just ended; sent after the commit with user_id")

LAST_ADMIN = "this is the last active administrator; make another one first"
USED_LINK = "this link does not work any more: it was used, or it is not the one that the server printed at its start"


def create_account(username: str, password: str, email: str | None = None, role: str = "user") -> User:
    """A new active account. InvalidInputError when a rule is broken or the name or address is taken."""
    account = _new_account(username, password, email)
    with unless_taken(_taken(account)), transaction() as session:
        account.roles = [_role(session, role)]
        session.add(account)
    return account


def find_by_identity(identity: str) -> User | None:
    """The account of this user name or e-mail address, in any case."""
    text = identity.strip()
    if not text.isprintable():  # no stored name is; and PostgreSQL takes no NUL even in a question
        return None
    column, value = (User.email, text.lower()) if "@" in text else (User.username_key, username_key(text))
    return db.session.scalar(select(User).where(column == value))


def get_account(username: str) -> User:
    account = find_by_identity(username)
    if account is None:
        raise NotFoundError(f"there is no account {username!r}")
    return account


def list_accounts(actor: User) -> Sequence[User]:
    """All accounts, by name; for coaches, who choose whose history to look at, and administrators."""
    require_role(actor, "coach")
    return all_accounts()


def all_accounts() -> Sequence[User]:
    """All accounts, by name; for the command line, whose user owns the machine."""
    return db.session.scalars(select(User).order_by(User.username_key)).all()


def set_role(actor: User, user_id: int, role: str) -> User:
    require_role(actor, "admin")
    return change_role(user_id, role)


def change_role(user_id: int, role: str) -> User:
    """Give an account this role in place of its former one; the last administrator stays one."""
    with transaction() as session:
        account, wanted = _account(session, user_id), _role(session, role)
        if account.role == "admin" and role != "admin":
            _require_another_admin(session, account)
        account.roles = [wanted]
    return account


def set_active(actor: User, user_id: int, active: bool) -> User:
    """Switch an account on or off. Off ends its logins at once; its data stays."""
    require_role(actor, "admin")
    with transaction() as session:
        account = _account(session, user_id)
        if not active and account.role == "admin":
            _require_another_admin(session, account)
        account.active = active
        account.fs_uniquifier = new_id()
    logins_ended.send(None, user_id=user_id)
    return account


def set_password(user_id: int, password: str) -> User:
    """A new password; every login of the account ends."""
    with transaction() as session:
        account = _account(session, user_id)
        check_password(password, account.username)
        account.password = hash_password(password)
        account.fs_uniquifier = new_id()
    logins_ended.send(None, user_id=user_id)
    return account


def login_keys(user_ids: Collection[int]) -> Mapping[int, str]:
    """What the valid logins of these accounts carry now; without the accounts that are off or gone."""
    query = select(User.id, User.fs_uniquifier).where(User.id.in_(user_ids), User.active)
    return {row.id: row.fs_uniquifier for row in db.session.execute(query)}


def has_admin() -> bool:
    return _active_admins(db.session()) > 0


def issue_first_admin_token() -> str | None:
    """A one-time token that creates the first administrator; None once there is one. Only its hash is kept."""
    token = secrets.token_urlsafe(32)
    with transaction() as session:
        if _active_admins(session):
            return None
        session.add(FirstAdminToken(token_hash=_hash(token)))
    return token


def require_first_admin_token(token: str) -> None:
    """NotAllowedError unless the token would create the first administrator now."""
    if has_admin() or db.session.get(FirstAdminToken, _hash(token)) is None:
        raise NotAllowedError(USED_LINK)


def create_first_admin(token: str, username: str, password: str, email: str | None = None) -> User:
    """Use up the token: the account becomes administrator. Of two people with links, one succeeds."""
    require_first_admin_token(token)
    account = _new_account(username, password, email)
    with unless_taken(_taken(account)), transaction() as session:
        # deleting every token first makes the second of two people wait, and then find none
        removed = session.execute(delete(FirstAdminToken).returning(FirstAdminToken.token_hash)).scalars().all()
        if _hash(token) not in removed or _active_admins(session):
            raise NotAllowedError(USED_LINK)
        account.roles = [_role(session, "admin")]
        session.add(account)
    return account


def _new_account(username: str, password: str, email: str | None) -> User:
    name = clean_username(username)
    check_password(password, name)
    address = clean_email(email)
    return User(username=name, username_key=username_key(name), email=address, password=hash_password(password))


def _taken(account: User) -> str:
    also = f" or the e-mail address {account.email!r}" if account.email else ""
    return f"the user name {account.username!r}{also} is taken; choose another"


def _account(session: Session, user_id: int) -> User:
    account = session.get(User, user_id)
    if account is None:
        raise NotFoundError(f"there is no account with the number {user_id}")
    return account


def _role(session: Session, name: str) -> Role:
    if name not in ROLES:
        raise InvalidInputError(f"there is no role {name!r}; known: {', '.join(ROLES)}")
    return session.scalars(select(Role).where(Role.name == name)).one()


def _active_admins(session: Session) -> int:
    joined = select(func.count()).select_from(users_roles).join(Role).join(User)
    return session.scalar(joined.where(Role.name == "admin", User.active)) or 0


def _require_another_admin(session: Session, account: User) -> None:
    if account.active and _active_admins(session) <= 1:
        raise InvalidInputError(LAST_ADMIN)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
