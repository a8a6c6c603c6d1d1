"""Many sequences at once give what one after the other does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.core.dtw import dtw_distance
from webapp.core.errors import InvalidInputError
from webapp.core.packed_dtw import dtw_distances, pack_sequences
from webapp.core.records import FloatArray


def ragged(rng: np.random.Generator, count: int, longest: int, dimensions: int) -> list[FloatArray]:
    return [rng.normal(size=(n, dimensions)).astype(np.float32) for n in rng.integers(1, longest + 1, count)]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 26), st.none() | st.integers(0, 20))
def test_every_distance_is_that_of_the_pair_alone(seed: int, count: int, dimensions: int, band: int | None) -> None:
    rng = np.random.default_rng(seed)
    sequences, (query,) = ragged(rng, count, 30, dimensions), ragged(rng, 1, 30, dimensions)
    together = dtw_distances(query, pack_sequences(sequences), band)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, [dtw_distance(query, one, band) for one in sequences], rtol=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.none() | st.integers(0, 20), st.floats(0, 1))
def test_abandoning_answers_inf_only_above_the_limit(seed: int, count: int, band: int | None, share: float) -> None:
    rng = np.random.default_rng(seed)
    sequences, (query,) = ragged(rng, count, 30, 3), ragged(rng, 1, 30, 3)
    packed = pack_sequences(sequences)
    distances = dtw_distances(query, packed, band)
    limit = float(np.quantile(distances, share))
    np.testing.assert_array_equal(
        dtw_distances(query, packed, band, limit), np.where(distances <= limit, distances, np.inf)
    )


def test_a_sequence_among_many_is_at_no_distance_from_itself() -> None:
    sequences = ragged(np.random.default_rng(1), 50, 40, 24)
    packed = pack_sequences(sequences)
    for k, sequence in enumerate(sequences):
        assert dtw_distances(sequence, packed)[k] == 0


def test_what_is_packed_cannot_be_changed() -> None:
    packed = pack_sequences(ragged(np.random.default_rng(2), 3, 9, 2))
    assert len(packed) == 3
    with pytest.raises(ValueError, match="read-only"):
        packed.frames[0] = 1


def test_nothing_packed_gives_no_distances() -> None:
    assert dtw_distances(np.zeros((3, 2), np.float32), pack_sequences([])).shape == (0,)


def test_what_does_not_fit_is_refused_with_its_shape_or_value() -> None:
    zeros = np.zeros((3, 2), np.float32)
    with pytest.raises(InvalidInputError, match=r"sequence 1 must be \(L, 2\) like the first, got \(2, 3\)"):
        pack_sequences([zeros, zeros.T])
    with pytest.raises(InvalidInputError, match=r"query must be \(M, 2\) like what is packed, got \(2, 3\)"):
        dtw_distances(zeros.T, pack_sequences([zeros]))
    with pytest.raises(InvalidInputError, match="must be finite, got nan at frame 0, dimension 0"):
        pack_sequences([zeros, zeros + np.nan])
    with pytest.raises(InvalidInputError, match="packed sequences may have 32767 frames, got 40000"):
        pack_sequences([np.zeros((40_000, 2), np.float32)])
