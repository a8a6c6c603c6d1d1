"""Folders and archives from outside: what is in them that is good, and every way of doing harm refused by name."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from tests.datasets.hostile import with_real_size_above_the_declared, zip_of
from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import COCO_17
from webapp.datasets import archives
from webapp.datasets.archives import ZipFiles, folder_files, open_zip, zip_written
from webapp.datasets.formats import npz

PLENTY = 2**30


def opened(tmp_path: Path, data: bytes, max_bytes: int = PLENTY) -> ZipFiles:
    path = tmp_path / "handed-in.zip"
    path.write_bytes(data)
    return open_zip(path, max_bytes)


def refused(files: ZipFiles) -> dict[str, str]:
    return {finding.file_name: finding.reason for finding in files.findings}


def test_the_files_of_an_archive_in_the_order_of_their_names(tmp_path: Path) -> None:
    with opened(tmp_path, zip_of({"b/2.txt": b"two", "a/1.txt": b"one", "b/": b""})) as files:
        assert files.names() == ["a/1.txt", "b/2.txt"]
        assert files.size_bytes("b/2.txt") == 3
        assert files.open("b/2.txt").read() == b"two"
        assert files.findings == []


def test_what_systems_put_beside_files_is_passed_over(tmp_path: Path) -> None:
    data = zip_of(
        {"__MACOSX/._a.jpg": b"x", ".DS_Store": b"x", "a/.hidden/b.jpg": b"x", "Thumbs.db": b"x", "a.jpg": b"x"}
    )
    with opened(tmp_path, data) as files:
        assert files.names() == ["a.jpg"]
        assert files.findings == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../out.jpg", "leads outside"),
        ("a/../../out.jpg", "leads outside"),
        ("/etc/passwd", "absolute path"),
        ("C:/windows/system.jpg", "absolute path"),
        ("c:out.jpg", "absolute path"),
        ("a\\b.jpg", "backslash"),
        ("..\\out.jpg", "backslash"),
        ("good.jpg\0.exe", "zero byte"),
        ("x" * 600, "longer than 512"),
        ("inner.zip", "archive within"),
        ("inner.tar.GZ", "archive within"),
    ],
)
def test_a_bad_name_is_refused_and_the_rest_goes_on(tmp_path: Path, name: str, reason: str) -> None:
    with opened(tmp_path, zip_with_raw_name(name)) as files:
        assert files.names() == ["good.txt"]
        assert list(refused(files)) == [name[:512]]
        assert reason in refused(files)[name[:512]]


def zip_with_raw_name(name: str) -> bytes:
    """Zipfile mends some names when it writes; so one of the same length is written and replaced."""
    stand_in = "n" * len(name.encode())
    return zip_of({"good.txt": b"good", stand_in: b"bad"}).replace(stand_in.encode(), name.encode())


def test_links_and_devices_are_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, kind in (("link.jpg", stat.S_IFLNK), ("pipe.jpg", stat.S_IFIFO), ("file.jpg", stat.S_IFREG)):
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, (kind | 0o644) << 16
            archive.writestr(entry, "/etc/passwd")
    with opened(tmp_path, file.getvalue()) as files:
        assert files.names() == ["file.jpg"]
        assert all("link or a device" in reason for reason in refused(files).values())
        assert set(refused(files)) == {"link.jpg", "pipe.jpg"}


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    data = bytearray(zip_of({"secret.jpg": b"abc"}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(mark) + place
        struct.pack_into("<H", data, at, struct.unpack_from("<H", data, at)[0] | 1)
    with opened(tmp_path, bytes(data)) as files:
        assert "password" in refused(files)["secret.jpg"]


def test_of_a_name_that_is_there_more_than_once_none_is_taken(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("other.txt", "x")
        archive.writestr("same.txt", "one")
        for text in ("two", "three"):
            with pytest.warns(UserWarning, match="Duplicate"):
                archive.writestr("same.txt", text)
    with opened(tmp_path, file.getvalue()) as files:
        assert files.names() == ["other.txt"]
        assert [finding.file_name for finding in files.findings] == ["same.txt"]


@pytest.mark.parametrize("declared", [3, 1000])
def test_an_entry_larger_than_it_says_is_refused_while_it_is_read(tmp_path: Path, declared: int) -> None:
    data = with_real_size_above_the_declared("a.txt", b"x" * 50_000, declared)
    with opened(tmp_path, data) as files, pytest.raises(InvalidInputError, match=r"a\.txt"):
        # never more than it says is unpacked, and no byte of it is taken for the file
        files.open("a.txt").read()


def test_an_entry_with_a_wrong_checksum_is_refused_while_it_is_read(tmp_path: Path) -> None:
    data = bytearray(zip_of({"a.txt": b"hello hello hello"}))
    data[data.index(b"PK\x03\x04") + 14] ^= 1
    data[data.index(b"PK\x01\x02") + 16] ^= 1
    with opened(tmp_path, bytes(data)) as files, pytest.raises(InvalidInputError, match=r"a\.txt is damaged"):
        files.open("a.txt").read()


def test_a_bomb_is_refused_by_what_it_says_and_never_unpacked(tmp_path: Path) -> None:
    with opened(tmp_path, zip_of({"bomb.txt": bytes(30_000_000), "good.txt": b"x"})) as files:
        assert "more than 200 times" in refused(files)["bomb.txt"]
        assert files.names() == ["good.txt"]


def test_more_than_an_import_may_have_is_refused_as_a_whole(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="unpacks to 6000 bytes; an import may have 5000"):
        opened(tmp_path, zip_of({"a.txt": os.urandom(3000), "b.txt": os.urandom(3000)}), max_bytes=5000)


def test_too_many_entries_are_refused_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_ENTRIES", 10)
    with pytest.raises(InvalidInputError, match="11 entries"):
        opened(tmp_path, zip_of({f"{number}.txt": b"" for number in range(11)}))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 not really", b"\x1f\x8b\x08 a gzip"])
def test_a_damaged_archive_is_refused_as_a_whole(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(InvalidInputError, match="damaged or no zip"):
        opened(tmp_path, data)


def test_an_archive_cut_off_is_refused_as_a_whole(tmp_path: Path) -> None:
    whole = zip_of({"a.txt": b"hello"})
    with pytest.raises(InvalidInputError, match="damaged or no zip"):
        opened(tmp_path, whole[:-30])


def test_a_folder_is_read_without_what_is_hidden_or_leads_out_of_it(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for path in (inside / "b" / "2.jpg", inside / "a.jpg", inside / ".git" / "x", inside / ".x.jpg", outside / "s.jpg"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (inside / "link.jpg").symlink_to(outside / "s.jpg")
    (inside / "folder").symlink_to(outside)
    (inside / "fine.jpg").symlink_to(inside / "a.jpg")
    os.mkfifo(inside / "pipe")
    files = folder_files(inside)
    assert files.names() == ["a.jpg", "b/2.jpg", "fine.jpg"]
    assert [finding.file_name for finding in files.findings] == ["link.jpg"]
    assert files.open("b/2.jpg").read() == b"x"
    with pytest.raises(InvalidInputError, match="no file"):
        files.open("../outside/s.jpg")


def test_an_archive_that_is_written_twice_has_the_same_bytes(tmp_path: Path) -> None:
    picture = tmp_path / "p.jpg"
    picture.write_bytes(os.urandom(3_000_000))
    for name in ("one.zip", "two.zip"):
        with zip_written(tmp_path / name) as writer:
            writer.write("labels.json", b"{}" * 1000)
            with writer.open("large.npz") as file:
                for _ in range(3):
                    file.write(b"piece")
            writer.copy("images/p.jpg", picture)
    one = (tmp_path / "one.zip").read_bytes()
    assert one == (tmp_path / "two.zip").read_bytes()
    with open_zip(tmp_path / "one.zip", PLENTY) as files:
        assert files.names() == ["images/p.jpg", "labels.json", "large.npz"]
        assert files.open("images/p.jpg").read() == picture.read_bytes()
        assert files.open("large.npz").read() == b"piecepiecepiece"


def test_an_archive_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "exports" / "out.zip"
    with pytest.raises(InvalidInputError, match="leads outside"), zip_written(target) as writer:
        writer.write("../a.txt", b"x")
    assert list(target.parent.iterdir()) == []


def test_a_list_of_entries_that_would_fill_the_memory_is_not_read(tmp_path: Path) -> None:
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 0, 20, *[0] * 8, 1, *[0] * 6) + b"a"
    entries = entry * (2**26 // len(entry) + 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, len(entries), 0, 0)
    with pytest.raises(InvalidInputError, match="list of its entries"):
        opened(tmp_path, entries + end)
    (tmp_path / "crops.npz").write_bytes(entries + end)
    with pytest.raises(InvalidInputError, match="list of its entries"):
        next(npz.read(folder_files(tmp_path), COCO_17))
