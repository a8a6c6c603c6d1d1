"""What a dataset folder may hold, what is made of it, and the sentence that refuses anything else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.labelled import FPS, NAMES, Row, movement, write_clip, write_index
from webapp.core.errors import InvalidInputError
from webapp.core.skeleton import BLAZEPOSE_33
from webapp.evaluation.datasets import load_dataset

ROW: Row = ("take", "both", "s1", 1, 2, 28)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound dataset of one clip of 30 frames, to be spoiled."""
    write_clip(tmp_path / "set", "take", movement("both"))
    return write_index(tmp_path / "set", [ROW])


def test_a_segment_is_cut_out_with_its_first_frame_at_zero(folder: Path) -> None:
    dataset = load_dataset(folder)

    (take,) = dataset.takes
    assert (dataset.name, dataset.subjects, dataset.actions) == ("set", ("s1",), ("both",))
    assert np.allclose(take.times_s, np.arange(27) / FPS)
    assert np.array_equal(take.keypoints, movement("both")[2:29])
    assert take.skeleton.keypoints == BLAZEPOSE_33.keypoints
    assert take.world_m is None


def test_unknown_keypoint_names_are_kept(folder: Path) -> None:
    names = np.where(NAMES == "nose", "tail", NAMES)
    write_clip(folder, "take", movement("both"), names=names)

    assert load_dataset(folder).takes[0].skeleton.index["tail"] == 0


def test_three_dimensions_become_metres_with_y_down(folder: Path) -> None:
    deep = np.concatenate([movement("both"), np.full((30, 33, 1), 2, np.float32)], axis=2)
    write_clip(folder, "take", deep * np.array([1, -1, 1], np.float32))
    write_index(folder, [ROW], dims=3, axes="x right, y up, z depth")

    clip = load_dataset(folder).clips["take"]
    assert clip.world_m is not None
    assert np.allclose(clip.world_m, deep)
    assert np.allclose(clip.keypoints, deep[..., :2])


def test_a_keypoint_that_is_not_a_number_is_a_hidden_one(folder: Path) -> None:
    keypoints = movement("both")
    keypoints[3, 5, 0] = np.nan
    write_clip(folder, "take", keypoints)

    clip = load_dataset(folder).clips["take"]
    assert np.isnan(clip.keypoints[3, 5]).all()
    assert clip.scores[3, 5] == 0
    assert clip.scores[3, 6] == 1


def test_gaps_are_frames_in_no_segment(folder: Path) -> None:
    assert load_dataset(folder).has_gaps

    write_index(folder, [("take", "both", "s1", 1, 0, 14), ("take", "left", "s1", 1, 12, 29)])
    assert not load_dataset(folder).has_gaps


def spoilt_clip(**changes: np.ndarray) -> Callable[[Path], None]:
    """What writes the clip with one array otherwise, or without it where that is empty."""
    arrays: dict[str, np.ndarray] = {
        "keypoints": movement("both"),
        "scores": np.ones((30, 33), np.float32),
        "names": NAMES,
        "fps": np.array(FPS),
    } | changes
    kept = {name: array for name, array in arrays.items() if array.shape != (0,)}

    def spoil(folder: Path) -> None:
        np.savez(folder / "clips" / "take.npz", **kept)  # type: ignore[arg-type]  # numpy's stub takes one kind of array

    return spoil


def spoilt_row(place: int, value: object) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        write_index(folder, [(*ROW[:place], value, *ROW[place + 1 :])])  # type: ignore[list-item]  # what is refused

    return spoil


def text(name: str, content: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / name).write_text(content)

    return spoil


def with_value(array: np.ndarray, value: float) -> np.ndarray:
    changed = array.copy()
    changed[(1,) * array.ndim] = value
    return changed


ABSENT = np.zeros(0)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda folder: (folder / "dataset.json").unlink(), "holds no dataset.json"),
        (text("dataset.json", "{"), "must be a JSON object with dims and axes"),
        (text("dataset.json", "[1]"), "must be a JSON object with dims and axes"),
        (text("dataset.json", '{"dims": 4, "axes": "y up"}'), "must be 2 or 3, got 4"),
        (text("dataset.json", '{"dims": 2.0, "axes": "y up"}'), "must be 2 or 3, got 2.0"),
        (text("dataset.json", '{"dims": 2, "axes": "x, z"}'), "must say 'y up' or 'y down', got 'x, z'"),
        (lambda folder: (folder / "manifest.csv").unlink(), "manifest.csv cannot be read"),
        (text("manifest.csv", "clip,action,subject,repetition,start_frame\n"), "lacks the column end_frame"),
        (text("manifest.csv", "clip,action,subject,repetition,start_frame,end_frame\n"), "names no segment"),
        (lambda folder: (folder / "manifest.csv").write_bytes(b"clip\xff\xfe"), "manifest.csv cannot be read"),
        (lambda folder: write_index(folder, [ROW, ROW]) and None, "names frames 2 to 28 of take 2 times"),
        (
            lambda folder: write_index(folder, [ROW, ("take", "left", "s2", 1, 3, 9)]) and None,
            "gives take to s1 and s2",
        ),
        (spoilt_row(0, "../take"), "has clip '../take'; a clip is the name of its file"),
        (spoilt_row(0, "/etc/passwd"), "has clip '/etc/passwd'"),
        (spoilt_row(0, ".."), "has clip '..'"),
        (spoilt_row(0, "other"), r"a clip that is not there: .*other\.npz"),
        (spoilt_row(1, " "), "line 2 of .* has no action"),
        (spoilt_row(2, ""), "has no subject"),
        (spoilt_row(3, "one"), "must hold whole numbers .*'one'"),
        (spoilt_row(4, "nan"), "must hold whole numbers .*'nan'"),
        (spoilt_row(4, -1), "has frames -1 to 28"),
        (spoilt_row(4, 28), "has frames 28 to 28"),
        (spoilt_row(5, 30), "ends both at frame 30 of take, which has frames 0 to 29"),
        (text("clips/take.npz", "no zip"), "is not a .npz of plain arrays"),
        (spoilt_clip(scores=ABSENT), "lacks an array: .*scores"),
        (spoilt_clip(keypoints=np.ones((30, 33, 3))), r"must be \(T, K, 2\) as dataset.json says, got \(30, 33, 3\)"),
        (spoilt_clip(keypoints=np.ones((30, 33))), r"must be \(T, K, 2\) as dataset.json says, got \(30, 33\)"),
        (spoilt_clip(scores=np.ones((30, 32))), r"must be \(30, 33\), got \(30, 32\)"),
        (spoilt_clip(names=NAMES[1:]), r"names of .* must be \(33,\), got \(32,\)"),
        (spoilt_clip(names=np.where(NAMES == "nose", "left_ear", NAMES)), "has 'left_ear' more than once"),
        (spoilt_clip(names=np.where(NAMES == "left_wrist", "paw", NAMES)), "lacks 'left_wrist'"),
        (spoilt_clip(names=np.array([{}] * 33)), "is not a .npz of plain arrays"),
        (spoilt_clip(names=np.arange(33)), "names of .* must hold text, got int64"),
        (spoilt_clip(keypoints=movement("both").astype(str)), "keypoints of .* must hold numbers, got <U32"),
        (spoilt_clip(keypoints=with_value(movement("both"), np.inf)), "holds infinite coordinates"),
        (spoilt_clip(keypoints=with_value(movement("both").astype(float), 1e300)), "holds infinite coordinates"),
        (spoilt_clip(scores=with_value(np.ones((30, 33)), np.nan)), r"must lie in 0\.\.1, found nan"),
        (spoilt_clip(scores=with_value(np.ones((30, 33)), 1.5)), r"must lie in 0\.\.1, found 1\.5"),
        (spoilt_clip(fps=np.array(0.0)), r"fps of .* must be one number above 0 .*, got 0\.0"),
        (spoilt_clip(fps=np.array(np.nan)), "got nan"),
        (spoilt_clip(fps=np.ones(2)), r"got \[1\. 1\.\]"),
    ],
)
def test_what_is_not_as_it_must_be_is_refused_with_the_value(
    folder: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    spoil(folder)

    with pytest.raises(InvalidInputError, match=sentence):
        load_dataset(folder)
