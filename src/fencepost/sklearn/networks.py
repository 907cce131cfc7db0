"""The network of an estimator: the one that was asked for, or one sized to the data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import models
from ..arguments import choice, integer
from ..errors import ArgumentError, DataError
from ..layers import Conv1d, Conv2d, Flatten, Layer, Linear, ReLU, Shape
from ..models.completed import completed
from ..network import Network
from ..text import format_shape

__all__ = ["build", "sample_shape"]

_MODELS = ("lenet5", "small_cnn", "resnet9", "resnet18", "mobilenet")
_SMALLEST = 8  # below, along any axis, the models with a name have nothing to halve


def sample_shape(received: Shape, given: Sequence[int] | None, signals: bool) -> Shape:
    """Return the input shape of a network for samples of shape `received`.

    `given` is the estimator's `input_shape`, in whose stead the samples' own shape may stand.
    """
    if given is None:
        shape = received
    elif isinstance(given, (tuple, list)) and given:
        shape = tuple(integer("input_shape", size, 1) for size in given)
    else:
        raise ArgumentError(f"input_shape must be a tuple of integers. Received: {given!r}.")
    if math.prod(shape) != math.prod(received):
        raise DataError(
            f"input_shape must have as many elements as a sample of X. Received: input_shape="
            f"{shape}, which has {math.prod(shape):,}, and samples of {math.prod(received):,} "
            "features."
        )
    if len(shape) > (2 if signals else 3):
        rule = "(channels, width) or (width,)" if signals else "(channels, height, width) or fewer"
        raise DataError(f"samples must be {rule}. Received: {format_shape(shape)}.")
    if len(shape) == 3 and shape[2] in (1, 3, 4) and min(shape[:2]) >= _SMALLEST:
        raise DataError(
            "channels come before height and width: (N, C, H, W). Received: X with samples of "
            f"{format_shape(shape)}. Use X.transpose(0, 3, 1, 2)."
        )
    if len(shape) == (1 if signals else 2):
        return (1, *shape)
    return shape


def build(network: Any, shape: Shape, outputs: int, seed: int) -> Network:
    """Return a network of its own for samples of `shape`, as the estimator's `network` says."""
    if network is None:
        return _default(shape, outputs, seed)
    if isinstance(network, str):
        built = _named(network, shape, outputs, seed)
    elif isinstance(network, Network):
        built = network.copy()
    elif callable(network) and not isinstance(network, type):
        built = network(shape, outputs, seed=seed)
    elif isinstance(network, (list, tuple)):
        built = completed(network, shape, outputs, seed)
    else:
        raise ArgumentError(
            "network must be None, the name of a model, a list of layers, a Network, or a function "
            f"of (input_shape, outputs, seed=). Received: {network!r}."
        )
    if not isinstance(built, Network):
        raise ArgumentError(f"network must make a fencepost.Network. Received: {built!r}.")
    if built.input_shape != shape or built.output_shape != (outputs,):
        raise ArgumentError(
            "network must fit the data. Received: a network from "
            f"{format_shape(built.input_shape)} to {format_shape(built.output_shape)}, and data "
            f"that need one from {format_shape(shape)} to {outputs}."
        )
    return built


def _default(shape: Shape, outputs: int, seed: int) -> Network:
    if len(shape) == 1:  # features in no order: there is nothing for a kernel to slide along
        layers = [Linear(64), ReLU(), Linear(64), ReLU(), Linear(outputs)]
        return Network(shape, layers, seed=seed)
    if min(shape[1:]) >= _SMALLEST:
        return models.small_cnn(shape, outputs, seed=seed)
    if len(shape) == 2:
        first: Layer = Conv1d(24, 3, padding=1)
    else:
        first = Conv2d(24, 3, padding=1)
    return Network(shape, [first, ReLU(), Flatten(), Linear(outputs)], seed=seed)


def _named(name: str, shape: Shape, outputs: int, seed: int) -> Network:
    choice("network", name, _MODELS)
    if len(shape) == 1:
        raise ArgumentError(
            f'network="{name}" needs images or signals. Received: rows of {shape[0]} features. Say '
            "with input_shape=(channels, height, width) what they are, or use signals=True."
        )
    if name == "lenet5":
        return models.lenet5(outputs, shape, seed=seed)
    built: Network = getattr(models, name)(shape, outputs, seed=seed)
    return built
