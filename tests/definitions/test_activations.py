"""Activations by definition against PyTorch and by hand, all in float64."""

from __future__ import annotations

import numpy as np
import pytest

from definitions.closeness import CLOSE, tensor
from fencepost import definitions as d

X = np.concatenate([np.linspace(-9, 9, 181), [-700.0, -40.0, -0.0, 1e-300, 40.0, 700.0]])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("relu", {}),
        ("leaky_relu", {}),
        ("leaky_relu", {"slope": 0.2}),
        ("tanh", {}),
        ("sigmoid", {}),
        ("gelu", {}),
        ("silu", {}),
        ("relu6", {}),
        ("hardsigmoid", {}),
        ("hardswish", {}),
    ],
)
def test_activations_against_pytorch(torch, name, options):
    theirs = {"slope": "negative_slope"}
    expected = getattr(torch.nn.functional, name)(
        tensor(torch, X), **{theirs[key]: value for key, value in options.items()}
    )
    # PyTorch loses digits of gelu where erf is near −1; those are below 1e-13 and not compared.
    ours = name.replace("hards", "hard_s")
    np.testing.assert_allclose(
        getattr(d, ours)(X, **options), expected.numpy(), rtol=1e-12, atol=1e-14
    )


def test_scaled_tanh_has_the_constants_of_1998(torch):
    expected = 1.7159 * torch.tanh(tensor(torch, X) * 2 / 3)
    np.testing.assert_allclose(d.scaled_tanh(X), expected.numpy(), **CLOSE)
    # "such that f(1) = 1 and f(-1) = -1": to four digits.
    np.testing.assert_allclose(d.scaled_tanh([1, -1]), [1, -1], atol=1e-4)


def test_gelu_keeps_its_digits_far_below_zero():
    # x · Φ(x) at −10 is −10 · 7.619853024160526e-24.
    assert d.gelu([-10.0])[0] == pytest.approx(-7.619853024160526e-23, rel=1e-12, abs=0)


def test_activations_do_not_overflow():
    for name in ("sigmoid", "silu", "gelu", "tanh", "scaled_tanh"):
        with np.errstate(over="raise", invalid="raise"):
            assert np.isfinite(getattr(d, name)([-1e4, 1e4])).all()
