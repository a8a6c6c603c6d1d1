"""Published weights come whole, in bounded time, or it is said that the weights are random and why."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import random
import socket
import time
from pathlib import Path

import pytest

from tests.vision.http_server import Served, serving
from webapp.training.config import NETWORKS
from webapp.training.imagenet import PUBLISHED, PublishedWeights, imagenet_weights

CONTENT = random.Random(1).randbytes(200_000)


def published_at(url: str) -> dict[str, PublishedWeights]:
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    return {"resnet50": PublishedWeights(url, md5, len(CONTENT))}


def test_they_are_fetched_once_and_named(tmp_path: Path) -> None:
    with serving(Served(CONTENT)) as server:
        first = imagenet_weights("resnet50", tmp_path, published=published_at(server.url))
        second = imagenet_weights("resnet50", tmp_path, published=published_at(server.url))

    path, said = first
    assert first == second
    assert path == tmp_path / "imagenet" / "model.bin"
    assert path.read_bytes() == CONTENT
    assert said == "The first weights are those of resnet50 trained on ImageNet, model.bin."
    assert len(server.asked_ranges) == 1
    assert [entry.name for entry in path.parent.iterdir()] == ["model.bin"]


def test_damaged_ones_are_thrown_away_and_said_to_be(tmp_path: Path) -> None:
    with serving(Served(CONTENT[:-1] + b"?")) as server:
        path, said = imagenet_weights("resnet50", tmp_path, published=published_at(server.url))

    assert path is None
    assert said.startswith("The first weights are random: ")
    assert "another md5" in said
    assert list((tmp_path / "imagenet").iterdir()) == []


def test_a_file_that_was_damaged_on_the_disk_is_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "imagenet").mkdir()
    (tmp_path / "imagenet" / "model.bin").write_bytes(CONTENT[:1000])
    with serving(Served(CONTENT)) as server:
        path, _ = imagenet_weights("resnet50", tmp_path, published=published_at(server.url))

    assert path is not None
    assert path.read_bytes() == CONTENT


def test_a_slow_server_holds_no_run_up_and_the_next_run_goes_on(tmp_path: Path) -> None:
    with serving(Served(CONTENT, stall_after=50_000)) as server:
        begun_s = time.monotonic()
        path, said = imagenet_weights("resnet50", tmp_path, published=published_at(server.url), max_seconds=1)
        took_s = time.monotonic() - begun_s
        server.stall_after = None
        again, _ = imagenet_weights("resnet50", tmp_path, published=published_at(server.url))

    assert path is None
    assert said.startswith("The first weights are random: ")
    assert took_s < 10
    assert again is not None
    assert server.asked_ranges == [None, "bytes=50000-"]


def test_without_a_network_it_says_so(tmp_path: Path) -> None:
    with socket.socket() as bound:  # nobody listens there
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/model.bin"

        path, said = imagenet_weights("resnet50", tmp_path, published=published_at(url))

    assert path is None
    assert said == f"The first weights are random: {url} could not be fetched: no connection: Connection refused."


def test_a_folder_that_cannot_be_written_is_no_end_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "imagenet").write_text("in the way", encoding="utf-8")
    with serving(Served(CONTENT)) as server:
        path, said = imagenet_weights("resnet50", tmp_path, published=published_at(server.url))

    assert path is None
    assert "could not be written" in said


def test_of_the_small_network_there_are_none(tmp_path: Path) -> None:
    path, said = imagenet_weights("small", tmp_path)

    assert path is None
    assert said == "The first weights are random: of the small network nobody has published any."
    assert set(PUBLISHED) == set(NETWORKS) - {"small"}


@pytest.mark.parametrize(
    ("network", "module", "key"),
    [
        ("resnet50", "resnet", "resnet50"),
        ("mobilenet_v3_small", "mobilenet_v3", "small_224_1.0_float"),
        ("efficientnet_b0", "efficientnet", "b0"),
    ],
)
def test_the_hashes_are_those_of_the_keras_that_is_installed(network: str, module: str, key: str) -> None:
    keras = importlib.util.find_spec("keras")
    assert keras is not None
    assert keras.submodule_search_locations
    # read and not imported: TensorFlow takes 10 s
    source = Path(keras.submodule_search_locations[0]) / "src" / "applications" / f"{module}.py"
    tree = ast.parse(source.read_text(encoding="utf-8"))
    hashes = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "WEIGHTS_HASHES"
    )

    assert PUBLISHED[network].md5 == hashes[key][1]
