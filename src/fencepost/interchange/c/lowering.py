"""Layers to steps: a function for each layer, or a few of them.

What comes after a convolution and can be part of it becomes part of it: batch normalisation is
folded into its weights, an activation is done pixel by pixel, and a max pooling whose windows do
not overlap keeps only the maxima, so that what is pooled never lies in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ... import layers
from ...errors import DataError
from ...graph import SizedLayer
from ...layers import Layer
from ...network import Network
from ...sizing import Window
from ..registry import registrar
from . import program as steps
from .activations import ACTIVATIONS
from .program import Product, Program, Value, value

Lowering: TypeAlias = Callable[["Lowerer", SizedLayer, Any, Value], Value]

_LOWERINGS: dict[type[Layer], Lowering] = {}
_lowers = registrar(_LOWERINGS)
_ONE = Window(1, 1)


def lower(network: Network, *, copied: bool = True, only_clamps: bool = False) -> Program:
    """Make the steps of a network.

    `copied` says that pixels are not what the first layer takes, even where nothing is to be done
    to them.

    Raises DataError if layers have no form in C, and names all of them.
    """
    missing = [
        f"    {sized.place}, {sized.layer.describe()}"
        for sized in _each(network.rows)
        if type(sized.layer) not in _LOWERINGS
    ]
    if missing:
        known = ", ".join(sorted(kind.__name__ for kind in _LOWERINGS))
        raise DataError(
            f"every layer must be one of those that can be written in C: {known}. Received:\n"
            + "\n".join(missing)
        )
    copy = network.copy()  # of whose arrays the program's may be views
    weights = {**copy.parameters, **copy.state}
    pixels = value(network.input_shape, "input")
    pixels.held = 1  # the caller's
    lowerer = Lowerer(Program(pixels, pixels, only_clamps=only_clamps), weights)
    x = pixels
    if copied or network.normalization is not None or not pixels.is_in_order:
        mean, scale = network.engine_normalization
        start = steps.Start(["pixels"], [pixels], value(network.input_shape, "input"), mean, scale)
        x = lowerer.program.add(start)
    x = lowerer.chain(network.rows, x)
    lowerer.program.output = lowerer.in_order(x)
    return lowerer.program


def _each(rows: tuple[SizedLayer, ...]) -> list[SizedLayer]:
    return [sized for row in rows for sized in (row, *_each(row.inner))]


@dataclass
class Lowerer:
    """What the functions below share: the program, and the weights by name."""

    program: Program
    weights: Mapping[str, NDArray[np.float32]]

    def chain(self, rows: tuple[SizedLayer, ...], x: Value) -> Value:
        """Write layers one after the other."""
        for sized in rows:
            x = _LOWERINGS[type(sized.layer)](self, sized, sized.layer, x)
        return x

    def chains(self, sized: SizedLayer, x: Value) -> list[Value]:
        """Write the chains of a layer, each of which reads x; what they give stays held."""
        outputs = []
        x.held += 1
        for chain in sized.chains:
            y = self.chain(chain, x)
            y.held += 1
            outputs.append(y)
        x.held -= 1
        for y in outputs:
            y.held -= 1
        return outputs

    def weight(self, sized: SizedLayer, name: str) -> NDArray[np.float32]:
        """Return an array of a layer."""
        return self.weights[f"{sized.place}.{name}"]

    def in_order(self, x: Value) -> Value:
        """Bring what lies channels last into the order of its shape."""
        if x.is_in_order:
            return x
        y = Value(x.shape, (x.size, 1, 1), x.place)
        return self.program.add(steps.Reorder(["order of the shape"], [x], y))

    def flat_in_order(self, x: Value) -> Value:
        """Bring flat values into order; planes stay channels last."""
        return self.in_order(x) if len(x.shape) == 1 else x

    def affine(self, sized: SizedLayer, x: Value, factors: Any, summands: Any) -> Value:
        """Multiply and add for each channel: in the product before, or as one of its own."""
        before = x.producer
        flat = len(x.shape) == 1
        if (
            isinstance(before, Product)
            and not x.held
            and before.activation is None
            and before.pool is None
            and (not flat or before.output.planes == x.planes == (x.size, 1, 1))
        ):
            before.scale(np.asarray(factors, np.float64), np.asarray(summands, np.float64))
            return self.became(sized, x)
        if flat:
            factors, summands = factors[x.order()], summands[x.order()]
        planes = (x.size, 1, 1) if flat else x.planes
        weight = np.asarray(factors, np.float64).reshape(-1, 1, 1, 1, 1)
        y = Value(x.shape, x.planes, sized.place)
        windows = (Window(planes[1], 1), Window(planes[2], 1))
        step = Product(
            [_title(sized)],
            [x],
            y,
            weight,
            np.asarray(summands, np.float64),
            planes,
            windows,
            planes,
        )
        return self.program.add(step)

    def became(self, sized: SizedLayer, x: Value) -> Value:
        """Say that a layer became part of the step that gives x."""
        assert x.producer is not None
        x.producer.titles.append(_title(sized))
        x.place = x.producer.output.place = sized.place
        return x


def _title(sized: SizedLayer) -> str:
    return f"{sized.place} {sized.layer.describe()}"


def _two(windows: tuple[Window, ...]) -> tuple[Window, Window]:
    return (_ONE, *windows)[-2:]  # type: ignore[return-value]


# --- products ---------------------------------------------------------------------------------


def _product(
    lowerer: Lowerer,
    sized: SizedLayer,
    x: Value,
    weight: NDArray[np.float64],
    windows: Any,
    planes: tuple[int, int, int] | None = None,
    transposed: bool = False,
) -> Value:
    """Add a product whose weight is (groups, rows, columns, inputs, outputs)."""
    y = value(sized.output_shape, sized.place)
    has_bias = f"{sized.place}.bias" in lowerer.weights
    bias = lowerer.weight(sized, "bias") if has_bias else np.zeros(y.planes[0])
    planes, bias = planes or x.planes, bias.astype(np.float64)
    step = Product([_title(sized)], [x], y, weight, bias, planes, windows, y.planes, transposed)
    return lowerer.program.add(step)


@_lowers(layers.Conv1d, layers.Conv2d)
def _conv(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    weight = lowerer.weight(sized, "weight").astype(np.float64)
    if layer.connections is not None:  # zeros where the table has none
        table = np.array(layer.connections, bool)
        full = np.zeros((*table.shape, *weight.shape[1:]))
        full[table] = weight
        weight = full
    each, inputs = len(weight) // layer.groups, weight.shape[1]
    weight = weight.reshape(layer.groups, each, inputs, *_kernel(layer)).transpose(0, 3, 4, 2, 1)
    return _product(lowerer, sized, x, weight, _two(sized.windows))


@_lowers(layers.ConvTranspose1d, layers.ConvTranspose2d)
def _conv_transpose(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    weight = lowerer.weight(sized, "weight").astype(np.float64)
    inputs, each = len(weight) // layer.groups, weight.shape[1]
    weight = weight.reshape(layer.groups, inputs, each, *_kernel(layer)).transpose(0, 3, 4, 1, 2)
    windows = _two(layer.inverse_windows(sized.input_shape))
    return _product(lowerer, sized, x, weight, windows, transposed=True)


def _kernel(layer: Any) -> tuple[int, ...]:
    return (1, *layer.kernel_size)[-2:]


@_lowers(layers.Linear)
def _linear(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    weight = lowerer.weight(sized, "weight").astype(np.float64)[:, x.order()]
    weight = weight.T.reshape(1, 1, 1, x.size, layer.out_features)
    return _product(lowerer, sized, x, weight, (_ONE, _ONE), (x.size, 1, 1))


@_lowers(layers.BatchNorm1d, layers.BatchNorm2d)
def _batch_norm(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    mean, variance = (
        lowerer.weight(sized, name).astype(np.float64) for name in ("running_mean", "running_var")
    )
    with np.errstate(invalid="ignore", divide="ignore"):  # what is not finite is refused
        factors = 1 / np.sqrt(variance + layer.eps)
    summands = -mean * factors
    if layer.affine:
        weight, bias = lowerer.weight(sized, "weight"), lowerer.weight(sized, "bias")
        factors, summands = factors * weight, summands * weight + bias
    return lowerer.affine(sized, x, factors, summands)


@_lowers(layers.Subsample)
def _subsample(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    y = _pool(lowerer, sized, x, "sum")
    y.place = f"{sized.place}:sum"
    return lowerer.affine(sized, y, lowerer.weight(sized, "weight"), lowerer.weight(sized, "bias"))


@_lowers(layers.RBF)
def _rbf(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    y = value(sized.output_shape, sized.place)
    centres = lowerer.weight(sized, "centres")[:, x.order()]
    step = steps.Distances([_title(sized)], [x], y, centres, 0.5 / layer.variance)
    return lowerer.program.add(step)


# --- each value by itself ---------------------------------------------------------------------


@_lowers(*ACTIVATIONS)
def _activation(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    activation = ACTIVATIONS[type(layer)](layer)
    before = x.producer
    fits = not lowerer.program.only_clamps or activation.low is not None
    if before is not None and not x.held and fits and before.accepts(activation):
        before.activation = activation
        return lowerer.became(sized, x)
    y = Value(x.shape, x.planes, sized.place)
    step = steps.Map([_title(sized)], [x], y)
    step.activation = activation
    return lowerer.program.add(step)


@_lowers(layers.Dropout, layers.DropPath)
def _nothing(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    return x


@_lowers(layers.Softmax)
def _softmax(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    x = lowerer.flat_in_order(x)
    y = Value(x.shape, x.planes, sized.place)
    return lowerer.program.add(steps.Softmax([_title(sized)], [x], y))


@_lowers(layers.Flatten)
def _flatten(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    # The same memory: what reads it puts its weights into the order in which it lies.
    return Value(sized.output_shape, x.planes, sized.place, x.producer, x.held, x)


# --- pooling and sizes ------------------------------------------------------------------------


def _pool(
    lowerer: Lowerer, sized: SizedLayer, x: Value, kind: str, count_padding: bool = True
) -> Value:
    y = value(sized.output_shape, sized.place)
    before = x.producer
    windows = _two(sized.windows)
    if (
        kind == "max"
        and isinstance(before, Product)
        and not x.held
        and before.pool is None
        and not before.transposed
        and x.planes == before.outputs
        and (before.activation is None or before.activation.monotone)
        and all(w.kernel <= w.stride and not w.before for w in windows)
    ):
        before.pool = windows
        before.output = y
        y.producer = before
        return lowerer.became(sized, y)
    step = steps.Pool([_title(sized)], [x], y, kind, windows, count_padding)
    return lowerer.program.add(step)


@_lowers(layers.MaxPool1d, layers.MaxPool2d, layers.GlobalMaxPool)
def _max_pool(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    return _pool(lowerer, sized, x, "max")


@_lowers(layers.AvgPool1d, layers.AvgPool2d)
def _avg_pool(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    return _pool(lowerer, sized, x, "avg", layer.count_include_pad)


@_lowers(layers.GlobalAvgPool)
def _global_avg_pool(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    return _pool(lowerer, sized, x, "avg")


@_lowers(layers.SumPool1d, layers.SumPool2d)
def _sum_pool(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    return _pool(lowerer, sized, x, "sum")


@_lowers(layers.AdaptiveAvgPool1d, layers.AdaptiveAvgPool2d)
def _adaptive(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    y = value(sized.output_shape, sized.place)
    return lowerer.program.add(steps.AdaptivePool([_title(sized)], [x], y))


@_lowers(layers.Upsample)
def _upsample(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    y = value(sized.output_shape, sized.place)
    return lowerer.program.add(steps.Upsample([_title(sized)], [x], y, layer.mode != "nearest"))


# --- normalisation of each image --------------------------------------------------------------


@_lowers(layers.GroupNorm)
def _group_norm(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    return _normalize(lowerer, sized, layer, lowerer.flat_in_order(x), layer.groups)


@_lowers(layers.LayerNorm)
def _layer_norm(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    if layer.over == "all":
        return _normalize(lowerer, sized, layer, x, 1)
    return _normalize(lowerer, sized, layer, lowerer.flat_in_order(x), "pixels")


def _normalize(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value, sets: int | str) -> Value:
    weight = bias = None
    if layer.affine:
        weight, bias = (lowerer.weight(sized, name).ravel() for name in ("weight", "bias"))
        if len(weight) == x.size:
            weight, bias = weight[x.order()], bias[x.order()]
    y = Value(x.shape, x.planes, sized.place)
    step = steps.Normalize([_title(sized)], [x], y, sets, layer.eps, weight, bias)
    return lowerer.program.add(step)


# --- layers of layers -------------------------------------------------------------------------


@_lowers(layers.Residual)
def _residual(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    x = lowerer.flat_in_order(x)
    y, other = (lowerer.flat_in_order(end) for end in lowerer.chains(sized, x))
    if y.held and not other.held:  # the sum is written over the first
        y, other = other, y
    total = Value(sized.output_shape, y.planes, sized.place)
    return lowerer.program.add(steps.Add([f"{sized.place} Residual"], [y, other], total))


@_lowers(layers.Concat)
def _concat(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    x = lowerer.flat_in_order(x)
    parts = [lowerer.flat_in_order(end) for end in lowerer.chains(sized, x)]
    y = value(sized.output_shape, sized.place)
    return lowerer.program.add(steps.Concat([f"{sized.place} Concat"], parts, y))


@_lowers(layers.Gate)
def _gate(lowerer: Lowerer, sized: SizedLayer, layer: Any, x: Value) -> Value:
    x = lowerer.flat_in_order(x)
    (factors,) = lowerer.chains(sized, x)
    factors = lowerer.flat_in_order(factors)
    y = Value(x.shape, x.planes, sized.place)
    return lowerer.program.add(steps.Gate([f"{sized.place} Gate"], [x, factors], y))
