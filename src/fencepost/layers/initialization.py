"""How weights begin: named rules, each a range or standard deviation from the fans of a unit.

| name | weight | bias |
| --- | --- | --- |
| kaiming_uniform (default) | U(±1/√fan_in) | U(±1/√fan_in) |
| he | N(0, 2/fan_in) | 0 |
| glorot | U(±√(6/(fan_in + fan_out))) | 0 |
| lecun1998 | U(±2.4/fan_in) | U(±2.4/fan_in) |

kaiming_uniform is PyTorch's default for convolutional and linear layers: He et al.'s uniform rule
with a = √5, whose bound √(6/((1 + a²) fan_in)) is 1/√fan_in. he: He, Zhang, Ren, Sun: Delving deep
into rectifiers (2015), for ReLU. glorot: Glorot, Bengio: Understanding the difficulty of training
deep feedforward neural networks (2010), for tanh and sigmoid. lecun1998: LeCun, Bottou, Bengio,
Haffner: Gradient-based learning applied to document recognition (1998), appendix A, for the scaled
tanh. fan_in is the number of a unit's inputs, fan_out the number of units that one input feeds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .base import ParameterSpec

Rule = Callable[[np.random.Generator, ParameterSpec], NDArray[np.float64]]


def kaiming_uniform(generator: np.random.Generator, spec: ParameterSpec) -> NDArray[np.float64]:
    """Weights and biases from U(±1/√fan_in)."""
    return _uniform(generator, spec, 1 / np.sqrt(_fan_in(spec)))


def he(generator: np.random.Generator, spec: ParameterSpec) -> NDArray[np.float64]:
    """Weights from N(0, 2/fan_in), biases 0."""
    if spec.init == "bias":
        return np.zeros(spec.shape)
    return generator.standard_normal(spec.shape) * np.sqrt(2 / _fan_in(spec))


def glorot(generator: np.random.Generator, spec: ParameterSpec) -> NDArray[np.float64]:
    """Weights from U(±√(6/(fan_in + fan_out))), biases 0."""
    if spec.init == "bias":
        return np.zeros(spec.shape)
    return _uniform(generator, spec, np.sqrt(6 / (_fan_in(spec) + spec.fan_out)))


def lecun1998(generator: np.random.Generator, spec: ParameterSpec) -> NDArray[np.float64]:
    """Weights and biases from U(±2.4/fan_in)."""
    return _uniform(generator, spec, 2.4 / _fan_in(spec))


#: The rules by name; the first is the default.
RULES: dict[str, Rule] = {
    "kaiming_uniform": kaiming_uniform,
    "he": he,
    "glorot": glorot,
    "lecun1998": lecun1998,
}


def initial(rule: str, generator: np.random.Generator, spec: ParameterSpec) -> NDArray[np.float64]:
    """First values of one array of parameters."""
    if isinstance(spec.init, str):
        return RULES[rule](generator, spec)
    return np.full(spec.shape, float(spec.init))


def _uniform(
    generator: np.random.Generator, spec: ParameterSpec, bound: NDArray[np.float64]
) -> NDArray[np.float64]:
    return generator.uniform(-1.0, 1.0, spec.shape) * bound


def _fan_in(spec: ParameterSpec) -> NDArray[np.float64]:
    """Shape the fan so that it stands beside the first axis of the parameter."""
    fan = np.asarray(spec.fan_in, np.float64)
    return fan.reshape(fan.shape + (1,) * (len(spec.shape) - 1)) if fan.ndim else fan
