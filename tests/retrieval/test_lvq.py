"""The codes: how far a decoded vector is from its source, how many bytes it takes, and products without decoding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skewed_vectors import skewed

from proofloom.retrieval.lvq import Codec, LvqVectors
from proofloom.retrieval.projection_choice import best, shared

CODECS = [Codec(4), Codec(8), Codec(4, 4), Codec(4, 8), Codec(8, 8)]


def encoded(codec: Codec, rows: np.ndarray) -> LvqVectors:
    return codec.encode(rows, rows.mean(axis=0))


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@given(st.integers(1, 20), st.integers(1, 33), st.floats(0.01, 1000), st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_a_vector_comes_back_within_half_a_step(
    codec: Codec, rows: int, dimension: int, size: float, seed: int
) -> None:
    """Half a step of the last level, and what float16 makes of the range: 2⁻¹¹ of it in scale and in offset.

    A second level reaches half a step of the first and no further, so what float16 adds is lost at its two ends; and
    where the range is too small for float16 the codes are all 0, so the range itself is the bound.
    """
    vectors = (np.random.default_rng(seed).standard_normal((rows, dimension)) * size).astype(np.float32)
    found = encoded(codec, vectors)
    centred = vectors - vectors.mean(axis=0)
    span = np.ptp(centred, axis=1)
    step = span / (2**codec.bits - 1)
    half = np.abs(centred).max(axis=1) + span
    last = step / 2**codec.residual if codec.residual else step
    widest = np.where(step <= 7e-5, span, last * (1 if codec.residual else 0.5))
    bound = widest + 2**-10 * half + 1e-5 * size
    assert (np.abs(found.decoded() - vectors).max(axis=1) <= bound).all()


def test_golden_codes() -> None:
    """Worked by hand from section 4 of the LVQ facts: range −1 to 2 in 15 steps of 0.2, and nibbles j and j + 2."""
    rows = np.array([[-1.0, 0.0, 2.0, 1.1]], np.float32)
    found = Codec(4).encode(rows, np.zeros(4, np.float32))
    assert found.low.tolist() == [-1.0]
    assert found.scale[0] == np.float16(0.2)
    assert found.first.tolist() == [[0 | 15 << 4, 5 | 10 << 4]]  # 1.1 lies halfway between 10 and 11: to even
    two = Codec(4, 4).encode(rows, np.zeros(4, np.float32))
    step = float(two.scale[0]) / 16
    left = rows[0] - (float(two.scale[0]) * np.array([0, 5, 15, 10]) - 1)
    signed = np.clip(np.rint(left / step), -8, 7)
    assert np.allclose(two.decoded()[0], rows[0] - left + signed * step, atol=1e-6)


@pytest.mark.parametrize(
    ("codec", "bytes_each"), [(Codec(8), 772), (Codec(4), 388), (Codec(4, 4), 772), (Codec(4, 8), 1156)]
)
def test_bytes_per_vector(codec: Codec, bytes_each: int) -> None:
    """The sizes of section 4 at D = 768, and what the arrays really take."""
    assert codec.bytes_per_vector(768) == bytes_each
    found = encoded(codec, np.random.default_rng(0).standard_normal((10, 768)).astype(np.float32))
    arrays = (found.first, found.second, found.scale, found.low)
    assert sum(array.nbytes for array in arrays) == 10 * bytes_each
    assert Codec(4).bytes_per_vector(5) == 3 + 4


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@pytest.mark.parametrize("dimension", [1, 7, 64])
def test_products_are_those_of_decoded_vectors(codec: Codec, dimension: int) -> None:
    generator = np.random.default_rng(dimension)
    found = encoded(codec, generator.standard_normal((30, dimension)).astype(np.float32) + 3)
    queries = generator.standard_normal((6, dimension)).astype(np.float32)
    places = generator.integers(0, 30, (6, 9))
    plain = np.einsum("md,mcd->mc", queries, found.decoded(places.ravel()).reshape(6, 9, dimension))
    places[0, 0] = -1
    products = found.products(queries, places)
    assert products[0, 0] == -np.inf
    assert np.allclose(products.ravel()[1:], plain.ravel()[1:], rtol=1e-4, atol=1e-3)


def test_more_bits_find_more() -> None:
    """The order of section 4: LVQ4 < LVQ8 ~ LVQ4x4 < LVQ4x8; candidates from 4 bits hold what 12 bits rank."""
    data, queries = skewed(2000, 200, 96)
    true = best(queries, data, 10)
    recall = {codec.name: shared(true, best(queries, encoded(codec, data).decoded(), 10)) for codec in CODECS}
    assert recall["LVQ4"] < recall["LVQ8"]
    assert recall["LVQ8"] > 0.97 and recall["LVQ4x4"] > 0.97
    assert recall["LVQ4x8"] > 0.99
    two_levels = encoded(Codec(4, 8), data)
    assert shared(true, best(queries, two_levels.decoded(levels=1), 10)) == pytest.approx(recall["LVQ4"], abs=0.02)
    assert shared(true, best(queries, two_levels.decoded(levels=1), 50)) > 0.99


def test_vectors_that_are_flat_or_none() -> None:
    flat = encoded(Codec(8), np.full((3, 4), 2.5, np.float32))
    assert np.allclose(flat.decoded(), 2.5)
    none = Codec(4, 8).encode(np.empty((0, 5), np.float32), np.zeros(5, np.float32))
    assert len(none) == 0 and none.decoded().shape == (0, 5)


def test_what_cannot_be_encoded_is_named() -> None:
    with pytest.raises(ValueError, match="LVQ-5x0: wanted 4 or 8 bits"):
        Codec(5)
    with pytest.raises(ValueError, match=r"their mean \(3,\)"):
        Codec(8).encode(np.ones((2, 4), np.float32), np.zeros(3, np.float32))
    with pytest.raises(ValueError, match="wanted finite numbers below 65504"):
        Codec(8).encode(np.array([[0, 1e9]], np.float32), np.zeros(2, np.float32))
    with pytest.raises(ValueError, match="wanted finite"):
        Codec(8).encode(np.array([[0, np.nan]], np.float32), np.zeros(2, np.float32))
