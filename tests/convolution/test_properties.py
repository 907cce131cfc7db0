"""What is true of every convolution: commutative, associative, linear, and so on."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import fencepost as fp

FEW = settings(max_examples=60)


def arrays(dimensions, most=9):
    """Draw arrays of integers, so that equality is exact."""
    shapes = hnp.array_shapes(min_dims=dimensions, max_dims=dimensions, min_side=1, max_side=most)
    return hnp.arrays(np.int64, shapes, elements=st.integers(-1000, 1000))


@st.composite
def several(draw, count):
    """Draw `count` arrays of equally many axes."""
    dimensions = draw(st.integers(1, 3))
    return [draw(arrays(dimensions, most=5 if dimensions == 3 else 9)) for _ in range(count)]


@FEW
@given(several(2))
def test_commutative(pair):
    f, g = pair
    np.testing.assert_array_equal(fp.convolve(f, g), fp.convolve(g, f))


@FEW
@given(several(3))
def test_associative(triple):
    f, g, h = triple
    left, right = fp.convolve(fp.convolve(f, g), h), fp.convolve(f, fp.convolve(g, h))
    np.testing.assert_array_equal(left, right)


@FEW
@given(several(2), st.integers(-9, 9), st.integers(-9, 9), st.randoms(use_true_random=False))
def test_linear(pair, a, b, random):
    f, g = pair
    other = np.array([random.randint(-1000, 1000) for _ in f.flat]).reshape(f.shape)
    together = fp.convolve(a * f + b * other, g, "same", boundary="mirror")
    apart = [fp.convolve(item, g, "same", boundary="mirror") for item in (f, other)]
    np.testing.assert_array_equal(together, a * apart[0] + b * apart[1])


@FEW
@given(several(2), st.integers(0, 4))
def test_shift_in_shift_out(pair, shift):
    f, g = pair
    before = [(shift, 0)] * f.ndim
    np.testing.assert_array_equal(
        fp.convolve(np.pad(f, before), g), np.pad(fp.convolve(f, g), before)
    )


@FEW
@given(several(2))
def test_wrapped_around_a_roll_goes_through(pair):
    f, g = pair
    axes = tuple(range(f.ndim))
    rolled = fp.convolve(np.roll(f, 2, axes), g, "same", boundary="wrap")
    result = fp.convolve(f, g, "same", boundary="wrap")
    np.testing.assert_array_equal(rolled, np.roll(result, 2, axes))


@FEW
@given(several(1), st.data())
def test_identity(one, data):
    (f,) = one
    shape = tuple(data.draw(st.integers(1, 5)) for _ in f.shape)
    origin = tuple(data.draw(st.integers(0, size - 1)) for size in shape)
    g = np.zeros(shape, int)
    g[origin] = 1
    np.testing.assert_array_equal(fp.convolve(f, g, "same", origin=origin), f)
    np.testing.assert_array_equal(fp.correlate(f, g, "same", origin=origin), f)


@FEW
@given(several(2), st.sampled_from(["full", "same", "valid"]), st.sampled_from(["zero", "reflect"]))
def test_convolution_is_correlation_with_the_flipped_kernel(pair, mode, boundary):
    f, g = pair
    if mode == "valid" and any(k > n for n, k in zip(f.shape, g.shape, strict=True)):
        mode = "same"
    result = fp.convolve(f, g, mode, boundary=boundary)
    np.testing.assert_array_equal(fp.correlate(f, np.flip(g), mode, boundary=boundary), result)


@FEW
@given(several(2))
def test_the_sum_of_all_results_is_the_product_of_the_sums(pair):
    f, g = pair
    assert fp.convolve(f, g).sum() == f.sum() * g.sum()


@FEW
@given(several(2), st.sampled_from(["direct", "fft"]))
def test_methods_agree(pair, method):
    f, g = (array.astype(float) for array in pair)
    result = fp.convolve(f, g, boundary="nearest", method=method)
    expected = fp.convolve(*pair, boundary="nearest")
    np.testing.assert_allclose(result, expected, atol=1e-6)
