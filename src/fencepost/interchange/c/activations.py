"""Activations as expressions of C: what each layer becomes, with `v` for the value."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from ... import definitions, layers
from ...layers import Layer
from .program import Activation
from .text import number
from .writer import Writer

# The engine's (engine/vector_math.h), which compilers make vectors of, as they do not of tanhf.
_TANH = """
/* tanh: odd over even, to 7 units in the last place. Eigen, MathFunctionsImpl.h, ptanh_float */
static inline float {p}_tanh(float v)
{{
    const float x = v > 7.9988117f ? 7.9988117f : v < -7.9988117f ? -7.9988117f : v, s = x * x;
    float p = -2.76076847742355e-16f * s + 2.00018790482477e-13f;
    float q = 1.19825839466702e-06f * s + 1.18534705686654e-04f;
    p = (p * s - 8.60467152213735e-11f) * s + 5.12229709037114e-08f;
    p = ((p * s + 1.48572235717979e-05f) * s + 6.37261928875436e-04f) * s + 4.89352455891786e-03f;
    q = (q * s + 2.26843463243900e-03f) * s + 4.89352518554385e-03f;
    return x * (p / q);
}}
"""


def expression(w: Writer, activation: Activation) -> str:
    """Write an activation of `v`, with the function that it calls."""
    if "tanh(" not in activation.expression:
        return activation.expression
    return activation.expression.replace("tanh(", f"{w.use('tanh', _TANH)}(")


def _relu(layer: Any) -> Activation:
    return Activation("ReLU", "v > 0.0f ? v : 0.0f", low=0.0, function=definitions.relu)


def _relu6(layer: Any) -> Activation:
    return Activation(
        "ReLU6",
        "v > 6.0f ? 6.0f : v > 0.0f ? v : 0.0f",
        low=0.0,
        high=6.0,
        function=definitions.relu6,
    )


def _leaky_relu(layer: Any) -> Activation:
    slope = number(layer.negative_slope)
    return Activation(
        "LeakyReLU",
        f"v > 0.0f ? v : {slope} * v",
        function=partial(definitions.leaky_relu, slope=layer.negative_slope),
    )


def _tanh(layer: Any) -> Activation:
    return Activation("Tanh", "tanh(v)", function=definitions.tanh)


def _scaled_tanh(layer: Any) -> Activation:
    return Activation(
        "ScaledTanh", f"1.7159f * tanh({number(2 / 3)} * v)", function=definitions.scaled_tanh
    )


def _sigmoid(layer: Any) -> Activation:
    return Activation("Sigmoid", "1.0f / (1.0f + expf(-v))", function=definitions.sigmoid)


def _gelu(layer: Any) -> Activation:
    return Activation(
        "GELU",
        f"0.5f * v * erfcf({number(-(0.5**0.5))} * v)",
        monotone=False,
        function=definitions.gelu,
    )


def _silu(layer: Any) -> Activation:
    return Activation("SiLU", "v / (1.0f + expf(-v))", monotone=False, function=definitions.silu)


_HARD = "v > 3.0f ? {high} : v > -3.0f ? {middle} : 0.0f"


def _hard_sigmoid(layer: Any) -> Activation:
    middle = f"(v + 3.0f) * {number(1 / 6)}"
    return Activation(
        "HardSigmoid", _HARD.format(high="1.0f", middle=middle), function=definitions.hard_sigmoid
    )


def _hard_swish(layer: Any) -> Activation:
    middle = f"v * (v + 3.0f) * {number(1 / 6)}"
    return Activation(
        "HardSwish",
        _HARD.format(high="v", middle=middle),
        monotone=False,
        function=definitions.hard_swish,
    )


#: What each layer becomes, given the layer.
ACTIVATIONS: Final[dict[type[Layer], Callable[[Any], Activation]]] = {
    layers.ReLU: _relu,
    layers.ReLU6: _relu6,
    layers.LeakyReLU: _leaky_relu,
    layers.Tanh: _tanh,
    layers.ScaledTanh: _scaled_tanh,
    layers.Sigmoid: _sigmoid,
    layers.GELU: _gelu,
    layers.SiLU: _silu,
    layers.HardSigmoid: _hard_sigmoid,
    layers.HardSwish: _hard_swish,
}
