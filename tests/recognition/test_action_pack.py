"""Action packs: what goes in comes out, and nothing harmful comes in."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webapp.core import sequence_file
from webapp.core.errors import InvalidInputError
from webapp.core.records import PoseSequence
from webapp.core.skeleton import BLAZEPOSE_33, COCO_17
from webapp.recognition import action_pack
from webapp.recognition.ports import Action, Take

INDEX = "actions.json"


def sequence(seed: int = 0, frames: int = 5, world: bool = True) -> PoseSequence:
    draw = np.random.default_rng(seed)
    skeleton = BLAZEPOSE_33 if world else COCO_17
    count = len(skeleton.keypoints)
    keypoints = draw.uniform(0, 1, (frames, count, 2)).astype(np.float32)
    keypoints[0, 0] = np.nan
    return PoseSequence(
        skeleton,
        np.arange(frames) / 30,
        keypoints,
        draw.uniform(0, 1, (frames, count)).astype(np.float32),
        draw.normal(0, 1, (frames, count, 3)).astype(np.float32) if world else None,
    )


def packed(members: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def index_of(*takes: object, name: object = "wave", schema: object = 1) -> bytes:
    return json.dumps({"schema": schema, "actions": [{"name": name, "takes": list(takes)}]}).encode()


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(lambda text: text.strip())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(names, st.lists(st.integers(0, 99), min_size=1, max_size=3)), max_size=4))
def test_what_is_packed_is_unpacked_the_same(entries: list[tuple[str, list[int]]]) -> None:
    actions = [
        Action("any", name, [Take("any", sequence(seed, 2 + seed % 4, world=seed % 2 == 0)) for seed in seeds])
        for name, seeds in entries
    ]

    unpacked = action_pack.from_bytes(action_pack.to_bytes(actions))

    assert [action.name for action in unpacked] == [name for name, _ in entries]
    for before, after in zip(actions, unpacked, strict=True):
        for one, other in zip(before.takes, after.takes, strict=True):
            assert one.sequence.skeleton == other.sequence.skeleton
            np.testing.assert_array_equal(one.sequence.times_s, other.sequence.times_s)
            np.testing.assert_array_equal(one.sequence.keypoints, other.sequence.keypoints)
            np.testing.assert_array_equal(one.sequence.scores, other.sequence.scores)
            assert (one.sequence.world_m is None) == (other.sequence.world_m is None)


def test_takes_of_one_pack_have_ids_of_their_own() -> None:
    pack = action_pack.to_bytes([Action("a", "wave", [Take("t", sequence())] * 3)])

    takes = action_pack.from_bytes(pack)[0].takes

    assert len({take.take_id for take in takes}) == 3


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04 and no more", action_pack.to_bytes([])[:-30]])
def test_what_is_no_zip_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInputError, match="not an action pack"):
        action_pack.from_bytes(data)


@pytest.mark.parametrize(
    ("index", "sentence"),
    [
        (b"\xff\xfe", "cannot be read"),
        (b"[]", "cannot be read"),
        (b'{"schema": 1}', "cannot be read"),
        (b'{"schema": 1, "actions": 3}', "cannot be read"),
        (index_of("takes/a.npz", schema=2), "schema 2"),
        (index_of("takes/a.npz", name=""), "no name or no takes"),
        (index_of("takes/a.npz", name=["wave"]), "no name or no takes"),
        (index_of(), "no name or no takes"),
        (index_of("takes/absent.npz"), "lacks 'takes/absent.npz'"),
        (index_of(["takes/a.npz"]), "lacks"),
        (index_of(*["takes/a.npz"] * (action_pack.MAX_TAKES + 1)), "more than"),
        (b" " * (5 * 2**20), "unpacks to"),
        (b"[" * 200_000, "cannot be read"),
    ],
)
def test_a_damaged_index_is_refused_with_the_reason(index: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=sentence):
        action_pack.from_bytes(packed({INDEX: index, "takes/a.npz": sequence_file.to_bytes(sequence())}))


def test_a_pack_without_an_index_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=f"lacks '{INDEX}'"):
        action_pack.from_bytes(packed({"takes/a.npz": sequence_file.to_bytes(sequence())}))


def test_a_take_that_is_no_sequence_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="not a pose sequence"):
        action_pack.from_bytes(packed({INDEX: index_of("takes/a.npz"), "takes/a.npz": b"\x93NUMPY"}))


def test_a_take_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked() -> None:
    bomb = packed({INDEX: index_of("a"), "a": bytes(64 * 2**20)}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 2**20

    with pytest.raises(InvalidInputError, match="unpacks to"):
        action_pack.from_bytes(bomb)


def test_a_bomb_inside_a_take_is_refused_too() -> None:
    inner = packed({"keypoints.npy": bytes(64 * 2**20)}, zipfile.ZIP_DEFLATED)

    with pytest.raises(InvalidInputError, match="unpacks to"):
        action_pack.from_bytes(packed({INDEX: index_of("a"), "a": inner}))


def test_a_take_whose_size_is_told_wrong_is_refused() -> None:
    """The size in the directory is what is checked; the data must not be larger."""
    data = packed({INDEX: index_of("a"), "a": bytes(16 * 2**20)}, zipfile.ZIP_DEFLATED)
    told = (16 * 2**20).to_bytes(4, "little")
    assert data.count(told) == 2

    with pytest.raises(InvalidInputError):
        action_pack.from_bytes(data.replace(told, (16).to_bytes(4, "little")))


@pytest.mark.parametrize("name", ["../../outside.npz", "/etc/outside.npz", "C:\\outside.npz"])
def test_names_that_lead_outside_write_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)

    actions = action_pack.from_bytes(packed({INDEX: index_of(name), name: sequence_file.to_bytes(sequence())}))

    assert len(actions) == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_pack_damaged_anywhere_is_read_or_refused_never_a_crash(data: st.DataObject) -> None:
    pack = bytearray(action_pack.to_bytes([Action("a", "wave", [Take("t", sequence())])]))
    for place in data.draw(st.lists(st.integers(0, len(pack) - 1), min_size=1, max_size=4)):
        pack[place] ^= data.draw(st.integers(1, 255))

    try:
        action_pack.from_bytes(bytes(pack))
    except InvalidInputError as error:
        assert str(error)  # noqa: PT017  # either outcome is right; anything else is a crash
