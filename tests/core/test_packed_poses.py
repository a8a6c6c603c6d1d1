"""Packed poses: what is packed is read back as exactly as it says, and nothing else is."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.core.errors import InvalidInputError
from webapp.core.packed_poses import UnpackedPoses, most_packed_bytes, pack_poses, unpack_poses
from webapp.core.skeleton import SKELETONS


def poses(count: int, keypoints: int, world: bool, seed: int = 1) -> UnpackedPoses:
    draw = np.random.default_rng(seed)
    places = draw.uniform(-1, 3, (count, keypoints, 2)).astype(np.float32)
    scores = draw.random((count, keypoints), dtype=np.float32)
    hidden = draw.random((count, keypoints)) < 0.1
    places[hidden], scores[hidden] = np.nan, 0
    deep = draw.uniform(-1, 1, (count, keypoints, 3)).astype(np.float32)
    deep[hidden] = np.nan
    return UnpackedPoses(places, scores, deep if world else None)


def deflated(data: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflate.compress(data) + deflate.flush()


@settings(deadline=None)
@given(
    count=st.integers(0, 64),
    keypoints=st.sampled_from([len(skeleton.keypoints) for skeleton in SKELETONS.values()]),
    world=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_poses_survive_the_way(count: int, keypoints: int, world: bool, seed: int) -> None:
    sent = poses(count, keypoints, world, seed)

    packed = pack_poses(sent.keypoints, sent.scores, sent.world_m)
    got = unpack_poses(packed, count, keypoints, world=world)

    assert len(packed) <= most_packed_bytes(count, keypoints, world=world)
    np.testing.assert_allclose(got.keypoints, sent.keypoints, atol=0.51 / 1024)
    np.testing.assert_allclose(got.scores, sent.scores, atol=0.51 / 15)
    assert (got.world_m is None) == (not world)
    if got.world_m is not None and sent.world_m is not None:
        np.testing.assert_allclose(got.world_m, sent.world_m, atol=0.0041)


def test_the_bytes_are_those_of_the_protocol() -> None:
    keypoints = np.array([[[0.5, 0.25], [np.nan, np.nan]], [[0.5, 0.5], [1.0, 0.0]]], np.float32)
    scores = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    x, y, score = [[4096, 0], [-32768, 40960]], [[2048, 2048], [-32768, 32768]], [[255, -255], [0, 255]]
    values = np.array([x, y, score]).astype(np.int64).astype(np.uint16).ravel()

    packed = pack_poses(keypoints, scores, None)

    assert zlib.decompress(packed, wbits=-15) == bytes((values & 255).tolist()) + bytes((values >> 8).tolist())


def test_beyond_the_numbers_is_the_last_of_them_and_not_another_place() -> None:
    packed = pack_poses(np.full((1, 1, 2), -50, np.float32), np.ones((1, 1), np.float32), None)

    got = unpack_poses(packed, 1, 1, world=False)

    np.testing.assert_allclose(got.keypoints, -32767 / 8192)


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"\x00",
        b"nonsense",
        deflated(bytes(100)),
        deflated(bytes(4 * 33 * 6 * 2 + 1)),
        deflated(bytes(4 * 33 * 6 * 2)) + b"more",
        deflated(bytes(4 * 33 * 6 * 2))[:-1],
        deflated(bytes(50 * 2**20)),
    ],
)
def test_what_is_not_these_poses_is_refused(packed: bytes) -> None:
    with pytest.raises(InvalidInputError, match="packed poses"):
        unpack_poses(packed, 4, 33, world=True)


def test_nobody_has_no_bytes() -> None:
    assert pack_poses(np.zeros((0, 33, 2), np.float32), np.zeros((0, 33), np.float32), None) == b""
    with pytest.raises(InvalidInputError, match="must be empty"):
        unpack_poses(b"x", 0, 33, world=True)


@settings(deadline=None, max_examples=300)
@given(packed=st.binary(max_size=400), count=st.integers(0, 64), world=st.booleans(), whole=st.booleans())
def test_whatever_comes_is_either_read_within_bounds_or_refused(
    packed: bytes, count: int, world: bool, whole: bool
) -> None:
    data = deflated(packed.ljust(count * 17 * (12 if world else 6), packed[-1:] or b"\0")) if whole else packed
    try:
        got = unpack_poses(data, count, 17, world=world)
    except InvalidInputError:
        return
    assert got.keypoints.shape == (count, 17, 2)
    assert ((got.scores >= 0) & (got.scores <= 1)).all()
    seen = np.isfinite(got.keypoints)
    assert np.abs(got.keypoints[seen]).max(initial=0) <= 4
    assert (got.scores[~seen.all(axis=2)] == 0).all()
