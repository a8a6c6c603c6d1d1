"""python -m tools.vendor: copies browser libraries and MediaPipe's models out of node_modules, each checked by sha256.

Browser libraries and their licences go to static/vendor/ (tools/vendor.toml lists them), MediaPipe's models to
weights/mediapipe/ (weights/manifest.toml). What lies there already with the right hash is left alone.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webapp.config import ROOT, load_settings
from webapp.core.errors import MoveprintError
from webapp.vision.weights import ModelFile, read_manifest, sha256_of

MANIFEST = ROOT / "tools" / "vendor.toml"
APACHE_2 = ROOT / "tools" / "apache-2.0.txt"
MODEL_HOLDERS = "The MediaPipe Authors, Google LLC"


class VendorError(MoveprintError):
    """node_modules is not what the manifest describes; the text says what to do."""


@dataclass(frozen=True)
class VendoredFile:
    """One file to copy; source and target are whole paths, offset and size_bytes say which part of the source."""

    package: str
    source: Path
    target: Path
    sha256: str
    offset: int = 0
    size_bytes: int | None = None


def main() -> int:
    """Copy what is missing; one sentence on standard error and exit status 1 where that cannot be done."""
    weights_dir = load_settings().weights_dir
    try:
        copied = vendor(
            [
                *browser_files(MANIFEST, ROOT / "node_modules", ROOT / "static" / "vendor"),
                *model_files(read_manifest(), ROOT / "node_modules", weights_dir),
            ]
        )
    except MoveprintError as error:
        print(f"vendor: {error}", file=sys.stderr)
        return 1
    write_notices(MANIFEST, ROOT / "static" / "vendor")
    _write_notice(weights_dir / "mediapipe" / "LICENSE.txt", MODEL_HOLDERS)
    print(f"Browser libraries and models: {copied} copied, the rest was there." if copied else "All there already.")
    return 0


def browser_files(manifest: Path, node_modules: Path, vendor_dir: Path) -> list[VendoredFile]:
    """What the manifest lists; VendorError where a package is missing or has another version."""
    files = []
    for package in read_packages(manifest):
        name = package["name"]
        found = _version(node_modules / name)
        if found != package["version"]:
            raise VendorError(
                f"node_modules has {name} {found}, {manifest.name} wants {package['version']}: run npm ci, "
                f"or write the new version and hashes into tools/{manifest.name}"
            )
        for file in package["files"]:
            source, target = node_modules / name / file["from"], vendor_dir / file["to"]
            files.append(VendoredFile(name, source, target, file["sha256"]))
    return files


def read_packages(manifest: Path) -> list[dict[str, Any]]:
    """The manifest's packages: name, version, licence, files."""
    packages: list[dict[str, Any]] = tomllib.loads(manifest.read_text(encoding="utf-8"))["package"]
    return packages


def write_notices(manifest: Path, vendor_dir: Path) -> None:
    """The licence of each package that comes without one, where its entry has a notice: Apache-2.0 for its holders."""
    for package in read_packages(manifest):
        if notice := package.get("notice"):
            _write_notice(vendor_dir / notice["to"], notice["holders"])


def model_files(files: Sequence[ModelFile], node_modules: Path, weights_dir: Path) -> list[VendoredFile]:
    """The model files that come out of the packages of package.json."""
    return [
        VendoredFile(
            file.name,
            node_modules / file.package / file.package_file,
            weights_dir / file.path,
            file.sha256,
            file.package_offset,
            file.size_bytes,
        )
        for file in files
        if file.package_file
    ]


def vendor(files: Iterable[VendoredFile]) -> int:
    """Copy each file that is not in its place with the right hash; how many. VendorError names one that is wrong."""
    copied = 0
    for file in files:
        if file.target.is_file() and sha256_of(file.target) == file.sha256:
            continue
        _copy(file)
        copied += 1
    return copied


def _copy(file: VendoredFile) -> None:
    if not file.source.is_file():
        raise VendorError(f"{file.source} is missing: run npm ci --ignore-scripts")
    file.target.parent.mkdir(parents=True, exist_ok=True)
    part = file.target.with_name(file.target.name + ".part")
    with file.source.open("rb") as source:
        source.seek(file.offset)
        part.write_bytes(source.read(file.size_bytes))
    found = sha256_of(part)
    if found != file.sha256:
        part.unlink()
        raise VendorError(f"{file.source} has sha256 {found}, expected {file.sha256}: run npm ci --ignore-scripts")
    part.replace(file.target)


def _write_notice(path: Path, holders: str) -> None:
    terms = APACHE_2.read_text(encoding="utf-8")
    path.write_text(f"Copyright {holders}. Licensed under the Apache License, Version 2.0.\n{terms}", encoding="utf-8")


def _version(package_dir: Path) -> str:
    try:
        return str(json.loads((package_dir / "package.json").read_text(encoding="utf-8"))["version"])
    except FileNotFoundError as error:
        raise VendorError(f"{package_dir} is missing: run npm ci --ignore-scripts") from error
    except (ValueError, KeyError) as error:
        raise VendorError(f"{package_dir}/package.json cannot be read ({error}): run npm ci") from error


if __name__ == "__main__":
    sys.exit(main())
