"""What the pages and the worker load is copied out of node_modules, checked, once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tools import vendor
from tools.vendor import VendorError, browser_files
from webapp.config import ROOT
from webapp.vision.weights import ModelFile

SCRIPT = b"export const answer = 42;\n"


@pytest.fixture
def node_modules(tmp_path: Path) -> Path:
    folder = tmp_path / "node_modules" / "lib"
    (folder / "dist").mkdir(parents=True)
    (folder / "dist" / "lib.js").write_bytes(SCRIPT)
    (folder / "package.json").write_text(json.dumps({"version": "1.2.3"}))
    return folder.parent


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "vendor.toml"
    sha256 = hashlib.sha256(SCRIPT).hexdigest()
    path.write_text(
        '[[package]]\nname = "lib"\nversion = "1.2.3"\n'
        f'files = [{{ from = "dist/lib.js", to = "lib/lib.js", sha256 = "{sha256}" }}]\n'
    )
    return path


def test_a_file_is_copied_once(node_modules: Path, manifest: Path, tmp_path: Path) -> None:
    files = browser_files(manifest, node_modules, tmp_path / "static")

    assert vendor.vendor(files) == 1
    assert (tmp_path / "static" / "lib" / "lib.js").read_bytes() == SCRIPT
    assert vendor.vendor(files) == 0


def test_a_damaged_copy_is_mended(node_modules: Path, manifest: Path, tmp_path: Path) -> None:
    files = browser_files(manifest, node_modules, tmp_path)
    vendor.vendor(files)
    files[0].target.write_text("altered")

    assert vendor.vendor(files) == 1
    assert files[0].target.read_bytes() == SCRIPT


def test_an_altered_source_is_refused_and_the_copy_stays(node_modules: Path, manifest: Path, tmp_path: Path) -> None:
    files = browser_files(manifest, node_modules, tmp_path)
    files[0].source.write_text("altered")

    with pytest.raises(VendorError, match=r"lib\.js has sha256 [0-9a-f]+, expected [0-9a-f]+: run npm ci"):
        vendor.vendor(files)

    assert not list(files[0].target.parent.iterdir())


def test_a_missing_package_or_file_says_what_to_run(node_modules: Path, manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(VendorError, match=r"lib is missing: run npm ci"):
        browser_files(manifest, tmp_path / "nowhere", tmp_path)
    files = browser_files(manifest, node_modules, tmp_path)
    files[0].source.unlink()
    with pytest.raises(VendorError, match=r"lib\.js is missing: run npm ci"):
        vendor.vendor(files)


def test_another_version_is_named(node_modules: Path, manifest: Path, tmp_path: Path) -> None:
    (node_modules / "lib" / "package.json").write_text(json.dumps({"version": "2.0.0"}))

    with pytest.raises(VendorError, match=r"node_modules has lib 2\.0\.0, vendor\.toml wants 1\.2\.3"):
        browser_files(manifest, node_modules, tmp_path)


def test_models_get_the_names_of_the_manifest(tmp_path: Path) -> None:
    packed = ModelFile("detector", "mediapipe/a.tflite", "00", 1, "x", "y", package="@m/pose", package_file="b.data")
    fetched = ModelFile("yolov5n", "yolov5/n.pt", "00", 1, "x", "y", url="https://example.org")
    converted = ModelFile("movenet", "m/m.tflite", "00", 1, "x", "y", package="@v/models", package_version="1.0.0")

    (file,) = vendor.model_files((packed, fetched, converted), tmp_path / "node_modules", tmp_path / "weights")

    assert file.source == tmp_path / "node_modules" / "@m" / "pose" / "b.data"
    assert file.target == tmp_path / "weights" / "mediapipe" / "a.tflite"


def test_a_model_inside_a_packed_file_is_cut_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "all.data").write_bytes(b"text" + SCRIPT + b"another model")
    sha256 = hashlib.sha256(SCRIPT).hexdigest()
    packed = ModelFile(
        "palm", "m/palm.tflite", sha256, len(SCRIPT), "x", "y", package="p", package_file="all.data", package_offset=4
    )

    vendor.vendor(vendor.model_files([packed], tmp_path, tmp_path))

    assert (tmp_path / "m" / "palm.tflite").read_bytes() == SCRIPT


def test_a_package_without_its_licence_gets_the_notice(tmp_path: Path) -> None:
    manifest = tmp_path / "vendor.toml"
    manifest.write_text('[[package]]\nname = "p"\nnotice = { to = "p.txt", holders = "The Authors" }\nfiles = []\n')

    vendor.write_notices(manifest, tmp_path)

    text = (tmp_path / "p.txt").read_text()
    assert text.startswith("Copyright The Authors. Licensed under the Apache License")
    assert "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" in text


def test_the_manifest_wants_the_versions_of_package_json() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    packages = vendor.read_packages(vendor.MANIFEST)

    assert {package["name"]: package["version"] for package in packages}.items() <= wanted.items()
    assert all("notice" in package or any("LICENSE" in file["to"] for file in package["files"]) for package in packages)
