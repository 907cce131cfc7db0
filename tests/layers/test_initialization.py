"""How weights begin: each rule's standard deviation, constants, and units of few inputs."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.layers import ParameterSpec
from fencepost.layers.initialization import RULES, initial


@pytest.mark.parametrize(
    ("rule", "deviation"),
    [
        ("kaiming_uniform", 1 / np.sqrt(3 * 50)),
        ("he", np.sqrt(2 / 50)),
        ("glorot", np.sqrt(6 / 150 / 3)),
        ("lecun1998", 2.4 / 50 / np.sqrt(3)),
    ],
)
def test_initial_weights_have_the_standard_deviation_of_their_rule(rule, deviation):
    weight = ParameterSpec((100, 400), "weight", 50, 100)
    values = initial(rule, np.random.default_rng(0), weight)
    assert values.std() == pytest.approx(deviation, rel=0.02)
    assert abs(values.mean()) < deviation / 50
    bias = initial(rule, np.random.default_rng(0), ParameterSpec((400,), "bias", 50, 100))
    assert (bias == 0).all() == (rule in ("he", "glorot"))


@pytest.mark.parametrize("rule", RULES)
def test_constants_are_left_alone(rule):
    values = initial(rule, np.random.default_rng(0), ParameterSpec((3,), 0.25))
    np.testing.assert_array_equal(values, [0.25] * 3)


def test_a_unit_with_fewer_inputs_begins_with_larger_weights():
    layer = fp.Conv2d(2, 20, connections=[[1, 0, 0, 0], [1, 1, 1, 1]])
    spec = layer.parameters((4, 20, 20))["weight"]
    values = initial("kaiming_uniform", np.random.default_rng(0), spec)
    assert np.abs(values[0]).max() == pytest.approx(1 / np.sqrt(400), rel=0.02)
    assert np.abs(values[1:]).max() == pytest.approx(1 / np.sqrt(1600), rel=0.02)
