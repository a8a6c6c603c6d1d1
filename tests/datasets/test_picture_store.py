"""Whole pictures, each once by hash: whatever threads, processes and crashes do."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.datasets.hostile import noise
from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.core.records import Box
from webapp.datasets.picture_file import PictureLimits, encoded, from_pixels, read_picture
from webapp.datasets.picture_store import PictureStore, write_whole
from webapp.datasets.thumbnails import SIDE_PX, thumbnails_beside


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(tmp_path / "pictures")


def pixels(seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(noise(80, 60, seed))


@pytest.mark.parametrize(("lossless", "suffix"), [(False, "jpg"), (True, "png")])
def test_a_picture_lies_under_the_hash_of_its_bytes(store: PictureStore, lossless: bool, suffix: str) -> None:
    stored = store.add(pixels(), lossless)
    data = store.path(stored.sha256, stored.suffix).read_bytes()
    assert hashlib.sha256(data).hexdigest() == stored.sha256
    assert (stored.suffix, stored.size_bytes, stored.width_px, stored.height_px) == (suffix, len(data), 80, 60)


def test_the_same_pixels_are_stored_once(store: PictureStore) -> None:
    assert store.add(pixels(), False) == store.add(pixels(), False)
    assert len(list(store.root.glob("??/*"))) == 1


def test_lossless_pixels_come_back_to_the_bit(store: PictureStore) -> None:
    grey = pixels()[..., 0].copy()
    stored = store.add(grey, True)
    limits = PictureLimits(2**20, 2**20)
    back = read_picture(store.path(stored.sha256, stored.suffix).read_bytes(), limits).image
    assert np.array_equal(np.asarray(back), grey)


def test_a_stored_file_that_comes_back_is_known_by_its_bytes(store: PictureStore) -> None:
    stored = store.add(pixels(), False)
    assert store.suffix_of(stored.sha256) == "jpg"
    assert store.suffix_of("0" * 64) is None


@pytest.mark.parametrize("name", ["../../etc/passwd", "A" * 64, "0" * 63, ""])
def test_nothing_but_a_hash_names_a_picture(store: PictureStore, name: str) -> None:
    with pytest.raises(InvalidInputError, match="sha256"):
        store.path(name, "jpg")


def test_deleting_twice_is_the_same_as_once(store: PictureStore) -> None:
    stored = store.add(pixels(), False)
    for _ in range(2):
        store.delete(stored.sha256, stored.suffix)
    assert not store.has(stored.sha256, stored.suffix)


def test_many_threads_may_store_the_same_picture_at_once(store: PictureStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda number: store.add(pixels(number % 3), False).sha256, range(60)))
    assert len(found) == 3
    assert sorted(path.stem for path in store.root.glob("??/*")) == sorted(found)


def _die_while_writing(path: str) -> None:
    replace, os.replace = os.replace, lambda *_: os._exit(9)
    assert replace is not os.replace
    write_whole(Path(path), b"half of it")


def test_a_process_that_dies_while_writing_leaves_no_half_picture(tmp_path: Path) -> None:
    path = tmp_path / "ab" / "whole.jpg"
    child = multiprocessing.get_context("spawn").Process(target=_die_while_writing, args=(str(path),))
    child.start()
    child.join()
    assert child.exitcode == 9
    assert not path.exists()
    write_whole(path, b"all of it")
    assert path.read_bytes() == b"all of it"


def test_nobody_deletes_while_rows_are_stored(store: PictureStore) -> None:
    order: list[str] = []

    def delete() -> None:
        with store.kept(alone=True):
            order.append("deleted")

    with store.kept(), store.kept():  # two that store do not wait for one another
        waiting = threading.Thread(target=delete)
        waiting.start()
        time.sleep(0.1)
        order.append("stored")
    waiting.join()
    assert order == ["stored", "deleted"]


def test_a_thumbnail_is_made_when_it_is_first_asked_for(store: PictureStore) -> None:
    stored = store.add(pixels(), False)
    thumbnails, box = thumbnails_beside(store), Box(10, 10, 40, 50)
    path = thumbnails.ready(stored.sha256, stored.suffix, box)
    first = path.stat().st_mtime_ns
    with_limits = read_picture(path.read_bytes(), PictureLimits(2**20, 2**20))
    assert with_limits.image.size == (SIDE_PX, SIDE_PX)
    assert thumbnails.ready(stored.sha256, stored.suffix, box).stat().st_mtime_ns == first
    assert thumbnails.ready(stored.sha256, stored.suffix, Box(10, 10, 41, 50)) != path
    assert len(list(thumbnails.of_picture(stored.sha256))) == 2


def test_an_empty_thumbnail_of_a_power_cut_is_made_again(store: PictureStore) -> None:
    stored = store.add(pixels(), False)
    thumbnails, box = thumbnails_beside(store), Box(10, 10, 40, 50)
    path = thumbnails.ready(stored.sha256, stored.suffix, box)
    path.write_bytes(b"")
    assert thumbnails.ready(stored.sha256, stored.suffix, box).stat().st_size > 500


def test_a_large_picture_is_decoded_small_and_shows_the_same(store: PictureStore) -> None:
    large = from_pixels(np.asarray(noise(400, 300).resize((3200, 2400))), lossless=False)
    stored = store.put(*encoded(large), large)
    thumbnails, box = thumbnails_beside(store), Box(400, 300, 2400, 2100)
    limits = PictureLimits(2**24, 2**24)
    lazily = read_picture(thumbnails.ready(stored.sha256, "jpg", box).read_bytes(), limits)
    thumbnails.path(stored.sha256, box).unlink()
    thumbnails.keep(large.image, stored.sha256, box)
    at_once = read_picture(thumbnails.path(stored.sha256, box).read_bytes(), limits)
    assert np.abs(np.asarray(lazily.image, int) - np.asarray(at_once.image, int)).mean() < 5


def test_a_thumbnail_of_a_picture_that_is_gone_is_not_found(store: PictureStore) -> None:
    with pytest.raises(NotFoundError):
        thumbnails_beside(store).ready("0" * 64, "jpg", Box(0, 0, 5, 5))
