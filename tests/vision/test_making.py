"""A model inside an archive comes out whole or not at all, and no path of the archive is followed."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.vision.npm_registry import tarball
from webapp.core.errors import ModelUnavailableError
from webapp.vision import making
from webapp.vision.making import make_model, take_from_npm
from webapp.vision.weights import FileState, ModelFile, file_state

CONTENT = bytes(range(256)) * 100


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return buffer.getvalue()


def inside(archive: Path, member: str = "detect.tflite") -> ModelFile:
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    size = archive.stat().st_size
    return ModelFile(
        "ssd", "ssd/detect.tflite", sha256, size, "CC0", "all", url="http://x/a.zip", archive_member=member
    )


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"labelmap.txt": b"person", "detect.tflite": CONTENT, "../../evil": b"x"}))
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "ssd").mkdir()
    return tmp_path / "ssd" / "detect.tflite"


def test_the_member_comes_out_with_a_note_of_what_it_is(archive: Path, target: Path, tmp_path: Path) -> None:
    make_model(inside(archive), archive, target)

    assert target.read_bytes() == CONTENT
    assert file_state(inside(archive), tmp_path) is FileState.PRESENT
    note = json.loads((target.parent / "detect.tflite.json").read_text())
    assert note["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert {path.name for path in target.parent.iterdir()} == {"detect.tflite", "detect.tflite.json"}


def test_a_member_is_known_by_its_whole_name_and_written_under_ours(archive: Path, target: Path) -> None:
    make_model(inside(archive, member="../../evil"), archive, target)

    assert target.read_bytes() == b"x"
    assert not (target.parents[2] / "evil").exists()


def test_an_absent_member_is_named_with_those_there_are(archive: Path, target: Path) -> None:
    with pytest.raises(
        ModelUnavailableError, match=r"it has no member model\.tflite, but labelmap\.txt, detect\.tflite"
    ):
        make_model(inside(archive, member="model.tflite"), archive, target)

    assert list(target.parent.iterdir()) == []


def test_a_member_that_unpacks_to_too_much_is_refused(
    archive: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "MAX_MEMBER_BYTES", 1000)

    with pytest.raises(ModelUnavailableError, match=r"its detect\.tflite has 25600 bytes, at most 1000 are unpacked"):
        make_model(inside(archive), archive, target)


@pytest.mark.parametrize("cut", [0, 10, 100])
def test_a_damaged_archive_makes_nothing(archive: Path, target: Path, cut: int) -> None:
    target.write_bytes(b"what lay there")
    whole = archive.read_bytes()
    archive.write_bytes(whole[:cut])

    with pytest.raises(ModelUnavailableError, match=r"http://x/a\.zip: detect\.tflite could not be unpacked"):
        make_model(inside(archive), archive, target)

    assert target.read_bytes() == b"what lay there"


def test_content_that_does_not_fit_its_checksum_is_refused(archive: Path, target: Path) -> None:
    whole = zipped({"detect.tflite": CONTENT})
    archive.write_bytes(whole[:60] + bytes([whole[60] ^ 1]) + whole[61:])

    with pytest.raises(ModelUnavailableError, match="could not be unpacked"):
        make_model(inside(archive), archive, target)

    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("top", ["package", "human-models"])
def test_files_of_a_package_are_known_by_their_path_in_it(tmp_path: Path, top: str) -> None:
    archive = tmp_path / "p.tgz"
    archive.write_bytes(tarball({"models/a.json": b"a", "b.bin": b"b"}, top))

    take_from_npm(archive, {"models/a.json": tmp_path / "one", "b.bin": tmp_path / "two"})

    assert (tmp_path / "one").read_bytes() + (tmp_path / "two").read_bytes() == b"ab"


def test_a_link_in_a_package_is_no_file(tmp_path: Path) -> None:
    archive = tmp_path / "p.tgz"
    with tarfile.open(archive, "w:gz") as packed:
        link = tarfile.TarInfo("package/models/a.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        packed.addfile(link)
    file = ModelFile(
        "m", "m.tflite", "00", 1, "CC0", "all", package="p", package_version="1", graph_model="models/a.json"
    )

    with pytest.raises(ModelUnavailableError, match=r"the package has no file models/a\.json"):
        make_model(file, archive, tmp_path / "m.tflite")
