"""What a designer asks: which inputs fit, which padding keeps the size, which arguments do.

Every answer is found by trying: the sizes of the network are computed with it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from ..arguments import integer
from ..errors import ArgumentError, SizeError
from ..graph import size_layers
from ..habits import nearest
from ..layers import Branched, Layer, Shape
from ..layers.arguments import compact
from ..layers.base import arguments_of
from ..layers.windowed import WindowedLayer
from ..sizing import Window
from ..text import format_shape, format_value
from . import variants

MOST_SIZES = 10_000
# How far the nearest input is searched for: several periods of any usual network's strides.
_SEARCH = 2048
_LARGEST_INPUT = 2**20
_MOST_VALUES = 1000
_AXES = {1: ("width",), 2: ("height", "width")}
_PLACE = re.compile(r"(\d{1,6}\.(?:(?:\d{1,6}|shortcut)\.)*)(\w+)")
_SOLVABLE = ("kernel_size", "stride", "padding", "dilation", "groups")


@dataclass(frozen=True)
class AxisSizes:
    """Which sizes fit along an axis, or along both where that is the same.

    Attributes
    ----------
    axis : str
        ``"height"``, ``"width"`` or ``"height and width"``.
    given : int
        The size of the plan's input.
    first, last : int
        The range that was asked for.
    sizes : tuple of int
        Those of the range that fit and at which no element is dropped.
    nearest : tuple of int
        `given` if it fits; otherwise the next smaller and the next larger size that do.
    """

    axis: str
    given: int
    first: int
    last: int
    sizes: tuple[int, ...]
    nearest: tuple[int, ...]

    def __str__(self) -> str:
        sizes = ", ".join(map(str, self.sizes)) or f"none from {self.first} to {self.last} fits"
        if self.nearest == (self.given,):
            near = f"{self.given} itself fits"
        elif self.nearest:
            near = f"nearest to {self.given}: {', '.join(map(str, self.nearest))}"
        else:
            near = f"nothing near {self.given} fits"
        return f"{self.axis}: {sizes}; {near}"


@dataclass(frozen=True)
class SamePadding:
    """The padding with which a layer keeps the size, or divides it by its stride, rounded up.

    `padding` is written as the layer takes it, and None if no padding does this, as the windows
    step over elements.
    """

    place: str
    layer: Layer
    input: tuple[int, ...]
    output: tuple[int, ...]
    padding: Any

    def __str__(self) -> str:
        who = f"layer {self.place}, {self.layer.describe()}"
        makes = f"makes {format_shape(self.output)} of {format_shape(self.input)}"
        if self.padding is None:
            return f"{who}: no padding {makes}"
        what = f"keeps {format_shape(self.input)}" if self.output == self.input else makes
        return f"{who}: padding={self.padding} {what}"


@dataclass(frozen=True)
class Choice:
    """One value of an argument with which everything fits.

    `output_shape` is that of the layer, `network_output` that of the whole network.
    """

    value: int
    output_shape: Shape
    network_output: Shape


@dataclass(frozen=True)
class Choices:
    """All values of one argument with which everything fits and no element is dropped.

    `tried` are the first and the last value that were tried; `current` is the present one.
    """

    place: str
    layer: Layer
    argument: str
    current: Any
    tried: tuple[int, int]
    fitting: tuple[Choice, ...]

    def __str__(self) -> str:
        head = f"layer {self.place}, {self.layer.describe()}"
        if not self.fitting:
            first, last = self.tried
            return f"{head}: no {self.argument} from {first} to {last} makes everything fit"
        width = max(len(str(choice.value)) for choice in self.fitting)
        lines = [f"{head}: everything fits with"]
        for choice in self.fitting:
            shape = format_shape(choice.output_shape)
            line = f"  {self.argument}={choice.value:<{width}}  → {shape}"
            if len(choice.network_output) > 1 and choice.network_output != choice.output_shape:
                line += f", at the end {format_shape(choice.network_output)}"
            lines.append(line + (", as it is" if choice.value == self.current else ""))
        return "\n".join(lines)


def inputs(
    input_shape: Shape, layers: Sequence[Layer], first: int, last: int
) -> tuple[AxisSizes, ...]:
    """Answer `Plan.inputs`."""
    first, last = integer("first", first, 1), integer("last", last, 1, _LARGEST_INPUT)
    if last < first:
        raise ArgumentError(f"first must not be above last. Received: {first} to {last}")
    if last - first >= MOST_SIZES:
        raise ArgumentError(
            f"from first to last there may be at most {MOST_SIZES:,} sizes. "
            f"Received: {first} to {last}"
        )
    axes: list[AxisSizes] = []
    channels = input_shape[0]
    tried: dict[variants.Layers, tuple[int, ...]] = {}  # mostly, both axes are alike
    for name, given, chain in _axes(input_shape, variants.strict(layers)):
        if chain not in tried:
            every = range(first, last + 1)
            tried[chain] = tuple(n for n in every if _passes(chain, (channels, n)))
        near = tuple(_nearest(chain, channels, given))
        axes.append(AxisSizes(name, given, first, last, tried[chain], near))
    if len(axes) == 2 and replace(axes[1], axis=axes[0].axis) == axes[0]:
        return (replace(axes[0], axis="height and width"),)
    return tuple(axes)


def smallest_input(input_shape: Shape, layers: Sequence[Layer]) -> Shape | None:
    """Answer `Plan.smallest_input`."""
    channels, sizes = input_shape[0], []
    for _, _, chain in _axes(input_shape, layers):
        lenient = variants.lenient(chain)
        # Too small for a kernel is too small for good; only beyond that the remainders matter.
        least = 1 + bisect_left(
            range(1, _LARGEST_INPUT),
            True,
            key=lambda n, lenient=lenient: _passes(lenient, (channels, n)),  # type: ignore[misc]
        )
        fitting = (n for n in range(least, least + _SEARCH) if _passes(chain, (channels, n)))
        sizes.append(next(fitting, 0))
    shape = (channels, *sizes)
    return shape if all(sizes) and _passes(layers, shape) else None


def same_padding(rows: Sequence[tuple[str, Layer, Shape]]) -> tuple[SamePadding, ...]:
    """Answer `Plan.same_padding` for layers with their places and what enters them."""
    paddings = []
    for place, layer, input_shape in rows:
        if not isinstance(layer, WindowedLayer) or len(input_shape) != layer.axes + 1:
            continue
        size = input_shape[1:]
        output = tuple(-(-n // s) for n, s in zip(size, layer.stride, strict=True))
        pairs = tuple(_exact_padding(layer, axis, size[axis]) for axis in range(layer.axes))
        fits = all(pair is not None for pair in pairs)
        paddings.append(SamePadding(place, layer, size, output, compact(pairs) if fits else None))
    return tuple(paddings)


def solve(input_shape: Shape, layers: Sequence[Layer], argument: str) -> Choices:
    """Answer `Plan.solve`."""
    path, name = _target(argument, layers)
    exact = variants.strict(layers)
    layer = variants.at(exact, path)
    assert isinstance(layer, WindowedLayer)
    entering = _entering(input_shape, exact, path)
    values = _values(layer, entering, name)
    fitting = []
    for value in values:
        try:
            new = variants.varied(layer, **{name: value})
        except ArgumentError:  # groups must divide the channels that come out
            continue
        changed = variants.exchanged(exact, path, new)
        if _passes(changed, input_shape):
            chain = size_layers(input_shape, changed)
            if chain.misfit is None:
                output = chain.layers[-1].output_shape
                fitting.append(Choice(value, new.output_shape(entering), output))
    return Choices(
        ".".join(path),
        layer,
        name,
        compact(getattr(layer, name)),
        (values[0], values[-1]),
        tuple(fitting),
    )


def _target(argument: str, layers: Sequence[Layer]) -> tuple[list[str], str]:
    """Read a layer's place and the argument, and check that there is one."""
    match = _PLACE.fullmatch(argument) if isinstance(argument, str) else None
    if match is None:
        raise ArgumentError(
            'What to solve for must be a layer and one of its arguments, such as "3.stride". '
            f"Received: {format_value(argument)}"
        )
    place, name = match[1].rstrip("."), match[2]
    path = place.split(".")
    layer = variants.at(layers, path)
    if layer is None:
        raise ArgumentError(
            f"There is no layer {place}: there are 0 to {len(layers) - 1}, and those within "
            'others, such as "3.0.stride" for a Residual, "3.1.0.stride" for a Concat. '
            f"Received: {format_value(argument)}"
        )
    if not isinstance(layer, WindowedLayer):
        raise ArgumentError(
            f"You can only solve for layers with windows. Received: layer {place}, "
            f"{layer.describe()}"
        )
    known = [argument for argument in _SOLVABLE if argument in arguments_of(type(layer))]
    if name not in known:
        raise ArgumentError(
            f"Layer {place}, {layer.describe()}, can be solved for {', '.join(known)}. Received: "
            f"{name}. {nearest(name, known)}".rstrip()
        )
    return path, name


def _entering(input_shape: Shape, layers: Sequence[Layer], path: Sequence[str]) -> Shape:
    """Shape of what enters the layer at a place. Raises ArgumentError if nothing comes so far."""
    index = int(path[0])
    chain = size_layers(input_shape, layers[:index])
    if chain.misfit is not None:
        raise ArgumentError(
            f"The input of layer {'.'.join(path)} must be known, but "
            f"{chain.misfit.layer}, before it, does not fit exactly. Solve that first."
        )
    shape = chain.layers[-1].output_shape if chain.layers else input_shape
    outer = layers[index]
    inner = variants.within(outer, path[1:])
    if inner is None or not isinstance(outer, Branched):
        return shape
    return _entering(shape, outer.chains[inner[0]].layers, inner[1])


def _values(layer: WindowedLayer, entering: Shape, name: str) -> range:
    """Values that an argument could have: so that a window fits, and covers some of the input."""
    if len(entering) != layer.axes + 1:
        return range(1, 2)
    if name == "groups":
        return range(1, entering[0] + 1)
    most = _MOST_VALUES
    for axis, size in enumerate(entering[1:]):
        kernel, dilation = layer.kernel_size[axis], layer.dilation[axis]
        spanned = Window(size, kernel, dilation=dilation).effective_kernel_size
        padded = size + (spanned - 1 if layer.padding == "same" else sum(layer.padding[axis]))
        if name == "kernel_size":
            most = min(most, (padded - 1) // dilation + 1)
        elif name == "stride":
            most = min(most, padded - spanned)
        elif name == "padding":
            most = min(most, spanned - 1)
        else:
            most = min(most, (padded - 1) // max(1, kernel - 1))
    if name == "padding":
        return range(most + 1)
    return range(1, max(1, most) + 1)


def _exact_padding(layer: WindowedLayer, axis: int, size: int) -> tuple[int, int] | None:
    """Find the padding for input / stride windows, rounded up; what is odd goes to the far edge."""
    kernel, stride, dilation = layer.kernel_size[axis], layer.stride[axis], layer.dilation[axis]
    window = Window(size, kernel, stride, dilation).same()
    fits = window.resolved("error") is not None and window.output == -(-size // stride)
    return (window.before, window.after) if fits else None


def _axes(
    input_shape: Shape, layers: Sequence[Layer]
) -> Iterator[tuple[str, int, variants.Layers]]:
    """Each axis: its name, its size, and the layers along it."""
    if len(input_shape) == 1:
        raise ArgumentError(
            "Sizes are searched for images and signals: (channels, height, width) or (channels, "
            f"width). Received: an input of shape {input_shape}"
        )
    for axis, given in enumerate(input_shape[1:]):
        name = _AXES[len(input_shape) - 1][axis]
        yield name, given, variants.along(layers, axis) if len(input_shape) == 3 else tuple(layers)


def _passes(layers: Sequence[Layer], shape: Shape) -> bool:
    """Tell whether all layers fit; quickly, for many sizes are tried."""
    for layer in layers:
        if isinstance(layer, WindowedLayer) and (
            len(shape) != layer.axes + 1 or layer.fitting_windows(shape) is None
        ):
            return False
        try:
            shape = layer.output_shape(shape)
        except SizeError:
            return False
    return True


def _nearest(layers: Sequence[Layer], channels: int, given: int) -> Iterator[int]:
    """Find the given size if it passes, else the next smaller and the next larger that do."""
    if _passes(layers, (channels, given)):
        yield given
        return
    near = (range(given - 1, max(0, given - _SEARCH), -1), range(given + 1, given + _SEARCH))
    for sizes in near:
        yield from islice((n for n in sizes if _passes(layers, (channels, n))), 1)
