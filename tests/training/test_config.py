"""What a run is told is checked as a whole: whatever JSON holds, it is taken or refused in a sentence."""

from __future__ import annotations

import json

import pytest

from webapp.core.errors import InvalidInputError
from webapp.training.config import RunSettings, run_settings


def test_what_is_stored_is_read_back_as_it_was() -> None:
    settings = run_settings({"family": "regression", "loss": "oks", "augmentation": {"flip": False}, "max_minutes": 2})
    assert run_settings(json.loads(json.dumps(settings.as_json()))) == settings
    assert run_settings({}) == RunSettings()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('{"epochs": 1' + 400 * "0" + "}", "epochs must be a whole number from 1 to 10000, got 1000"),
        ('{"learning_rate": 1' + 400 * "0" + "}", "learning_rate must be a number from 1e-07 to 1, got 1000"),
        ('{"learning_rate": NaN}', "learning_rate must be a number from 1e-07 to 1, got nan"),
        ('{"max_minutes": Infinity}', "max_minutes must be a number from 0.05 to 10000, got inf"),
        ('{"epochs": true}', "epochs must be a whole number"),
        ('{"epochs": 2.5}', "epochs must be a whole number from 1 to 10000, got 2.5"),
        ('{"states": [["reviewed"]]}', "states must be some of reviewed, proposed"),
        ('{"states": []}', "states must be some of reviewed, proposed"),
        ('{"network": ["small"]}', "network must be one of small, resnet50"),
        ('{"loss": {"wing": 1}}', "loss must be a name"),
        ('{"family": "regression", "loss": "dice"}', "the loss of regression must be one of wing, mse, oks"),
        ('{"augmentation": [1]}', "augmentation must be an object"),
        ('{"augmentation": {"shear": 1}}', "a run has no setting 'shear'"),
        ('{"side_px": 100}', "side_px must be a multiple of 32, got 100"),
        ('{"seed": -1}', "seed must be a whole number from 0 to 2147483647, got -1"),
        ('{"validation_share": 0.5, "test_share": 0.4}', "a fifth to train on, together at most 0.8, got 0.5 and 0.4"),
    ],
    ids=range(16),
)
def test_what_will_not_do_is_refused_in_a_sentence(wrong: str, said: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        run_settings(json.loads(wrong))
    assert said in str(refused.value)
