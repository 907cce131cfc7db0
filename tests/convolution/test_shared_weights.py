"""A layer of shared weights is the slid kernel, number by number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fencepost as fp
from fencepost.convolution.shared_weights import PADDING, SharedWeights


@pytest.fixture
def random():
    return np.random.default_rng(41)


@pytest.mark.parametrize("operation", ["convolve", "correlate"])
@pytest.mark.parametrize(
    ("shape", "kernel"), [((9,), (3,)), ((9,), (1,)), ((7, 6), (3, 2)), ((7, 6), (7, 6))]
)
def test_it_is_the_slid_kernel(random, operation, shape, kernel):
    f, g = random.integers(-9, 10, shape), random.integers(-9, 10, kernel)
    layer = SharedWeights(g, shape, operation=operation)
    expected = getattr(fp, operation)(f, g, "valid")
    np.testing.assert_array_equal(layer(f), expected)
    np.testing.assert_array_equal(layer.matrix() @ f.ravel(), expected.ravel())
    assert layer.output_shape == expected.shape


def test_padding_gives_the_full_and_the_same_convolution(random):
    f, g = random.integers(-9, 10, (8, 5)), random.integers(-9, 10, (3, 3))
    full = SharedWeights(g, f.shape, padding=2)
    np.testing.assert_array_equal(full(f), fp.convolve(f, g))
    same = SharedWeights(g, f.shape, padding=1)
    np.testing.assert_array_equal(same(f), fp.convolve(f, g, "same"))
    begun = SharedWeights(g[0], (5,), padding=(2, 0))
    np.testing.assert_array_equal(begun(f[0]), fp.convolve(f[0], g[0], "same", origin="first"))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (fp.Conv2d(4, 3, padding=1), (2, 6, 7)),
        (fp.Conv2d(3, (2, 3), stride=(2, 1)), (1, 6, 7)),
        (fp.Conv1d(5, 4, padding=((1, 2),)), (3, 12)),
    ],
)
def test_it_is_a_convolutional_layer_without_bias(random, layer, shape):
    net = fp.Network(shape, [layer])
    net.parameters["0.bias"][:] = 0
    x = random.normal(size=shape).astype(np.float32)
    shared = SharedWeights(
        net.parameters["0.weight"],
        shape,
        stride=layer.stride if len(layer.stride) > 1 else layer.stride[0],
        padding=layer.padding,
        operation="correlate",
    )
    assert shared.output_shape == net.output_shape
    np.testing.assert_allclose(shared(x), net(x[None])[0], rtol=0, atol=1e-5)
    assert shared.weight_count == net.parameters["0.weight"].size
    assert shared.edge_count == net.multiply_adds


def test_one_kernel_through_the_depth_of_an_image(random):
    image, kernel = random.normal(size=(3, 8, 8)), random.normal(size=(3, 3, 3))
    layer = SharedWeights(kernel, image.shape)
    expected = sum(fp.convolve(image[c], kernel[c], "valid") for c in range(3))
    np.testing.assert_allclose(layer(image), expected, atol=1e-12)


@given(
    st.integers(1, 12), st.integers(1, 5), st.integers(1, 3), st.integers(0, 3), st.integers(0, 3)
)
@settings(max_examples=100)
def test_edges_in_one_axis(size, taps, stride, before, after):
    try:
        layer = SharedWeights(
            np.arange(taps), (size,), stride=stride, padding=(before, after), operation="correlate"
        )
    except fp.SizeError:
        return
    wanted = [
        (output, element if 0 <= element < size else PADDING, tap)
        for output in range(layer.output_shape[0])
        for tap in range(taps)
        for element in [output * stride - before + tap]
    ]
    edges = layer.edges
    found = zip(edges.outputs.tolist(), edges.inputs.tolist(), edges.weights.tolist(), strict=True)
    assert list(found) == wanted
    assert len(edges) == layer.edge_count


def test_the_matrix_repeats_few_weights_along_its_diagonals(random):
    g = random.normal(size=(3, 3))
    matrix = SharedWeights(g, (6, 6)).matrix()
    assert matrix.shape == (16, 36)
    assert set(matrix[matrix != 0]) == set(g.ravel())
    assert np.count_nonzero(matrix) == 16 * 9
    # One output row: a Toeplitz block, constant along diagonals.
    np.testing.assert_array_equal(matrix[1:4, 1:36], matrix[0:3, 0:35])


def test_the_numbers_of_the_article():
    layer = SharedWeights(np.ones((3, 3, 3)), (3, 256, 256))
    assert layer.fully_connected_weights_per_neuron == 196_608
    assert layer.weights_per_neuron == 27
    assert layer.fully_connected_weights == 254 * 254 * 196_608


@pytest.mark.parametrize(
    ("kernel", "shape", "message"),
    [
        ([1.0, 2.0], (3, 3), "must have the axes of its input"),
        (np.ones((2, 3, 3)), (3, 8, 8), "as many channels"),
        (np.ones((2, 2, 2, 2, 2)), (2, 2, 2, 2), "must have the axes of its input"),
    ],
)
def test_kernels_that_do_not_go_with_the_input(kernel, shape, message):
    with pytest.raises(fp.ArgumentError, match=message):
        SharedWeights(kernel, shape)


def test_other_bad_input(random):
    with pytest.raises(fp.SizeError, match="do not fit"):
        SharedWeights([1, 2, 3], (10,), stride=2)
    with pytest.raises(fp.DataError, match="must be finite numbers"):
        SharedWeights([1, np.nan], (10,))
    with pytest.raises(fp.DataError, match=r"must have shape \(10,\). Received: \(9,\)"):
        SharedWeights([1, 2], (10,))(np.ones(9))
    with pytest.raises(fp.ArgumentError, match="at most 50,000,000 edges"):
        SharedWeights(np.ones((31, 31)), (1000, 1000))
    with pytest.raises(fp.ArgumentError, match="at most 100,000,000 elements"):
        SharedWeights(np.ones((3, 3)), (200, 200)).matrix()
