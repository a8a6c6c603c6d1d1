"""Packages of the system that cannot be installed cost the tests that need them, and no other."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tools import test_packages


@pytest.mark.parametrize("said", ["", "warning: slow\nE: Could not resolve 'deb.example'\n"])
def test_without_network_one_line_says_what_is_skipped_and_the_tests_go_on(
    said: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    monkeypatch.setattr(
        subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 100, stdout="", stderr=said)
    )

    status = test_packages.install_packages()

    last = capfd.readouterr().out.splitlines()[-1]
    assert status == 0
    assert last.startswith("chromium and ")  # PostgreSQL may be there in a folder of its own
    assert "redis-server could not be installed" in last
    assert ("Could not resolve" if said else "no reason given") in last
    assert last.endswith("will be skipped")
