"""The gradient checker accepts right gradients and catches planted wrong ones."""

from __future__ import annotations

import numpy as np
import pytest

from fencepost.definitions import conv_layer, tanh
from gradient_check import check_gradient, directional_derivative, random_directions

SEEDS = range(20)


def _layer(seed):
    """A small layer with a nonlinearity and its gradients, written out by hand."""
    random = np.random.default_rng(seed)
    x, weight, bias = (random.normal(size=shape) for shape in ((2, 3, 5, 6), (4, 3, 3, 2), (4,)))
    ahead = random.normal(size=(2, 4, 3, 5))

    def loss(x, weight, bias):
        return float((tanh(conv_layer(x, weight, bias)) * ahead).sum())

    slope = (1 - tanh(conv_layer(x, weight, bias)) ** 2) * ahead
    by_x, by_weight = np.zeros_like(x), np.zeros_like(weight)
    for n, o, y, z in np.ndindex(slope.shape):
        by_x[n, :, y : y + 3, z : z + 2] += slope[n, o, y, z] * weight[o]
        by_weight[o] += slope[n, o, y, z] * x[n, :, y : y + 3, z : z + 2]
    return loss, [x, weight, bias], [by_x, by_weight, slope.sum(axis=(0, 2, 3))]


def _scaled(gradient):
    return gradient * 1.001


def _one_sign(gradient):
    # The entry of median size: neither the easiest nor a negligible one.
    wrong = gradient.copy()
    place = np.argsort(np.abs(wrong), axis=None)[wrong.size // 2]
    wrong.flat[place] *= -1
    return wrong


def _flipped(gradient):
    return gradient[..., ::-1, ::-1] if gradient.ndim > 1 else gradient[::-1]


def _shifted(gradient):
    return np.roll(gradient, 1, axis=-1)


def _one_missing(gradient):
    wrong = gradient.copy()
    wrong.flat[0] = 0.0
    return wrong


def test_directional_derivative_of_a_polynomial():
    # d/dt of (2 + 3t)² · (5 − t) at 0 is 2·2·3·5 − 4.
    value = directional_derivative(
        lambda a, b: float(a**2 * b),
        [np.float64(2), np.float64(5)],
        [np.float64(3), np.float64(-1)],
    )
    assert value == pytest.approx(56, rel=1e-9)


def test_directions_have_no_entry_near_zero():
    (direction,) = random_directions([np.zeros((30, 40))], 0)
    assert np.abs(direction).min() > 0.4 / np.sqrt(1200)
    assert 0.3 < (direction > 0).mean() < 0.7


@pytest.mark.parametrize("seed", SEEDS)
def test_right_gradients_pass(seed):
    loss, arrays, gradients = _layer(seed)
    check_gradient(loss, arrays, gradients, tolerance=1e-7, seed=seed)


@pytest.mark.parametrize("which", [0, 1, 2], ids=["input", "weight", "bias"])
@pytest.mark.parametrize(
    "plant", [_scaled, _one_sign, _flipped, _shifted, _one_missing, np.zeros_like]
)
def test_planted_wrong_gradients_are_caught(plant, which):
    for seed in SEEDS:
        loss, arrays, gradients = _layer(seed)
        gradients[which] = plant(gradients[which])
        with pytest.raises(AssertionError, match=f"gradient of array {which}"):
            check_gradient(loss, arrays, gradients, tolerance=1e-7, seed=seed)


def test_a_gradient_of_the_wrong_shape_is_caught():
    loss, arrays, gradients = _layer(0)
    gradients[1] = gradients[1].reshape(-1)
    with pytest.raises(AssertionError, match="shape"):
        check_gradient(loss, arrays, gradients, tolerance=1e-7)
