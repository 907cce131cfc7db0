"""Convolution against its definition: every dtype, layout, mode, boundary, origin and method."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import fencepost as fp
from properties.draws import (
    LAYOUTS,
    MODES,
    PADS,
    close,
    cut,
    drawn,
    floats,
    integers,
    laid_out,
    shapes,
    sums,
)  # fmt: skip

METHODS = ("auto", "direct", "separable", "box", "fft")


def computed(f, g, mode, method, **options):
    """Convolve, or assume that the method can."""
    try:
        return fp.convolve(f, g, mode, method=method, **options)
    except fp.ArgumentError as error:
        assume("cannot compute this" not in str(error))
        raise


@drawn(200, st.data(), st.integers(1, 3), st.sampled_from(MODES), st.sampled_from(METHODS))
def test_integers_are_exact_or_refused(data, axes, mode, method):
    f, g = (data.draw(integers(data.draw(shapes(axes)))) for _ in range(2))
    if data.draw(st.booleans()):  # as boxes are
        g = np.full_like(g, g.flat[0])
    assume(mode != "valid" or all(k <= n for n, k in zip(f.shape, g.shape, strict=True)))
    exact = cut(sums(f, g, object), f.shape, g.shape, mode)
    largest = max(int(abs(np.asarray(array, object)).max()) for array in (f, g))
    if max(largest, int(abs(exact).max())) < 2**63 - 1:
        result = computed(f, g, mode, method)
        assert result.dtype == np.int64
        assert (result == exact).all()
    else:
        try:
            assert (computed(f, g, mode, method) == exact).all()
        except fp.ArgumentError as error:
            assert "must fit 64 bits" in str(error)


# The others, asked for by name, are as exact beside the largest element.
@drawn(
    100,
    st.data(),
    st.integers(1, 3),
    st.sampled_from(MODES),
    st.sampled_from(["auto", "direct", "box"]),
)
def test_floats_are_within_the_bound(data, axes, mode, method):
    f, g = (data.draw(floats(data.draw(shapes(axes)))) for _ in range(2))
    assume(mode != "valid" or all(k <= n for n, k in zip(f.shape, g.shape, strict=True)))
    scale = 10.0 ** data.draw(st.integers(-8, 8))
    f = f.astype(np.result_type(f, np.float32)) * np.float32(scale)
    result = computed(f, g, mode, method)
    assert result.dtype == np.result_type(f, g, np.float32).newbyteorder("=")
    exact, magnitudes = sums(f, g, np.longdouble), sums(np.abs(f), np.abs(g), np.longdouble)
    exact, magnitudes = (cut(each, f.shape, g.shape, mode) for each in (exact, magnitudes))
    assert close(result, exact, magnitudes, g.size)


@drawn(60, st.data(), st.integers(1, 2))
def test_complex_numbers_are_their_parts(data, axes):
    f, g = (
        data.draw(floats(shape, ("f4", "f8"))) + 1j * data.draw(floats(shape, ("f4", "f8")))
        for shape in (data.draw(shapes(axes)), data.draw(shapes(axes)))
    )
    result = fp.convolve(f, g)
    assert result.dtype == np.result_type(f, g)
    exact, magnitudes = sums(f, g, np.clongdouble), sums(np.abs(f), np.abs(g), np.longdouble)
    unit = float(np.finfo(result.dtype).eps)
    assert (np.abs(result - exact) <= 32 * g.size * unit * (magnitudes + 1e-30)).all()
    conjugated = fp.correlate(f, g, "full")
    np.testing.assert_array_equal(conjugated, fp.convolve(f, np.flip(g).conj()))


@drawn(
    150, st.data(), st.integers(1, 3), st.sampled_from([*PADS, "zero", "constant", 7]),
    st.sampled_from(METHODS),
)  # fmt: skip
def test_a_boundary_is_a_padded_array(data, axes, boundary, method):
    shape, kernel = data.draw(shapes(axes)), data.draw(shapes(axes))
    f = data.draw(hnp.arrays(np.int64, shape, elements=st.integers(-99, 99)))
    g = data.draw(hnp.arrays(np.int64, kernel, elements=st.integers(-99, 99)))
    origin = [data.draw(st.integers(0, k - 1)) for k in kernel]
    around = [(k - 1 - at, at) for k, at in zip(kernel, origin, strict=True)]
    value = boundary if isinstance(boundary, int) else 0
    padding = {} if boundary in PADS else {"constant_values": value}
    padded = np.pad(f, around, PADS.get(boundary, "constant"), **padding)
    expected = cut(sums(padded, g, object), padded.shape, kernel, "valid")
    given = data.draw(st.sampled_from([list, tuple, np.array]))(origin)
    laid = laid_out(f, data.draw(st.sampled_from(LAYOUTS)))
    result = computed(laid, g, "same", method, boundary=boundary, origin=given)
    np.testing.assert_array_equal(result, expected)


@drawn(60, st.data(), st.integers(1, 2), st.sampled_from(MODES))
def test_axes_name_where_a_kernel_lies(data, axes, mode):
    shape = data.draw(shapes(3))
    along = data.draw(st.permutations(range(3)))[:axes]
    f = data.draw(integers(shape, ("i2", "u1")))
    g = data.draw(integers(data.draw(shapes(axes)), ("i2", "u1")))
    assume(mode != "valid" or all(g.shape[i] <= shape[axis] for i, axis in enumerate(along)))
    laid = np.moveaxis(f, along, range(3 - axes, 3))
    batch = laid.reshape(-1, *laid.shape[3 - axes :])
    rows = [cut(sums(row, g, object), row.shape, g.shape, mode) for row in batch]
    expected = np.array(rows).reshape(*laid.shape[: 3 - axes], *rows[0].shape)
    signed = [axis - 3 * data.draw(st.booleans()) for axis in along]
    result = fp.convolve(f, g, mode, axes=data.draw(st.sampled_from([tuple, np.array]))(signed))
    np.testing.assert_array_equal(np.moveaxis(result, along, range(3 - axes, 3)), expected)


@drawn(60, st.data(), st.integers(2, 3), st.sampled_from([*PADS, "zero"]))
def test_vectors_are_their_outer_product(data, axes, boundary):
    elements = st.integers(-9, 9)
    vectors = [
        data.draw(hnp.arrays(np.int64, st.integers(1, 6), elements=elements)) for _ in range(axes)
    ]
    f = data.draw(hnp.arrays(np.int64, shapes(axes), elements=st.integers(-999, 999)))
    kernel = fp.Kernel.from_factors(*vectors)
    dense = np.asarray(kernel).astype(int)
    expected = fp.convolve(
        f, dense, "same", boundary=boundary, origin=kernel.origin, method="direct"
    )
    result = fp.convolve(f, kernel, "same", boundary=boundary)
    np.testing.assert_array_equal(result, expected)
    for axis, vector in enumerate(vectors):
        f = fp.convolve(f, vector, "same", boundary=boundary, axes=axis, origin=len(vector) // 2)
    if boundary != "mirror" or min(f.shape) > 1:
        np.testing.assert_array_equal(result, f)


@drawn(60, st.data(), st.integers(1, 3))
def test_associative_within_the_bound(data, axes):
    f, g, h = (data.draw(floats(data.draw(shapes(axes)), ("f8",))) for _ in range(3))
    left, right = fp.convolve(fp.convolve(f, g), h), fp.convolve(f, fp.convolve(g, h))
    magnitudes = fp.convolve(fp.convolve(np.abs(f), np.abs(g)), np.abs(h))
    terms = g.size + h.size + min(g.size * h.size, 10_000)
    assert (np.abs(left - right) <= 32 * terms * 2.0**-53 * (magnitudes + 1e-280)).all()


@pytest.mark.parametrize("function", [fp.max_pool, fp.avg_pool, fp.sum_pool])
def test_pooling(function):
    reduce = {fp.max_pool: np.max, fp.avg_pool: np.mean, fp.sum_pool: np.sum}[function]

    @drawn(50, st.data(), st.integers(1, 3))
    def check(data, axes):
        shape = data.draw(shapes(axes))
        kernel = tuple(data.draw(st.integers(1, n)) for n in shape)
        stride = tuple(data.draw(st.integers(1, 3)) for _ in shape)
        dtypes = ("i1", "u1", "i4", "u2", "f4", "f8")
        x = data.draw(st.one_of(integers(shape, dtypes[:4]), floats(shape, dtypes[4:])))
        windows = np.lib.stride_tricks.sliding_window_view(x, kernel)
        windows = windows[tuple(slice(None, None, step) for step in stride)]
        wide = windows.astype(np.int64 if x.dtype.kind in "iu" else np.longdouble)
        expected = reduce(wide, axis=tuple(range(axes, 2 * axes)))
        result = function(x, kernel, stride, remainder="crop")
        if function is fp.avg_pool or x.dtype.kind == "f":
            scale = float(np.abs(x.astype(np.longdouble)).max())
            unit = float(np.finfo(result.dtype).eps) * 40
            assert (np.abs(result - expected) <= unit * scale * max(1, windows[0].size)).all()
        else:
            np.testing.assert_array_equal(result, expected)

    check()
