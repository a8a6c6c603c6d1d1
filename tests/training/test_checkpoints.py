"""A checkpoint is whole or it is the one before, also where the disk is full."""

from __future__ import annotations

import errno
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import numpy as np
import pytest
import tensorflow as tf

from webapp.core.errors import InvalidInputError
from webapp.training.checkpoints import full_disk_told, read_state, restore_variables, save_model, write_checkpoint
from webapp.training.records import BEST, TrainingFailedError
from webapp.vision.keras_network import read_keras_model


def variables(value: float) -> list[tf.Variable]:
    return [tf.Variable(np.full((3, 2), value, np.float32)), tf.Variable(np.int64(value))]


def small_model(value: float, units: int = 2) -> tf.keras.Model:
    picture = tf.keras.layers.Input((4,))
    start = tf.keras.initializers.Constant(value)
    model = tf.keras.Model(picture, tf.keras.layers.Dense(units, kernel_initializer=start)(picture))
    model.compile("adam", "mse")
    return model


def test_a_checkpoint_gives_back_state_and_variables(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, variables(1), {"epoch": 1})
    write_checkpoint(tmp_path, variables(2), {"epoch": 2, "because": "a limit — reached"})
    back = variables(0)

    restore_variables(tmp_path, back)

    assert read_state(tmp_path) == {"epoch": 2, "because": "a limit — reached"}
    assert [float(np.max(each)) for each in back] == [2, 2]
    assert len(list((tmp_path / "last").iterdir())) == 1


def test_without_a_checkpoint_there_is_no_state(tmp_path: Path) -> None:
    assert read_state(tmp_path) is None


@pytest.mark.parametrize("kept_bytes", [0, 100, -30])
def test_a_damaged_checkpoint_is_said_to_be(tmp_path: Path, kept_bytes: int) -> None:
    write_checkpoint(tmp_path, variables(1), {"epoch": 1})
    path = next((tmp_path / "last").iterdir())
    path.write_bytes(path.read_bytes()[:kept_bytes])

    with pytest.raises(TrainingFailedError, match="damaged"):
        read_state(tmp_path)


def test_a_checkpoint_of_another_network_is_not_taken(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, variables(1), {})

    with pytest.raises(TrainingFailedError, match="another version"):
        restore_variables(tmp_path, variables(0)[:1])
    with pytest.raises(TrainingFailedError, match="another version"):
        restore_variables(tmp_path, variables(0)[::-1])


def test_the_saved_network_has_no_optimiser_and_answers_the_same(tmp_path: Path) -> None:
    model = small_model(3.0)
    model.fit(tf.ones((2, 4)), tf.ones((2, 2)), verbose=0)

    save_model(model, tmp_path / BEST)

    with zipfile.ZipFile(tmp_path / BEST) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as kept:
        assert "layers" in kept
        assert "optimizer" not in kept
    back = read_keras_model(tmp_path / BEST)
    np.testing.assert_array_equal(model(tf.ones((1, 4))), back(tf.ones((1, 4))))
    assert [path.name for path in tmp_path.iterdir()] == [BEST]


FILL = """
import resource, sys
from pathlib import Path
import numpy as np
from tests.training.test_checkpoints import small_model, variables
from webapp.training.checkpoints import full_disk_told, save_model, write_checkpoint
from webapp.training.records import BEST, TrainingFailedError

folder = Path(sys.argv[1])
write_checkpoint(folder, variables(1), {"epoch": 1})
save_model(small_model(1.0), folder / BEST)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))  # from here on the disk takes no more of any file
large = small_model(2.0, units=100_000)
writes = [lambda: write_checkpoint(folder, large.variables, {"epoch": 2}), lambda: save_model(large, folder / BEST)]
for write in writes:
    try:
        with full_disk_told(folder):
            write()
    except TrainingFailedError as error:
        print(error)
"""


def test_on_a_full_disk_what_was_there_stays_whole(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(tmp_path)], capture_output=True, text=True, timeout=120, check=True
    )

    assert done.stdout.count("the disk is full") == 2, done.stderr
    assert read_state(tmp_path) == {"epoch": 1}
    read_keras_model(tmp_path / BEST)
    assert sorted(path.name for path in tmp_path.rglob("*")) == [BEST, "checkpoint.npz", "last"]


def raised(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def wrapped() -> None:
    try:
        raise OSError(errno.ENOSPC, "No space left on device")
    except OSError as error:
        raise ValueError("cannot close the file") from error


@pytest.mark.parametrize(
    "write", [wrapped, raised(RuntimeError("write failed: errno = 28, No space left on device"))], ids=["chain", "text"]
)
def test_a_full_disk_is_told_however_a_library_wraps_it(tmp_path: Path, write: Callable[[], None]) -> None:
    with pytest.raises(TrainingFailedError, match="the disk is full"), full_disk_told(tmp_path):
        write()


@pytest.mark.parametrize(
    "error", [PermissionError(errno.EACCES, "no"), InvalidInputError("No space left on device is no name")]
)
def test_other_errors_stay_what_they_are(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)), full_disk_told(tmp_path):
        raise error
