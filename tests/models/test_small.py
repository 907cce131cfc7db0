"""The named models: counts as published, sizes that fit, costs that are moderate."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import fencepost as fp
from fencepost import models


def test_lenet5_of_today():
    net = models.lenet5()
    assert net.parameter_count == 61_706
    assert [row.output_shape for row in net.rows if row.parameters] == [
        (6, 28, 28),
        (16, 10, 10),
        (120,),
        (84,),
        (10,),
    ]


def test_lenet5_of_1998_layer_by_layer():
    """The counts of the paper, section II-B."""
    net = models.lenet5_1998()
    assert net.parameter_count == 60_000
    assert net.connections == 340_908
    by_layer = [(row.parameters, row.connections) for row in net.rows if row.connections]
    assert by_layer == [
        (156, 122_304),  # C1
        (12, 5_880),  # S2
        (1_516, 151_600),  # C3
        (32, 2_000),  # S4
        (48_120, 48_120),  # C5
        (10_164, 10_164),  # F6
        (0, 840),  # the RBF output
    ]


def test_table_of_c3_is_as_the_paper_describes_it():
    """Six maps see 3 inputs in a row, six 4 in a row, three 4 that are not, one all."""
    table = models.C3_TABLE
    assert table.shape == (16, 6)

    def row(*inputs):
        return [int(i in {n % 6 for n in inputs}) for i in range(6)]

    expected = [row(i, i + 1, i + 2) for i in range(6)]
    expected += [row(i, i + 1, i + 2, i + 3) for i in range(6)]
    expected += [row(i, i + 1, i + 3, i + 4) for i in range(3)]
    expected += [row(*range(6))]
    np.testing.assert_array_equal(table, expected)


def test_lenet5_of_1998_begins_by_the_papers_rule():
    net = models.lenet5_1998()
    kernels = np.abs(net.parameters["4.weight"])
    assert kernels[:18].max() == pytest.approx(2.4 / 75, rel=0.05)  # six maps of 3 inputs
    assert kernels[-6:].max() == pytest.approx(2.4 / 150, rel=0.05)  # the map that sees all
    np.testing.assert_array_equal(net.parameters["2.weight"], np.full(6, 0.25, np.float32))


def test_lenet5_on_another_size_says_what_would_fit():
    assert models.lenet5(3, (3, 32, 32)).output_shape == (3,)
    with pytest.raises(fp.SizeError) as caught:
        models.lenet5(10, (1, 27, 27))
    assert "layer 2, MaxPool2d(2)" in str(caught.value)


@settings(max_examples=60)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 5), st.integers(1, 30))
def test_small_cnn_fits_any_image(height, width, channels, classes):
    net = models.small_cnn((channels, height, width), classes)
    assert net.output_shape == (classes,)
    assert net.input_shape == (channels, height, width)
    assert net.parameter_count < 1_000_000
    assert net.multiply_adds < 80e6


@settings(max_examples=40)
@given(st.integers(1, 100_000), st.integers(1, 12), st.integers(1, 30))
def test_small_cnn_fits_any_signal(width, channels, classes):
    net = models.small_cnn((channels, width), classes)
    assert net.output_shape == (classes,)
    assert net.parameter_count < 500_000 + 16 * channels * width
    assert net.multiply_adds < 10e6 + 200 * channels * width


def test_small_cnn_of_mnist_costs_what_it_may():
    assert 1e6 < models.small_cnn((1, 28, 28), 10).multiply_adds < 6e6


@pytest.mark.parametrize(
    "shape",
    [
        *((1, 8, 8), (3, 9, 64), (2, 61, 8), (4, 33, 35), (1, 70, 70), (2, 9), (1, 701)),
        *((3, 7, 7), (2, 2, 5), (1, 1, 1), (1, 1, 300), (2, 3), (1, 1)),
    ],
)
def test_small_cnn_computes(shape):
    net = models.small_cnn(shape, 4)
    images = np.random.default_rng(0).integers(0, 256, (3, *shape)).astype(np.uint8)
    outputs = net(images)
    assert outputs.shape == (3, 4)
    assert np.isfinite(outputs).all()
    # The last row and the last column matter: no pixel is dropped.
    for edge in (np.s_[..., -1, :], np.s_[..., -1])[3 - len(shape) :]:
        changed = images.copy()
        changed[edge] = 255 - changed[edge]
        assert (net(changed) != outputs).any()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: models.small_cnn((1, 0, 20), 3), fp.ArgumentError, "at least 1"),
        (lambda: models.small_cnn((100,), 3), fp.ArgumentError, "for signals, (channels, width)"),
        (
            lambda: models.small_cnn((1, 8, 8), 0),
            fp.ArgumentError,
            "out_features must be an integer, at least",
        ),
        (lambda: models.lenet5(0), fp.ArgumentError, "out_features must be an integer, at least 1"),
    ],
)
def test_what_models_refuse(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert message in " ".join(str(caught.value).split())  # the text may be wrapped


@pytest.mark.parametrize(
    "make",
    [models.lenet5, models.lenet5_1998, lambda seed: models.small_cnn((1, 9, 9), 3, seed=seed)],
)
def test_weights_follow_from_the_seed(make):
    first, again, other = make(seed=1), make(seed=1), make(seed=2)
    np.testing.assert_array_equal(first.parameter_vector, again.parameter_vector)
    assert (first.parameter_vector != other.parameter_vector).any()
