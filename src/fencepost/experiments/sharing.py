"""`shared_weights`: a slid kernel, a sparse matrix and a network layer give the same numbers."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import datasets, kernels
from ..convolution import SharedWeights, convolve
from ..layers import Conv1d, Conv2d
from ..network import Network
from ..plots import grids, style
from ..text import format_shape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIGNAL = (10, 9, 10, 9, 10, 1, 10, 9, 10, 8)  # the article's


@dataclass(frozen=True)
class SharingCase:
    """One kernel over one input, computed in four ways.

    Attributes
    ----------
    name : str
    input_shape, kernel_shape, output_shape : tuple of int
    neurons, edges : int
    weights, weights_fully_connected : int
        Of the whole layer: shared, and if every neuron were connected to every input.
    per_neuron, per_neuron_fully_connected : int
    filled : float
        Share of the matrix that is not 0.
    by_edges, by_matrix, by_network : float
        Largest difference from the slid kernel's result, of the edges added up one by one, of the
        product with the matrix, and of a network's convolutional layer (in float32).
    """

    name: str
    input_shape: tuple[int, ...]
    kernel_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    neurons: int
    edges: int
    weights: int
    weights_fully_connected: int
    per_neuron: int
    per_neuron_fully_connected: int
    filled: float
    by_edges: float
    by_matrix: float
    by_network: float


@dataclass(frozen=True)
class SharedWeightsResult:
    """The result of `shared_weights`.

    Attributes
    ----------
    cases : tuple of SharingCase
    article : tuple of (str, int, int)
        What one neuron over an input costs: its name, weights if it is fully connected, and
        weights of the shared kernel.
    """

    cases: tuple[SharingCase, ...]
    article: tuple[tuple[str, int, int], ...]

    def __str__(self) -> str:
        lines = ["A kernel that is slid, a sparse matrix, a network layer: the largest difference."]
        for case in self.cases:
            lines += [
                "",
                f"{case.name}: {format_shape(case.kernel_shape)} over "
                f"{format_shape(case.input_shape)}",
                f"  {case.neurons:,} neurons, {case.edges:,} edges, {case.weights:,} weights; "
                f"fully connected, {case.weights_fully_connected:,}",
                f"  matrix: {100 * case.filled:.3g} % of its elements are not 0",
                f"  edges one by one {case.by_edges:.2g}, matrix {case.by_matrix:.2g}, "
                f"network layer {case.by_network:.2g}",
            ]
        lines += ["", "Weights of one neuron:"]
        lines += [
            f"  {name}: fully connected {all_:,}, shared {few:,}"
            for name, all_, few in self.article
        ]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "cases": [asdict(case) for case in self.cases],
            "one_neuron": [
                {"input": name, "fully_connected": all_, "shared": few}
                for name, all_, few in self.article
            ],
        }

    def plot(self, *, ax: Axes | None = None) -> Figure | Axes:
        """Draw the matrix of the article's signal, and what one neuron costs."""
        return _draw(self, article_layer(), ax)


def article_layer() -> SharedWeights:
    """Return y = f ∗ [1, −1] over the article's ten samples, one zero before the first."""
    return SharedWeights([1, -1], (len(_SIGNAL),), padding=(1, 0))


def shared_weights() -> SharedWeightsResult:
    """Compute convolutions as layers of shared weights, and count the weights.

    Examples
    --------
    >>> result = shared_weights()
    >>> max(case.by_matrix for case in result.cases) < 1e-9
    True
    >>> result.article[-1]
    ('3 × 256 × 256, kernel 3 × 3', 196608, 27)
    """
    random = np.random.default_rng(1)
    digit = datasets.mnist("test").images[0, 0].astype(float)
    colour = random.integers(0, 256, (3, 32, 32)).astype(float)
    deep = random.normal(size=(4, 3, 3, 3))
    cases = (
        _case("the article's signal", np.array(_SIGNAL, float), np.array([1.0, -1.0])),
        _case("a digit under Sobel", digit, kernels.sobel("x").matrix),
        _case("4 kernels through 3 channels", colour, deep),
    )
    sizes = ((1, 28, 28, 5), (3, 32, 32, 3), (3, 256, 256, 3))
    article = tuple(
        (
            f"{channels} × {height} × {width}, kernel {side} × {side}",
            layer.fully_connected_weights_per_neuron,
            layer.weights_per_neuron,
        )
        for channels, height, width, side in sizes
        for layer in [SharedWeights(np.ones((channels, side, side)), (channels, height, width))]
    )
    return SharedWeightsResult(cases, article)


def _case(name: str, values: NDArray[np.float64], kernel: NDArray[np.float64]) -> SharingCase:
    layer = SharedWeights(kernel, values.shape)
    slid = _slid(values, kernel)
    matrix = layer.matrix()
    product = (matrix @ values.ravel()).reshape(layer.output_shape)

    def off(other: NDArray[Any]) -> float:
        return float(np.abs(other - slid).max())

    return SharingCase(
        name,
        layer.input_shape,
        kernel.shape,
        layer.output_shape,
        math.prod(layer.output_shape),
        layer.edge_count,
        layer.weight_count,
        layer.fully_connected_weights,
        layer.weights_per_neuron,
        layer.fully_connected_weights_per_neuron,
        float(np.count_nonzero(matrix) / matrix.size),
        off(layer(values)),
        off(product),
        off(_in_a_network(values, kernel)),
    )


def _slid(values: NDArray[np.float64], kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convolve with every kernel, and add up its channels."""
    if kernel.ndim == values.ndim:
        return convolve(values, kernel, "valid")
    pairs = (zip(values, deep, strict=True) for deep in kernel)
    return np.array([sum(convolve(x, k, "valid") for x, k in each) for each in pairs])


def _in_a_network(values: NDArray[np.float64], kernel: NDArray[np.float64]) -> NDArray[np.float32]:
    """Compute with a Conv layer: its weights are the flipped kernel, as it correlates."""
    deep = kernel.ndim > values.ndim
    axes = kernel.ndim - 2 if deep else kernel.ndim
    weights = kernel if deep else kernel[None, None]
    kind = Conv1d if axes == 1 else Conv2d
    net = Network(
        values.shape if deep else (1, *values.shape),
        [kind(len(weights), weights.shape[2:], bias=False)],
    )
    net.layer_kernel(0)[...] = weights
    inputs = values[None] if deep else values[None, None]
    outputs = net(inputs.astype(np.float32))[0]
    return np.asarray(outputs if deep else outputs[0])


def _draw(result: SharedWeightsResult, layer: SharedWeights, ax: Axes | None) -> Figure | Axes:
    """Draw a layer as a matrix, and the weights of one neuron on a logarithmic scale."""
    canvas = style.canvas(ax, 7.4, 3.9)
    canvas.write(0.03, 0.95, "The article's signal as a layer: y = f ∗ [1, −1]", weight="bold")
    canvas.write(0.03, 0.885, "one row a neuron, one column an input; two weights", **style.REMARK)
    matrix = layer.matrix()
    axes = canvas.panel(0.03, 0.04, 0.43, 0.8)
    side = grids.sheet(axes, -0.1, -0.1, matrix.shape[1] + 0.1, matrix.shape[0] + 0.1)
    colours, dark = grids.signed_colours(matrix)
    grids.draw_cells(axes, (0, 0), matrix.shape, colour=colours)
    texts = np.where(matrix == 0, "", grids.as_texts(matrix))
    grids.draw_numbers(axes, (0, 0), texts, side, dark=dark)

    canvas.write(0.55, 0.95, "Weights of one neuron", weight="bold")
    canvas.write(0.55, 0.885, "hatched if it is fully connected, plain if shared", **style.REMARK)
    bars = canvas.panel(0.55, 0.13, 0.42, 0.7)
    style.plain(bars)
    bars.set_xscale("log")
    bars.set_xlim(1, 3e6)
    bars.set_ylim(len(result.article) - 0.3, -0.75)
    bars.set_yticks([])
    for row, (name, everything, shared) in enumerate(result.article):
        for offset, count, colour, hatch in (
            (-0.02, everything, style.VERMILLION, "//"),
            (0.26, shared, style.BLUE, ""),
        ):
            bars.barh(row + offset, count, 0.26, color=colour, hatch=hatch, edgecolor=style.PAPER)
            bars.text(
                count * 1.2, row + offset, f"{count:,}", va="center_baseline",
                fontsize=style.SMALL_SIZE, color=style.INK,
            )  # fmt: skip
        bars.text(1.15, row - 0.3, name, fontsize=style.SMALL_SIZE, color=style.INK)
    return canvas.result
