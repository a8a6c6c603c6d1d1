"""What a run would do to a dataset's pictures can be seen by everybody who may look at them."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.conftest import MakeAccount
from tests.dataset_seeding import Seeded, seed_dataset
from tests.services.datasets import account
from webapp.config import Settings
from webapp.core.errors import InvalidInputError, NotFoundError
from webapp.datasets.thumbnails import SIDE_PX
from webapp.db.accounts import User
from webapp.services.augmentation_preview import preview
from webapp.training.config import Augmentation, RunSettings

CELL_PX = 160
UNCHANGED = RunSettings(augmentation=Augmentation(False, 0, 0, 0, 0, 0, 0))


@pytest.fixture
def anna(make_account: MakeAccount, context: None) -> User:
    return account(make_account("anna"))


@pytest.fixture
def arms(anna: User, settings: Settings) -> Seeded:
    return seed_dataset(anna, settings.instance_dir, 12)


def pixels(png: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def test_three_samples_are_shown_as_they_are_and_six_times_changed(anna: User, arms: Seeded) -> None:
    sheet = pixels(preview(anna, arms.dataset_id, RunSettings()))
    assert sheet.shape == (3 * 164 - 4, 7 * 164 - 4, 3)
    first, second = sheet[:CELL_PX, :CELL_PX], sheet[:CELL_PX, 164 : 164 + CELL_PX]
    assert not np.array_equal(first, second)


def test_a_run_that_changes_nothing_shows_the_same_seven_times(anna: User, arms: Seeded) -> None:
    sheet = pixels(preview(anna, arms.dataset_id, UNCHANGED))
    for row in range(3):
        cells = [sheet[row * 164 :][:CELL_PX, at * 164 :][:, :CELL_PX] for at in range(7)]
        assert all(np.array_equal(cell, cells[0]) for cell in cells)
        assert cells[0].std() > 10


def test_the_keypoints_lie_on_the_figure(anna: User, arms: Seeded) -> None:
    # of the seeded figure every labelled keypoint is drawn upon a dark limb on a light ground
    plain = pixels(preview(anna, arms.dataset_id, UNCHANGED)).astype(np.int64)[:, :CELL_PX]
    red = plain[..., 0] - plain[..., 2]
    assert (red > 150).sum() > 100
    assert (red < -150).sum() > 100


def test_a_seed_says_which_samples_and_which_changes(anna: User, arms: Seeded) -> None:
    one, same, other = (preview(anna, arms.dataset_id, RunSettings(seed=seed)) for seed in (4, 4, 5))
    assert one == same
    assert one != other


def test_only_samples_of_the_runs_states_are_shown(anna: User, settings: Settings) -> None:
    seeded = seed_dataset(anna, settings.instance_dir, 8, states=("proposed", "unlabelled", "proposed", "excluded"))
    with pytest.raises(InvalidInputError, match="no sample of Arms has a label that is reviewed; label some first"):
        preview(anna, seeded.dataset_id, RunSettings())
    assert pixels(preview(anna, seeded.dataset_id, RunSettings(states=("reviewed", "proposed")))).shape[0] == 488


def test_of_a_single_sample_there_is_a_single_row(anna: User, settings: Settings) -> None:
    seeded = seed_dataset(anna, settings.instance_dir, 1, states=("reviewed",))
    assert pixels(preview(anna, seeded.dataset_id, RunSettings())).shape[0] == CELL_PX


@pytest.mark.parametrize("side_px", [32, 2 * SIDE_PX])
def test_whatever_a_runs_side_the_sheet_has_one_size(anna: User, arms: Seeded, side_px: int) -> None:
    assert pixels(preview(anna, arms.dataset_id, RunSettings(side_px=side_px))).shape == (488, 1144, 3)


def test_nobody_sees_pictures_of_a_dataset_that_is_not_shared(
    anna: User, arms: Seeded, settings: Settings, make_account: MakeAccount
) -> None:
    ben, viewer = account(make_account("ben")), account(make_account("viewer"))
    with pytest.raises(NotFoundError):
        preview(ben, arms.dataset_id, RunSettings())
    shared = seed_dataset(anna, settings.instance_dir, 4, name="Shared", members={viewer.id: "viewer"})
    assert preview(viewer, shared.dataset_id, RunSettings())


def test_no_inference_framework_is_needed_for_it() -> None:
    code = (
        "import sys, webapp.services.augmentation_preview\n"
        "assert not {'cv2', 'tensorflow', 'torch', 'openvino'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
