"""A network as the engine runs it: plans and outputs by precision, features, kernels."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import choice
from ..errors import ArgumentError
from ..files.mapped import watch, watched
from ..graph import SizedLayer
from ..layers import Conv1d, Conv2d, Shape
from ..layers.base import engine_shape
from . import sizes
from .inputs import EngineImages
from .vectors import Float32, Weights

if TYPE_CHECKING:
    from .._engine import NetworkPlan

Precision = Literal["float32", "bfloat16"]


class Runnable(Protocol):
    """What a plan is made of: a `Network`."""

    input_shape: Shape
    rows: tuple[SizedLayer, ...]
    exact: bool
    engine_weights: Weights
    engine_plans: dict[str, NetworkPlan]
    engine_images: EngineImages

    @property
    def engine_normalization(self) -> tuple[Float32, Float32]: ...
    def __call__(self, images: ArrayLike) -> Float32: ...


def plan(network: Runnable, precision: Precision = "float32") -> NetworkPlan:
    """Return the network as the engine runs it, made when it is first needed.

    Raises
    ------
    ArgumentError
        Another precision, one that the processor has not, or bfloat16 of a network that is exact.
    """
    from .. import _engine

    made = network.engine_plans.get(precision)
    if made is None:
        choice("precision", precision, ("float32", "bfloat16"))
        exact = network.exact or os.environ.get("FENCEPOST_EXACT", "0") not in ("", "0")
        if precision == "bfloat16":
            _require_bfloat16(exact)
        steps, _ = sizes.engine_steps(network.rows)
        shape, counts = engine_shape(network.input_shape), network.engine_weights.sizes
        made = _engine.NetworkPlan(shape, steps, *counts, exact, precision == "bfloat16")
        network.engine_plans[precision] = made
    return made


def _require_bfloat16(exact: bool) -> None:
    from .. import _engine

    if exact:
        raise ArgumentError(
            'precision="bfloat16" rounds every product, which exact=True (or FENCEPOST_EXACT) '
            "rules out: leave one of them out."
        )
    if not _engine.multiplies_bfloat16():
        raise ArgumentError(
            'precision="bfloat16" needs a processor that multiplies it (AVX-512 BF16: AMD since '
            f"Zen 4, Intel since Sapphire Rapids). This engine runs on {_engine.level}: leave "
            "precision out, for float32."
        )


def forward(network: Any, images: ArrayLike) -> Float32:
    """Return what the engine makes of images; `watched` would take a tenth of the smallest call."""
    mapped = None if type(images) is np.ndarray and images.base is None else watch(images)
    computed: Float32 = network._forward(network.engine_images(images))
    if mapped is not None:
        mapped.check()
    return computed


def outputs(network: Runnable, batch: NDArray[Any], precision: Precision) -> Float32:
    """Return the outputs of the last layer, (N, features)."""
    with watched(batch):
        if precision == "float32":
            return network(batch).reshape(len(batch), -1)
        made, images = plan(network, precision), network.engine_images(batch)
        with network.engine_weights.lent() as (parameters, state, *_):
            return made.forward(parameters, state, images, *network.engine_normalization)


def features(net: Any, images: ArrayLike) -> dict[int, Float32]:
    """Compute the outputs of every layer.

    Returns
    -------
    dict of int to array of float32
        By index of the layer, arrays of shape (N, *output shape of the layer).
    """
    _, last = sizes.engine_steps(net.rows)
    with watched(images), net.engine_weights.lent() as (parameters, state, *_):
        batch = net.engine_images(images)
        values = net.engine_plan.features(parameters, state, batch, *net.engine_normalization)
    return {
        row.index: values[step].reshape(-1, *row.output_shape)
        for row, step in zip(net.rows, last, strict=True)
    }


def layer_kernel(net: Any, index: int) -> NDArray[np.float32]:
    """Weights of a convolutional layer as kernels of image processing: flipped on every axis.

    The layer computes a cross-correlation, which is the convolution with these. It is a view:
    writing into it changes the network.

    Parameters
    ----------
    index : int
        Index of the layer.

    Returns
    -------
    array of float32, shape (out_channels, in_channels / groups, rows, columns)
        (out_channels, in_channels / groups, width) for signals; (kernels, rows, columns) for a
        layer with a connection table.
    """
    index = range(len(net.layers))[index]
    layer = net.layers[index]
    if not isinstance(layer, (Conv1d, Conv2d)):
        raise ArgumentError(
            f"layer_kernel needs a convolutional layer. Received: index={index}, {layer}"
        )
    weight = net.parameters[f"{index}.weight"]
    flip: tuple[Any, ...] = (..., *(slice(None, None, -1),) * layer.axes)
    kernel: NDArray[np.float32] = weight[flip]
    return kernel
