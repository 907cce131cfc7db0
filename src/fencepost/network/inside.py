"""What is inside a network: the outputs of every layer, and kernels of the convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ArgumentError
from ..layers import Conv1d, Conv2d
from . import sizes
from .vectors import Float32


def features(net: Any, images: ArrayLike) -> dict[int, Float32]:
    """Compute the outputs of every layer.

    Returns
    -------
    dict of int to array of float32
        By index of the layer, arrays of shape (N, *output shape of the layer).
    """
    _, last = sizes.engine_steps(net.rows)
    batch = net._engine_images(images)
    values = net.engine_plan.features(
        net.parameter_vector, net.state_vector, batch, *net.engine_normalization
    )
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
