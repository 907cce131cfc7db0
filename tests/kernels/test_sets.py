"""Sets of kernels: magnitude and direction of what their responses say."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from kernels.samples import response

PAIRS = ("sobel", "prewitt", "scharr", "frei_chen", "gaussian_derivative", "central_difference")


def flat(x, y):
    return 7.0


@pytest.mark.parametrize("name", [*PAIRS, "roberts", "difference"])
@pytest.mark.parametrize("degrees", [0, 30, 100, 180, -135])
def test_pairs_tell_length_and_direction(name, degrees):
    pair = fp.kernels.pair(name)
    angle = np.radians(degrees)
    responses = [
        np.array([response(kernel, lambda x, y: x * np.cos(angle) + y * np.sin(angle))])
        for kernel in pair
    ]
    assert np.cos(pair.direction(responses)[0] - angle) == pytest.approx(1)
    assert -np.pi < pair.direction(responses)[0] <= np.pi
    one = abs(response(pair.x, lambda x, y: x))
    along = np.sqrt(2) * one if name == "roberts" else one
    assert pair.magnitude(responses)[0] == pytest.approx(along)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_length_holds_where_squares_leave_the_range(dtype):
    kind = np.finfo(dtype)
    generator = np.random.default_rng(0)
    exponents = generator.uniform(np.log10(kind.tiny), np.log10(kind.max) - 1, (2, 5000))
    x, y = (generator.uniform(-1, 1, (2, 5000)) * 10.0**exponents).astype(dtype)
    length = fp.kernels.pair("sobel").magnitude([x, y])
    exact = np.hypot(x.astype(np.longdouble), y.astype(np.longdouble))
    normal = exact > 2 * kind.tiny
    assert (np.abs(length - exact)[normal] <= 2 * kind.eps * exact[normal]).all()
    assert (np.abs(length - exact)[~normal] <= kind.smallest_subnormal).all()
    special = np.array([[0, np.inf, np.nan, 3], [0, 1, 1, 4]], dtype)
    assert np.array_equal(
        fp.kernels.pair("sobel").magnitude(list(special)), [0, np.inf, np.nan, 5], equal_nan=True
    )


def test_frei_chens_basis_is_orthonormal_and_finds_edges_at_any_contrast():
    basis = fp.kernels.frei_chen_basis()
    flatly = np.stack([kernel.matrix.ravel() for kernel in basis])
    np.testing.assert_allclose(flatly @ flatly.T, np.eye(9), atol=1e-15)

    def magnitude(picture):
        return basis.magnitude([np.array([response(kernel, picture)]) for kernel in basis])[0]

    assert magnitude(lambda x, y: x) == pytest.approx(1)
    assert magnitude(lambda x, y: 0.01 * y) == pytest.approx(1)
    assert magnitude(flat) == pytest.approx(0, abs=1e-7)
    assert magnitude(lambda x, y: 0) == 0
    assert magnitude(lambda x, y: x == 0) < 0.5  # a line is none
