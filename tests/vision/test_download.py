"""Weights come whole or not at all, in bounded time, against a real server with every fault."""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
import socket
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.vision.http_server import Served, serving
from tests.vision.npm_registry import configure_npm, registry_of, tarball
from webapp.core.errors import ModelUnavailableError
from webapp.vision import download, making
from webapp.vision.download import DownloadError, pull
from webapp.vision.weights import FileState, ModelFile, file_state

CONTENT = random.Random(1).randbytes(300_000)


def model_at(url: str, content: bytes = CONTENT) -> ModelFile:
    return ModelFile(
        name="tiny",
        path="some/tiny.bin",
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        licence="CC0",
        permits="all",
        url=url,
    )


def part_of(folder: Path) -> Path:
    return folder / "some" / "tiny.bin.part"


def test_a_file_is_fetched_and_put_in_its_place(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    with serving(Served(CONTENT)) as server:
        path = pull(model_at(server.url), tmp_path, max_seconds=10, progress=lambda *state: seen.append(state))

    assert path == tmp_path / "some" / "tiny.bin"
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [entry.name for entry in path.parent.iterdir()] == ["tiny.bin"]


def test_a_broken_transfer_is_continued_where_it_stopped(tmp_path: Path) -> None:
    with serving(Served(CONTENT, stop_after=100_000)) as server:
        with pytest.raises(DownloadError, match="ended after 100000 of 300000 bytes"):
            pull(model_at(server.url), tmp_path, max_seconds=10)
        assert part_of(tmp_path).read_bytes() == CONTENT[:100_000]
        server.stop_after = None

        path = pull(model_at(server.url), tmp_path, max_seconds=10)

    assert path.read_bytes() == CONTENT
    assert server.asked_ranges == [None, "bytes=100000-"]


def test_a_server_without_ranges_starts_anew(tmp_path: Path) -> None:
    part_of(tmp_path).parent.mkdir()
    part_of(tmp_path).write_bytes(CONTENT[:1000])

    with serving(Served(CONTENT, ranges=False)) as server:
        assert pull(model_at(server.url), tmp_path, max_seconds=10).read_bytes() == CONTENT


def test_a_whole_part_that_was_never_renamed_is_fetched_anew(tmp_path: Path) -> None:
    part_of(tmp_path).parent.mkdir()
    part_of(tmp_path).write_bytes(CONTENT)

    with serving(Served(CONTENT)) as server:
        assert pull(model_at(server.url), tmp_path, max_seconds=10).read_bytes() == CONTENT
    assert server.asked_ranges == ["bytes=300000-", None]


def test_a_server_that_continues_elsewhere_is_refused(tmp_path: Path) -> None:
    part_of(tmp_path).parent.mkdir()
    part_of(tmp_path).write_bytes(CONTENT[:1000])

    with serving(Served(CONTENT, claim_start=500)) as server, pytest.raises(DownloadError, match="continued elsewhere"):
        pull(model_at(server.url), tmp_path, max_seconds=10)

    assert part_of(tmp_path).read_bytes() == CONTENT[:1000]


@pytest.mark.parametrize("wrong", [b"another file", b"x" * len(CONTENT)])
def test_another_hash_is_thrown_away_and_what_lay_there_stays(tmp_path: Path, wrong: bytes) -> None:
    target = tmp_path / "some" / "tiny.bin"
    target.parent.mkdir()
    target.write_bytes(b"old")

    with serving(Served(wrong)) as server, pytest.raises(DownloadError, match="another sha256"):
        pull(model_at(server.url), tmp_path, max_seconds=10)

    assert target.read_bytes() == b"old"
    assert not part_of(tmp_path).exists()


def test_a_damaged_part_cannot_poison_the_next_try(tmp_path: Path) -> None:
    part_of(tmp_path).parent.mkdir()
    part_of(tmp_path).write_bytes(b"garbage")
    with serving(Served(CONTENT)) as server:
        with pytest.raises(DownloadError, match="another sha256"):
            pull(model_at(server.url), tmp_path, max_seconds=10)

        assert pull(model_at(server.url), tmp_path, max_seconds=10).read_bytes() == CONTENT


@pytest.mark.parametrize("status", [404, 403, 500])
def test_a_refusal_gives_the_server_s_words(tmp_path: Path, status: int) -> None:
    with serving(Served(CONTENT, status=status)) as server, pytest.raises(DownloadError, match=f"answered {status} "):
        pull(model_at(server.url), tmp_path, max_seconds=10)


@pytest.mark.parametrize("length_header", [True, False])
def test_an_endless_answer_is_cut_off(tmp_path: Path, length_header: bool) -> None:
    served = Served(bytes(2_000_000), length_header=length_header)
    with serving(served) as server, pytest.raises(DownloadError, match="sends more than"):
        pull(model_at(server.url), tmp_path, max_seconds=10)

    assert part_of(tmp_path).stat().st_size < 500_000


@pytest.mark.parametrize("fault", [{"stall_after": 1000}, {"stall_after": 0}, {"drip_s": 0.01}])
def test_a_stalled_server_costs_no_more_than_the_time_given(tmp_path: Path, fault: dict[str, float]) -> None:
    begun = time.monotonic()
    with (
        serving(Served(CONTENT, **fault)) as server,  # type: ignore[arg-type]
        pytest.raises(DownloadError, match=r"fell silent|time was up|no answer within"),
    ):
        pull(model_at(server.url), tmp_path, max_seconds=0.6)

    # a bound, not a measurement: the stalls above would last half a minute
    assert time.monotonic() - begun < 15


def test_a_silent_server_is_given_up_before_the_whole_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "SILENCE_S", 0.2)

    with serving(Served(CONTENT, stall_after=1000)) as server, pytest.raises(DownloadError, match="fell silent"):
        pull(model_at(server.url), tmp_path, max_seconds=60)


def test_of_two_who_fetch_at_once_one_waits_for_the_other(tmp_path: Path) -> None:
    with serving(Served(CONTENT)) as server, ThreadPoolExecutor() as both:
        paths = list(both.map(lambda _: pull(model_at(server.url), tmp_path, max_seconds=10), range(2)))

    assert [path.read_bytes() for path in paths] == [CONTENT, CONTENT]
    assert server.asked_ranges == [None]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such lock")
def test_nobody_waits_for_another_longer_than_the_time_given(tmp_path: Path) -> None:
    (tmp_path / "some").mkdir()
    with (
        download.alone_in(tmp_path / "some", time.monotonic()),
        pytest.raises(DownloadError, match="another pull is at work there"),
    ):
        pull(model_at("http://127.0.0.1:9/x"), tmp_path, max_seconds=0.2)


def test_no_server_at_all_is_said_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(DownloadError, match="no connection: "):
        pull(model_at(f"http://127.0.0.1:{port}/model.bin"), tmp_path, max_seconds=5)


def test_a_proxy_of_the_environment_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Served(CONTENT)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/model.bin"))
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)

        path = pull(model_at("http://models.invalid/model.bin"), tmp_path, max_seconds=10)

    assert path.read_bytes() == CONTENT


def test_a_folder_that_takes_no_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "some").write_text("a file where the folder should be")

    with serving(Served(CONTENT)) as server, pytest.raises(DownloadError, match=r"some/tiny\.bin could not be written"):
        pull(model_at(server.url), tmp_path, max_seconds=5)


def zipped(content: bytes, member: str = "tiny.tflite") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr(member, content)
    return buffer.getvalue()


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_model_inside_an_archive_is_taken_out_and_the_archive_thrown_away(tmp_path: Path) -> None:
    archive = zipped(CONTENT)
    with serving(Served(archive)) as server:
        file = replace(model_at(server.url, archive), archive_member="tiny.tflite")

        path = pull(file, tmp_path, max_seconds=10)

    assert path.read_bytes() == CONTENT
    assert names_in(path.parent) == {"tiny.bin", "tiny.bin.json"}
    assert file_state(file, tmp_path) is FileState.PRESENT


def test_a_broken_transfer_of_an_archive_is_continued(tmp_path: Path) -> None:
    archive = zipped(CONTENT)
    with serving(Served(archive, stop_after=1000)) as server:
        file = replace(model_at(server.url, archive), archive_member="tiny.tflite")
        with pytest.raises(DownloadError, match="ended after 1000 of"):
            pull(file, tmp_path, max_seconds=10)
        assert names_in(tmp_path / "some") == {"tiny.archive.part"}
        server.stop_after = None

        assert pull(file, tmp_path, max_seconds=10).read_bytes() == CONTENT

    assert server.asked_ranges == [None, "bytes=1000-"]


def test_an_archive_that_could_not_be_used_is_not_fetched_again(tmp_path: Path) -> None:
    archive = zipped(CONTENT, "other.tflite")
    with serving(Served(archive)) as server:
        file = replace(model_at(server.url, archive), archive_member="tiny.tflite")
        for _ in range(2):
            with pytest.raises(ModelUnavailableError, match=r"it has no member tiny\.tflite, but other\.tflite"):
                pull(file, tmp_path, max_seconds=10)

    assert len(server.asked_ranges) == 1
    assert names_in(tmp_path / "some") == {"tiny.archive"}


def package_file(server: Served) -> ModelFile:
    """A graph model in the package that the server has."""
    return replace(
        model_at("", server.content),
        package="@small/models",
        package_version="1.2.3",
        graph_model="models/small.json",
        graph_side_px=32,
    )


needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")


@needs_npm
def test_a_graph_model_of_an_npm_package_is_converted_beside_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def converted(model_json: Path, target: Path, side_px: int) -> float:
        assert (model_json.parent / "small.bin").read_bytes() == CONTENT
        target.write_bytes(b"for pictures of %d" % side_px)
        return 0.00025

    monkeypatch.setattr(making, "convert", converted)
    manifest = {"modelTopology": {}, "weightsManifest": [{"paths": ["small.bin"], "weights": []}]}
    files = {"models/small.bin": CONTENT, "models/small.json": json.dumps(manifest).encode(), "other.bin": b"x"}
    with serving(Served(tarball(files))) as server:
        registry_of(server, "@small/models", "1.2.3")
        configure_npm(server, tmp_path, monkeypatch)

        path = pull(package_file(server), tmp_path, max_seconds=30)

    assert path.read_bytes() == b"for pictures of 32"
    assert file_state(package_file(server), tmp_path) is FileState.PRESENT
    assert json.loads((path.parent / "tiny.bin.json").read_text())["largest_difference"] == 0.00025
    assert names_in(path.parent) == {"tiny.bin", "tiny.bin.json"}


@needs_npm
@pytest.mark.parametrize("difference", [0.25, float("nan")])
def test_a_conversion_that_answers_otherwise_than_tensorflow_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, difference: float
) -> None:
    def converted(_model_json: Path, target: Path, _side_px: int) -> float:
        target.write_bytes(b"something else")
        return difference

    monkeypatch.setattr(making, "convert", converted)
    with serving(Served(tarball({"models/small.json": b'{"weightsManifest": []}'}))) as server:
        registry_of(server, "@small/models", "1.2.3")
        configure_npm(server, tmp_path, monkeypatch)
        with pytest.raises(ModelUnavailableError, match=r"its answer differs from TensorFlow's by (0\.25|nan)"):
            pull(package_file(server), tmp_path, max_seconds=30)

    assert names_in(tmp_path / "some") == {"tiny.archive"}


@needs_npm
@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, r"the package has no file models/small\.json"),
        ({"models/small.json": b"{"}, r"small\.json is no model\.json of a TensorFlow\.js graph model"),
        (
            {"models/small.json": b'{"weightsManifest": [{"paths": ["a.bin"]}]}'},
            r"the package has no file models/a\.bin",
        ),
    ],
)
def test_a_package_without_the_model_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes], problem: str
) -> None:
    with serving(Served(tarball(files))) as server:
        registry_of(server, "@small/models", "1.2.3")
        configure_npm(server, tmp_path, monkeypatch)

        with pytest.raises(ModelUnavailableError, match=problem):
            pull(package_file(server), tmp_path, max_seconds=30)

    assert names_in(tmp_path / "some") == {"tiny.archive"}


@needs_npm
def test_another_tarball_than_the_manifest_s_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Served(tarball({"a": b"a"}))) as server:
        registry_of(server, "@small/models", "1.2.3")
        configure_npm(server, tmp_path, monkeypatch)

        with pytest.raises(DownloadError, match="another sha256"):
            pull(replace(package_file(server), sha256="0" * 64), tmp_path, max_seconds=30)

    assert names_in(tmp_path / "some") == set()
