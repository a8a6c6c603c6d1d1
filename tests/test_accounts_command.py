"""`migrate` and `user` as their owner runs them: commands of their own, passwords from standard input."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from webapp.cli import main


@pytest.fixture
def instance_dir(tmp_path: Path, migrated_database: Path) -> Path:
    (tmp_path / "moveprint.sqlite3").write_bytes(migrated_database.read_bytes())
    return tmp_path


class Terminal:
    """Runs commands in this process, as `python -m webapp` would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def run(self, instance_dir: Path, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
        """Exit status, standard output, standard error."""
        self._monkeypatch.setenv("MOVEPRINT_INSTANCE_DIR", str(instance_dir))
        self._monkeypatch.setenv("MOVEPRINT_ASYNC_MODE", "threading")
        self._monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        status = main(arguments)
        return (status, *self._capsys.readouterr())


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(monkeypatch, capsys)


def test_migrate_makes_a_database_where_there_was_none(terminal: Terminal, tmp_path: Path) -> None:
    status, output, _ = terminal.run(tmp_path / "new", "migrate")

    assert status == 0
    assert "The database is at version" in output
    assert (tmp_path / "new" / "moveprint.sqlite3").exists()


def test_an_account_is_made_listed_promoted_and_given_a_new_password(terminal: Terminal, instance_dir: Path) -> None:
    made = terminal.run(instance_dir, "user", "add", "anna", "--email", "anna@example.org", stdin="orange kettle 9\n")
    promoted = terminal.run(instance_dir, "user", "role", "ANNA", "coach")
    changed = terminal.run(instance_dir, "user", "password", "anna@example.org", stdin="violet kettle 9\n")
    listed = terminal.run(instance_dir, "user", "list")

    assert (made[0], promoted[0], changed[0]) == (0, 0, 0)
    assert listed[1].split() == ["anna", "coach", "on", "anna@example.org"]
    assert "kettle" not in made[1] + changed[1]


@pytest.mark.parametrize(
    ("arguments", "stdin", "sentence"),
    [
        (("user", "add", "anna"), "short\n", "the password has 5 characters"),
        (("user", "add", "anna"), "", "the password has 0 characters"),
        (("user", "add", "a b"), "orange kettle 9\n", "user name 'a b' is not possible"),
        (("user", "add", "anna", "--role", "king"), "orange kettle 9\n", "there is no role 'king'"),
        (("user", "role", "nobody", "admin"), "", "there is no account 'nobody'"),
    ],
)
def test_what_will_not_do_is_one_sentence(
    terminal: Terminal, instance_dir: Path, arguments: tuple[str, ...], stdin: str, sentence: str
) -> None:
    status, _, complaint = terminal.run(instance_dir, *arguments, stdin=stdin)

    assert status == 1
    assert complaint.startswith("moveprint: ")
    assert sentence in complaint


def test_without_tables_the_command_says_what_to_run(terminal: Terminal, tmp_path: Path) -> None:
    status, _, complaint = terminal.run(tmp_path, "user", "list")

    assert status == 1
    assert "run python -m webapp migrate" in complaint
