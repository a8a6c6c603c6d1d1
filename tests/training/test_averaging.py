"""Validation finds the mean of the weights, learning goes on with the weights themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from webapp.core.records import FloatArray
from webapp.training.averaging import DECAY, AveragedWeights


def network() -> Any:
    """With a weight that learns, statistics that follow, and what is no number with a point."""
    picture = tf.keras.layers.Input((2,))
    return tf.keras.Sequential(
        [picture, tf.keras.layers.Normalization(), tf.keras.layers.Dense(1), tf.keras.layers.BatchNormalization()]
    )


def set_all(model: Any, value: float) -> None:
    model.set_weights([np.full(each.shape, value, each.dtype) for each in model.get_weights()])


def held(model: Any) -> list[FloatArray]:
    return [each for each in model.get_weights() if each.dtype == np.float32]


def learn(averaging: AveragedWeights, model: Any, values: list[float]) -> None:
    averaging.on_epoch_begin(0)
    for batch, value in enumerate(values):
        set_all(model, value)
        averaging.on_train_batch_end(batch)


def mean_of(values: list[float]) -> float:
    mean = 0.0
    for step, value in enumerate(values, start=1):
        stays = min(DECAY, step / (step + 9))
        mean = stays * mean + (1 - stays) * value
    return mean


@pytest.fixture
def model() -> Any:
    model = network()
    set_all(model, 0)
    return model


def test_a_test_finds_the_mean_and_the_next_epoch_what_was_learnt(model: Any) -> None:
    averaging, values = AveragedWeights(model, found=False), [1.0, 3.0, 2.0]

    learn(averaging, model, values)
    averaging.on_test_begin()
    found = held(model)
    averaging.on_epoch_begin(1)

    assert len(found) == 8
    for each in found:
        np.testing.assert_allclose(each, mean_of(values), rtol=1e-5)
    assert all((each == 2).all() for each in held(model))


def test_the_first_weights_are_forgotten_within_an_epoch_and_later_it_reaches_far(model: Any) -> None:
    set_all(model, 100)
    averaging = AveragedWeights(model, found=False)

    learn(averaging, model, [1.0] * 20)
    averaging.on_test_begin()

    assert 1 <= held(model)[0].max() < 1.01
    averaging.on_epoch_begin(1)
    learn(averaging, model, [1.0] * 2000 + [2.0])
    averaging.on_test_begin()
    assert held(model)[0].max() == pytest.approx(1 + (1 - DECAY), abs=1e-4)


def test_one_that_was_kept_after_an_epoch_goes_on_with_what_was_learnt(model: Any) -> None:
    first, other = AveragedWeights(model, found=False), network()
    learn(first, model, [1.0, 3.0])
    first.on_test_begin()
    other.set_weights(model.get_weights())
    second = AveragedWeights(other, found=True)
    for kept, variable in zip(first.variables, second.variables, strict=True):
        variable.assign(kept)

    for averaging, each in ((first, model), (second, other)):
        learn(averaging, each, [])
        assert all((weight == 3).all() for weight in held(each))
        learn(averaging, each, [5.0])
        averaging.on_test_begin()

    for one, another in zip(held(model), held(other), strict=True):
        np.testing.assert_array_equal(one, another)
        np.testing.assert_allclose(one, mean_of([1.0, 3.0, 5.0]), rtol=1e-5)


def test_what_only_counts_has_no_mean(model: Any) -> None:
    averaging = AveragedWeights(model, found=False)

    learn(averaging, model, [7.0])
    averaging.on_test_begin()

    assert [each for each in model.get_weights() if each.dtype != np.float32] == [7]
