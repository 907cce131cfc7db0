"""The networks of the table in JAX: the same definition, channels last, a step compiled by XLA.

Channels lie last because XLA's convolutions on processors do; weights keep their names and are
turned once. Imported only where JAX is installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ..harness import THREADS

os.environ.setdefault("NPROC", str(THREADS))  # how many threads XLA starts
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
from jax import lax

import fencepost as fp

from .real_networks import Definition

Arrays = dict[str, jax.Array]
# Of parameters, running statistics (which it writes into) and values.
Layer = Callable[[str, Arrays, Arrays, jax.Array], jax.Array]
_EPS, _MOMENTUM = 1e-5, 0.1  # of batch normalisation, PyTorch's


class _Jax:
    """Layers as functions; names of weights begin with the layer's place."""

    @staticmethod
    def conv(
        out: int, kernel: int = 3, stride: int = 1, padding: int = 0, groups: int = 1
    ) -> Layer:
        def layer(name: str, weights: Arrays, state: Arrays, x: jax.Array) -> jax.Array:
            sums = lax.conv_general_dilated(
                x,
                weights[f"{name}.weight"],
                (stride, stride),
                [(padding, padding)] * 2,
                dimension_numbers=("NHWC", "HWIO", "NHWC"),
                feature_group_count=groups,
            )
            return sums + weights[f"{name}.bias"]

        return layer

    @staticmethod
    def norm() -> Layer:
        def layer(name: str, weights: Arrays, state: Arrays, x: jax.Array) -> jax.Array:
            mean, var = x.mean((0, 1, 2)), x.var((0, 1, 2))
            count = x.size // x.shape[-1]
            for what, value in (("mean", mean), ("var", var * count / (count - 1))):
                key = f"{name}.running_{what}"
                state[key] = (1 - _MOMENTUM) * state[key] + _MOMENTUM * value
            x = (x - mean) * lax.rsqrt(var + _EPS)
            return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

        return layer

    @staticmethod
    def pool(size: int) -> Layer:
        window = (1, size, size, 1)
        return lambda name, weights, state, x: lax.reduce_window(
            x, -jnp.inf, lax.max, window, window, "VALID"
        )

    @staticmethod
    def linear(out: int) -> Layer:
        return lambda name, weights, state, x: (
            x @ weights[f"{name}.weight"] + weights[f"{name}.bias"]
        )

    @staticmethod
    def relu() -> Layer:
        return lambda name, weights, state, x: jnp.maximum(x, 0)

    @staticmethod
    def flatten() -> Layer:
        return lambda name, weights, state, x: x.transpose(0, 3, 1, 2).reshape(len(x), -1)

    @staticmethod
    def average() -> Layer:
        return lambda name, weights, state, x: x.mean((1, 2))

    @staticmethod
    def residual(*layers: Layer) -> Layer:
        return lambda name, weights, state, x: x + _through(layers, f"{name}.", weights, state, x)


def _through(layers: Any, prefix: str, weights: Arrays, state: Arrays, x: jax.Array) -> jax.Array:
    for k, layer in enumerate(layers):
        x = layer(f"{prefix}{k}", weights, state, x)
    return x


def _turned(weight: np.ndarray) -> jax.Array:
    """Return a weight as JAX reads it: rows, columns, inputs, outputs."""
    axes = {2: (1, 0), 4: (2, 3, 1, 0)}.get(weight.ndim)
    return jnp.array(weight if axes is None else weight.transpose(axes))


class Training:
    """A network in training, with the weights and statistics that `network` has now."""

    def __init__(
        self, definition: Definition, network: fp.Network, lr: float, momentum: float
    ) -> None:
        layers = definition.layers(_Jax)

        def loss_of(
            weights: Arrays, state: Arrays, x: jax.Array, y: jax.Array
        ) -> tuple[jax.Array, Arrays]:
            state = dict(state)
            scores = jax.nn.log_softmax(_through(layers, "", weights, state, x))
            return -jnp.take_along_axis(scores, y[:, None], 1).mean(), state

        def step(
            weights: Arrays, state: Arrays, speeds: Arrays, x: jax.Array, y: jax.Array
        ) -> tuple[jax.Array, Arrays, Arrays, Arrays]:
            (loss, state), slopes = jax.value_and_grad(loss_of, has_aux=True)(weights, state, x, y)
            speeds = jax.tree.map(lambda v, g: momentum * v + g, speeds, slopes)
            weights = jax.tree.map(lambda w, v: w - lr * v, weights, speeds)
            return loss, weights, state, speeds

        self._step = jax.jit(step, donate_argnums=(0, 1, 2))
        self._weights = {name: _turned(value) for name, value in network.parameters.items()}
        self._state = {name: jnp.array(value) for name, value in network.state.items()}
        self._speeds = jax.tree.map(jnp.zeros_like, self._weights)

    @staticmethod
    def batch(images: np.ndarray, labels: np.ndarray) -> tuple[jax.Array, jax.Array]:
        """Return a batch of (N, C, H, W) as it is trained on."""
        return jnp.array(images.transpose(0, 2, 3, 1)), jnp.array(labels)

    def fit(self, batches: list[tuple[jax.Array, jax.Array]], epochs: int = 1) -> np.ndarray:
        """Train on the batches; return the loss of each step."""
        losses = []
        for _ in range(epochs):
            for x, y in batches:
                loss, self._weights, self._state, self._speeds = self._step(
                    self._weights, self._state, self._speeds, x, y
                )
                losses.append(loss)
        return np.array([float(loss) for loss in losses])
