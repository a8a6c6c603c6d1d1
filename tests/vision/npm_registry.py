"""A registry of one npm package on the tests' own server, and npm configured for it."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.vision.http_server import Served


def registry_of(server: Served, package: str, version: str) -> None:
    """Let the server know the package, its tarball being what it serves."""
    dist = {"tarball": server.url, "shasum": "0" * 40}
    versions = {version: {"name": package, "version": version, "dist": dist}}
    about = {"name": package, "dist-tags": {"latest": version}, "versions": versions}
    server.others[f"/{package.replace('/', '%2f')}"] = json.dumps(about).encode()


def configure_npm(server: Served, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What npm is configured for, in the environment: this registry, a cache of its own."""
    monkeypatch.setenv("npm_config_registry", server.url.removesuffix("model.bin"))
    monkeypatch.setenv("npm_config_cache", str(folder / "npm-cache"))


def tarball(files: Mapping[str, bytes], top: str = "package") -> bytes:
    """A package as npm packs it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        for name, content in files.items():
            info = tarfile.TarInfo(f"{top}/{name}")
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
