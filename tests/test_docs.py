"""The documents keep up with the code."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
from dataclasses import fields

import pytest

from webapp import cli
from webapp.config import ROOT, Settings


def test_every_setting_is_documented_and_nothing_else() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")

    documented = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))

    assert documented == {field.name for field in fields(Settings)}


def windows_commands() -> list[list[str]]:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```powershell\n(.*?)```", page, re.DOTALL)
    assert block is not None
    return [shlex.split(line.replace("\\", "/")) for line in block.group(1).splitlines()]


@pytest.mark.parametrize("words", windows_commands(), ids=" ".join)
def test_every_command_for_windows_exists(words: list[str]) -> None:
    match words:
        case ["py", "-3.11", "-m", "venv", ".venv"]:
            assert importlib.util.find_spec("venv")
        case [".venv/Scripts/python", "-m", "pip", "install", "-r", requirements]:
            assert (ROOT / requirements).is_file()
        case ["npm", "ci", "--ignore-scripts"]:
            assert (ROOT / "package-lock.json").is_file()
        case [".venv/Scripts/python", "-m", "webapp", *arguments]:
            assert callable(cli._parser().parse_args(arguments).run)
        case [".venv/Scripts/python", "-m", module]:
            assert callable(importlib.import_module(module).main)
        case _:
            pytest.fail(f"no test knows {words}")


def test_every_relative_link_of_the_documents_leads_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]

    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]

    assert not broken
