"""Every error of convolve and correlate, by its message."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp

F, G = [1.0, 2.0, 3.0], [1.0, 1.0]
FUNCTIONS = [fp.convolve, fp.correlate, fp.explain_method]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("f", "g", "message"),
    [
        ([], G, r"f must have at least one element. Received: shape \(0,\)"),
        (F, [], r"g must have at least one element. Received: shape \(0,\)"),
        (np.zeros((3, 0)), np.zeros((1, 1)), r"f must have at least one element.*\(3, 0\)"),
        (5.0, G, "f must have at least one axis. Received: the number 5.0"),
        (F, 5.0, "g must have at least one axis"),
        (["a", "b"], G, "f must be an array of numbers. Received: dtype <U1"),
        (F, np.array([1, None]), r"g must be an array of numbers. Received: dtype object"),
        (np.array(["2020-01-01"], "M8[D]"), G, "f must be an array of numbers"),
        ([[1, 2], [3]], G, "f must be an array of numbers"),
        (F, [1.0, np.nan], r"g must be finite.*Received: g\[1\] = nan"),
        (F, [np.inf, 1.0], r"g must be finite.*g\[0\] = inf"),
        ([[1.0]], [[np.nan]], r"g\[\(0, 0\)\] = nan"),
        (
            np.array([1], np.longdouble),
            G,
            r"f must be in double precision at most.*astype\(float\)",
        ),
    ],
)
def test_arrays(function, f, g, message):
    with pytest.raises(fp.DataError, match=message):
        function(f, g)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "sam"}, r'mode must be one of .*Received: mode=\'sam\'. Did you mean "same"\?'),
        ({"mode": 1}, "mode must be one of"),
        ({"method": np.array(["fft", "fft"])}, "method must be one of"),
        ({"method": "ftt"}, r'method must be one of .*Did you mean "fft"\?'),
        ({"boundary": "reflekt"}, r'boundary must be one of.*Did you mean "reflect"\?'),
        ({"boundary": np.nan}, "boundary must be one of .* or a finite number"),
        ({"boundary": True}, "boundary must be one of"),
        ({"boundary": None}, "boundary must be one of .*Received: boundary=None"),
        ({"origin": "center"}, r'origin must be .*Did you mean "centre"\?'),
        ({"origin": 2}, "origin must be an integer, at most 1. Received: origin=2"),
        ({"origin": -1}, "origin must be an integer, at least 0"),
        ({"origin": 0.5}, "origin must be an integer"),
        ({"origin": (0, 0)}, r'origin must be "centre", "first" or an index of an element of g'),
        ({"axes": 1}, "axes must be an integer, at most 0"),
        ({"axes": (0, 0)}, r"axes must name 1 different axis of f.*Received: axes=\(0, 0\)"),
        ({"method": "separable"}, r'"separable" cannot compute this: the kernel has one axis only'),
    ],
)
def test_options(function, options, message):
    with pytest.raises(fp.ArgumentError, match=message):
        function(F, G, **options)


def test_axes_must_be_said_where_g_has_fewer():
    image = np.zeros((4, 5, 3))
    with pytest.raises(
        fp.ArgumentError, match=r"f with 3, g with 2. .*axes=\(-2, -1\) are the last"
    ):
        fp.convolve(image, np.ones((2, 2)))
    with pytest.raises(fp.ArgumentError, match=r"axes=-1 are the last"):
        fp.convolve(image, [1, 2])
    with pytest.raises(
        fp.ArgumentError, match=r"f with 1, g with 2\. Use a g with at most as many axes"
    ):
        fp.convolve([1, 2], [[1, 2]])
    with pytest.raises(fp.ArgumentError, match="axes must name 2 different axes"):
        fp.convolve(image, np.ones((2, 2)), axes=(1, -2))


@pytest.mark.parametrize(
    ("shape", "kernel", "axis"), [((3,), (4,), 0), ((5, 5), (3, 6), 1), ((2, 9), (3, 3), 0)]
)
@pytest.mark.parametrize("options", [{"mode": "valid"}, {"boundary": "none"}])
def test_a_kernel_larger_than_the_array_in_mode_valid(shape, kernel, axis, options):
    with pytest.raises(fp.SizeError) as caught:
        fp.convolve(np.ones(shape), np.ones(kernel), **options)
    message = " ".join(str(caught.value).split())
    assert f"f of shape {shape}, g of shape {kernel}: {kernel[axis]} elements of g along" in message
    assert f"axis {axis} of f, which has {shape[axis]}" in message
    assert 'Use mode="same" or "full"' in message


def test_methods_that_cannot_be_used_say_why():
    random = np.random.default_rng(1)
    image = random.normal(size=(20, 20))
    with pytest.raises(
        fp.ArgumentError, match=r'rank above 4\. Use method="direct" or "fft", or "auto"'
    ):
        fp.convolve(image, random.normal(size=(7, 7)), method="separable")
    with pytest.raises(fp.ArgumentError, match="sums may exceed 62 bits"):
        fp.convolve([2**61, 2], [3], method="fft")
    with pytest.raises(fp.ArgumentError, match="no integer factors whose sums stay exact"):
        fp.convolve(np.ones((9, 9), int), np.eye(5, dtype=int), method="separable")
    with pytest.raises(fp.ArgumentError, match="integers of this size are not summed in passes"):
        fp.convolve(np.full((9, 9), 2**60), [[1, 1], [1, 1]], method="separable")


def test_errors_are_value_errors_too():
    with pytest.raises(ValueError):
        fp.convolve([], [1])


@pytest.mark.parametrize("index", [1.0, True, np.float64(1), np.True_])
def test_what_equals_an_integer_is_none_whatever_was_called_before(index):
    """Small calls are kept by their arguments, of which (1.0, 1) and (True, 1) equal (1, 1)."""
    f, g = np.ones((6, 6)), np.ones((3, 3))
    for _ in range(2):
        fp.convolve(f, g, "same", origin=(1, 1))
        with pytest.raises(fp.ArgumentError, match="origin must be an integer"):
            fp.convolve(f, g, "same", origin=(index, 1))
