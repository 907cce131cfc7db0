"""Kernels turned, one after the other, and added."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

import fencepost as fp
from fencepost import definitions
from kernels.samples import asymmetric, kernels


@given(kernels())
def test_quarter_turns_turn_the_response_with_the_image(kernel):
    f = np.random.default_rng(0).normal(size=(7, 6))
    turned = kernel.rotated(90)
    np.testing.assert_allclose(
        definitions.convolve_2d(np.rot90(f), turned.matrix, turned.origin),
        np.rot90(definitions.convolve_2d(f, kernel.matrix, kernel.origin)),
    )
    assert turned.rotated(270) == kernel
    assert kernel.rotated(180) == kernel.flipped()
    assert kernel.rotated(-90) == kernel.rotated(270)


@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_turning_by_45_degrees_turns_rings(size):
    kernel = asymmetric(size, size)
    assert kernel.rotated(45).rotated(45) == kernel.rotated(90)
    assert kernel.rotated(-45).rotated(45) == kernel
    assert kernel.rotated(405) == kernel.rotated(45)
    one = np.zeros((5, 5))
    one[2, 4] = 1.0  # right
    assert fp.Kernel(one).rotated(45).matrix[0, 4] == 1.0  # upper right


@given(kernels(), kernels())
def test_composition_is_one_after_the_other(one, other):
    # Composed kernels reach further; a margin of zeros keeps what the first lets run over.
    f = np.pad(np.random.default_rng(0).normal(size=(3, 4)), 8)
    both = one * other
    steps = definitions.convolve_2d(f, one.matrix, one.origin)
    steps = definitions.convolve_2d(steps, other.matrix, other.origin)
    inside = (slice(4, -4), slice(4, -4))
    np.testing.assert_allclose(
        definitions.convolve_2d(f, both.matrix, both.origin)[inside], steps[inside], atol=1e-9
    )
    assert both == other * one
    np.testing.assert_array_equal(
        both.matrix, definitions.convolve_2d_full(one.matrix, other.matrix)
    )


@given(kernels(ndim=1), kernels(ndim=1), kernels(ndim=1))
def test_composition_is_associative_and_distributes_over_sums(a, b, c):
    assert (a * b) * c == a * (b * c)
    left, right = a * (b + c), a * b + a * c
    assert left == right


@given(kernels(), kernels())
def test_sums_are_sums_of_responses(one, other):
    f = np.random.default_rng(0).normal(size=(6, 7))

    def response(kernel):
        return definitions.convolve_2d(f, kernel.matrix, kernel.origin)

    np.testing.assert_allclose(response(one + other), response(one) + response(other), atol=1e-9)
    np.testing.assert_allclose(response(one - other), response(one) - response(other), atol=1e-9)
    np.testing.assert_allclose(response(-one), -response(one))
    np.testing.assert_allclose(response(2.5 * one), 2.5 * response(one), atol=1e-9)
    assert one * 2 == 2 * one == one.scaled(2)


def test_identity_composed_changes_nothing():
    kernel = asymmetric(3, 4)
    assert fp.kernels.identity() * kernel == kernel
    assert kernel * kernel == kernel.composed(kernel)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "make",
    [
        lambda k: k * 1e200, lambda k: k * k, lambda k: k / 1e-300, lambda k: 1e150 * k + 1e150 * k,
        lambda k: 1e150 * k - -1e150 * k,
    ],
)  # fmt: skip
def test_weights_that_overflow_are_refused_without_a_warning(make):
    with pytest.raises(fp.ArgumentError, match="finite real numbers"):
        make(fp.Kernel([1e158, 1.0]))
