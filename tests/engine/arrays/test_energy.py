"""Sums of squares of blocks against those written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

RANDOM = np.random.default_rng(17)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("shape", "block"),
    [
        ((1, 8, 12, 1), (4, 4)),
        ((2, 9, 13, 3), (2, 4)),
        ((3, 1, 70, 2), (1, 16)),
        ((1, 5, 1, 1), (8, 1)),
        ((2, 300, 260, 1), (8, 2)),
    ],
    ids=str,
)
def test_block_energies(engine, shape, block, dtype):
    source = RANDOM.standard_normal(shape).astype(dtype)
    down, across = (-(-size // side) for size, side in zip(shape[1:3], block, strict=True))
    expected = np.zeros((shape[0], down, across, shape[3]))
    for y, x in np.ndindex(shape[1:3]):
        expected[:, y // block[0], x // block[1]] += source[:, y, x].astype(np.float64) ** 2
    for threads in (1, 2):
        out = np.full_like(expected, -1)
        largest = engine.block_energies(source, block, out, threads)
        np.testing.assert_allclose(out, expected, rtol=1e-5)
        assert largest == pytest.approx(np.abs(source).max(), rel=1e-6)
    source[0, -1, 0, 0] = np.nan
    engine.block_energies(source, block, out)
    assert np.argwhere(np.isnan(out)).tolist() == [[0, down - 1, 0, 0]]


@pytest.mark.parametrize(
    ("source", "block", "out", "message"),
    [
        (np.zeros((1, 4, 4, 1), np.uint8), (2, 2), (1, 2, 2, 1), "floats"),
        (np.zeros((1, 4, 4, 1)), (0, 2), (1, 2, 2, 1), "elements"),
        (np.zeros((1, 4, 4, 1)), (2, 2), (1, 2, 3, 1), "blocks down"),
    ],
)
def test_arguments_are_checked(engine, source, block, out, message):
    with pytest.raises(ValueError, match=message):
        engine.block_energies(source, block, np.zeros(out))
