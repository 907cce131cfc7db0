"""A convolution written as a layer of neurons that share their weights.

Every output is a neuron, every input it looks at an edge, and every edge carries one of the
kernel's few weights; as a matrix, the layer is sparse and repeats them along its diagonals. It
computes what a slid kernel computes, more slowly: it is for looking at.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import sizing
from ..arguments import choice
from ..errors import ArgumentError, DataError

PADDING = -1  # the input neuron of an edge that begins in the padding
_MOST_EDGES = 50_000_000
_MOST_ELEMENTS = 100_000_000
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Edges:
    """The edges of a layer, one entry each, ordered by output neuron and then by weight.

    `outputs`, `inputs` [ndarray of int64, (edges,)]: Numbers of neurons, counted row by row; −1 for
    an input neuron in the padding, which is 0. `weights` [ndarray of int64, (edges,)]: Which of the
    kernel's elements the edge carries, counted row by row in the kernel as given.
    """

    outputs: Ints
    inputs: Ints
    weights: Ints

    def __len__(self) -> int:
        return len(self.outputs)


class SharedWeights:
    """A kernel over an input, as a network layer: neurons, edges and shared weights.

    Parameters
    ----------
    kernel : array_like
        (width,) or (rows, columns) over an input without channels; (channels, rows, columns) over
        an input with channels; (kernels, channels, rows, columns) or, over signals, (kernels,
        channels, width): then each kernel makes a channel of the output.
    input_shape : tuple of int
        (width,), (rows, columns), or with channels (channels, width), (channels, rows, columns).
    stride, padding : int or as `fencepost.output_size` takes them
        Of the window; windows that do not fit raise.
    operation : {"convolve", "correlate"}
        Whether the kernel is turned, as in a convolution, or lies as it is written, as in Conv2d.

    Attributes
    ----------
    kernel : ndarray of float64
        As given.
    input_shape, output_shape : tuple of int
    windows : tuple of Window
        The window over each axis.

    Raises
    ------
    SizeError
        The windows do not fit the input.
    ArgumentError
        Kernel and input do not go together, or the layer has more than 50 million edges.

    Examples
    --------
    Edges of a signal, as the article has them: y = f ∗ [1, −1], one zero before the first sample.

    >>> layer = SharedWeights([1, -1], (4,), padding=(1, 0))
    >>> layer.matrix().astype(int)
    array([[ 1,  0,  0,  0],
           [-1,  1,  0,  0],
           [ 0, -1,  1,  0],
           [ 0,  0, -1,  1]])
    >>> layer.weights_per_neuron, layer.fully_connected_weights_per_neuron
    (2, 4)

    A 3 × 3 kernel over an image of 3 channels and 256 × 256 pixels has 27 weights:

    >>> layer = SharedWeights(np.ones((3, 3, 3)), (3, 256, 256))
    >>> layer.weights_per_neuron, layer.fully_connected_weights_per_neuron
    (27, 196608)
    """

    def __init__(
        self,
        kernel: ArrayLike,
        input_shape: Sequence[int],
        *,
        stride: int | Sequence[int] = 1,
        padding: Any = 0,
        operation: Literal["convolve", "correlate"] = "convolve",
    ) -> None:
        self.kernel: NDArray[np.float64] = np.array(kernel, np.float64)
        self.input_shape = tuple(int(size) for size in input_shape)
        self.operation: str = choice("operation", operation, ("convolve", "correlate"))
        self._four = _as_kernels(self.kernel, self.input_shape)
        self._channels, self._sizes = _split(self.input_shape, self._axes)
        self.windows = sizing.windows(
            self._sizes, self._four.shape[2:], stride=stride, padding=padding
        )
        outputs = tuple(window.output for window in self.windows)
        several = self.kernel.ndim == self._axes + 2
        self.output_shape: tuple[int, ...] = (len(self._four), *outputs) if several else outputs
        if self.edge_count > _MOST_EDGES:
            raise ArgumentError(
                f"a layer can have at most {_MOST_EDGES:,} edges. Received: "
                f"{self.edge_count:,}. Use a smaller input; fencepost.convolve has no limit."
            )

    @property
    def _axes(self) -> int:
        return self._four.ndim - 2

    @property
    def weights_per_neuron(self) -> int:
        """Weights that one output neuron has: the elements of one kernel."""
        return math.prod(self._four.shape[1:])

    @property
    def weight_count(self) -> int:
        """Weights of the whole layer, as its neurons share them."""
        return self.kernel.size

    @property
    def fully_connected_weights_per_neuron(self) -> int:
        """Weights that one neuron would have if it looked at every input."""
        return math.prod(self.input_shape)

    @property
    def fully_connected_weights(self) -> int:
        """Weights of a layer of as many outputs in which every neuron looks at every input."""
        return math.prod(self.output_shape) * math.prod(self.input_shape)

    @property
    def edge_count(self) -> int:
        """Edges of the layer, those from the padding included."""
        return math.prod(self.output_shape) * self.weights_per_neuron

    @functools.cached_property
    def edges(self) -> Edges:
        """Every edge of the layer."""
        kernels, channels = self._four.shape[:2]
        # Which input element, along each axis, each element of the kernel meets at each output.
        turned = self.operation == "convolve"
        axes = []
        for window in self.windows:
            starts = np.arange(window.output) * window.stride - window.before
            taps = np.arange(window.kernel)
            elements = starts[:, None] + (taps[::-1] if turned else taps)
            axes.append(np.where((elements >= 0) & (elements < window.input), elements, PADDING))
        # Broadcast to (outputs…, kernel elements…): flat index of the element, or PADDING.
        flat: Ints = np.zeros((), np.int64)
        outside: NDArray[np.bool_] = np.zeros((), bool)
        for axis, (elements, window) in enumerate(zip(axes, self.windows, strict=True)):
            shape = [1] * (2 * len(axes))
            shape[axis], shape[len(axes) + axis] = elements.shape
            placed = elements.reshape(shape)
            flat = flat * window.input + placed
            outside = outside | (placed == PADDING)
        flat = np.where(outside, PADDING, flat)
        positions = math.prod(window.output for window in self.windows)
        flat = flat.reshape(positions, 1, -1)
        depth = np.arange(channels)[:, None] * math.prod(self._sizes)
        inputs = np.where(flat == PADDING, PADDING, flat + depth).reshape(positions, -1)
        inputs = np.broadcast_to(inputs, (kernels, *inputs.shape))
        weights = np.arange(self._four.size).reshape(kernels, 1, -1)
        outputs = np.arange(kernels * positions).reshape(kernels, positions, 1)
        return Edges(
            np.broadcast_to(outputs, inputs.shape).ravel(),
            inputs.ravel(),
            np.broadcast_to(weights, inputs.shape).ravel(),
        )

    def matrix(self) -> NDArray[np.float64]:
        """Return the layer as a matrix, (outputs, inputs): outputs = matrix @ inputs.

        Raises ArgumentError for more than 100 million elements.
        """
        shape = math.prod(self.output_shape), math.prod(self.input_shape)
        if math.prod(shape) > _MOST_ELEMENTS:
            raise ArgumentError(
                f"a matrix can have at most {_MOST_ELEMENTS:,} elements. Received: "
                f"{shape[0]:,} × {shape[1]:,}. `edges` has the nonzero elements."
            )
        matrix = np.zeros(shape)
        inside = self.edges.inputs != PADDING
        np.add.at(
            matrix,
            (self.edges.outputs[inside], self.edges.inputs[inside]),
            self.kernel.ravel()[self.edges.weights[inside]],
        )
        return matrix

    def __call__(self, values: ArrayLike) -> NDArray[np.float64]:
        """Compute the layer edge by edge: float64, of shape `output_shape`.

        Raises DataError unless `values` has the shape `input_shape`.
        """
        array = np.asarray(values, np.float64)
        if array.shape != self.input_shape:
            raise DataError(
                f"the input must have shape {self.input_shape}. Received: {array.shape}."
            )
        carried = np.append(array.ravel(), 0.0)[self.edges.inputs]  # −1 is the 0 at the end
        carried = carried * self.kernel.ravel()[self.edges.weights]
        sums: NDArray[np.float64] = carried.reshape(-1, self.weights_per_neuron).sum(axis=1)
        return sums.reshape(self.output_shape)

    def __repr__(self) -> str:
        return (
            f"SharedWeights: {math.prod(self.output_shape):,} neurons, {self.edge_count:,} edges, "
            f"{self.weight_count:,} weights"
        )


def _as_kernels(kernel: NDArray[np.float64], input_shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the kernel as (kernels, channels, *sizes)."""
    if kernel.size == 0 or not np.isfinite(kernel).all():
        raise DataError(f"a kernel must be finite numbers. Received: shape {kernel.shape}.")
    plain = kernel.ndim == len(input_shape) and kernel.ndim in (1, 2)
    deep = kernel.ndim == len(input_shape) == 3
    several = kernel.ndim == len(input_shape) + 1 and kernel.ndim in (3, 4)
    weights = kernel[None, None] if plain else kernel[None] if deep else kernel
    if not plain and (not (deep or several) or weights.shape[1] != input_shape[0]):
        raise ArgumentError(
            "a kernel must have the axes of its input, or one more for several kernels, and as "
            f"many channels. Received: a kernel of shape {kernel.shape} over an input of shape "
            f"{input_shape}."
        )
    return weights


def _split(input_shape: tuple[int, ...], axes: int) -> tuple[int, tuple[int, ...]]:
    """Return channels and sizes."""
    if len(input_shape) == axes:
        return 1, input_shape
    return input_shape[0], input_shape[1:]
