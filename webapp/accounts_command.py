"""`migrate` and `user`: the database and its accounts from the command line, for whoever owns the machine.

The parser of every command is built from here too, the web process's before eventlet has patched anything, so what
brings Flask and SQLAlchemy along is imported by the command that runs.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import TYPE_CHECKING

from webapp.config import Settings
from webapp.core.errors import InvalidInputError

if TYPE_CHECKING:
    from webapp.db.accounts import User


def add_user_arguments(parser: argparse.ArgumentParser) -> None:
    """add, list, role, password. A password is asked for or read from standard input, never an argument."""
    kinds = parser.add_subparsers(dest="user_command", required=True)
    add = kinds.add_parser("add", help="create an account; the password is asked for, or read from standard input")
    add.add_argument("username")
    add.add_argument("--email")
    add.add_argument("--role", default="user", help="user, coach or admin; default user")
    kinds.add_parser("list", help="every account with its role")
    role = kinds.add_parser("role", help="give an account a role")
    role.add_argument("username")
    role.add_argument("role", help="user, coach or admin")
    password = kinds.add_parser("password", help="set an account's password; its logins end")
    password.add_argument("username")


def migrate(settings: Settings) -> str:
    """Bring the database to this version; answers the sentence to print."""
    from webapp.app import create_app  # noqa: PLC0415
    from webapp.db.schema import upgrade  # noqa: PLC0415

    with create_app(settings).app_context():
        return f"The database is at version {upgrade()}."


def run_user(arguments: argparse.Namespace, settings: Settings) -> str:
    """Carry out one user command; answers the text to print."""
    from webapp.app import create_app  # noqa: PLC0415
    from webapp.db.schema import require_latest  # noqa: PLC0415
    from webapp.services import accounts  # noqa: PLC0415

    with create_app(settings).app_context():
        require_latest()
        match arguments.user_command:
            case "add":
                account = accounts.create_account(
                    arguments.username, _read_password(), arguments.email, role=arguments.role
                )
                return f"{account.username} has an account with the role {account.role}."
            case "role":
                account = accounts.change_role(accounts.get_account(arguments.username).id, arguments.role)
                return f"{account.username} now has the role {account.role}."
            case "password":
                account = accounts.set_password(accounts.get_account(arguments.username).id, _read_password())
                return f"{account.username} has a new password; all logins of this account ended."
            case _:
                return "\n".join(_line(account) for account in accounts.all_accounts()) or "There is no account yet."


def _line(account: User) -> str:
    state = "on" if account.active else "off"
    return f"{account.username:<32} {account.role:<6} {state:<4} {account.email or ''}".rstrip()


def _read_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Password, once more: ") != password:
        raise InvalidInputError("the two passwords differ; nothing was changed")
    return password
